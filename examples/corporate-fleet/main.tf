terraform {
  required_providers {
    intune = {
      source = "intunetf/intune"
    }
  }
}

provider "intune" {}

module "corporate_fleet" {
  source = "../modules/corporate-fleet"

  sites_directory = "${path.module}/sites"
}

output "counts" {
  value = module.corporate_fleet.counts
}
