terraform {
  required_version = ">= 1.5"

  required_providers {
    intune = {
      source = "intunetf/intune"
    }
  }
}
