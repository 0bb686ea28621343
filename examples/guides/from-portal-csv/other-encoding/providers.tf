terraform {
  required_version = ">= 1.8" # provider functions

  required_providers {
    intune = {
      source = "intunetf/intune"
    }
  }
}

provider "intune" {}
