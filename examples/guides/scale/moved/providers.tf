terraform {
  required_providers {
    intune = {
      source = "intunetf/intune"
    }
  }
}

provider "intune" {}
