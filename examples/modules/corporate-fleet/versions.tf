terraform {
  required_version = ">= 1.8"

  required_providers {
    intune = {
      source = "intunetf/intune"
    }
  }
}
