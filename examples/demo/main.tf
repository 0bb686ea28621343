# Registers every device of devices.csv as a corporate device in Intune.
# "make demo" runs this against a simulated tenant on your machine.

terraform {
  required_providers {
    intune = {
      source = "intunetf/intune"
    }
  }
}

# The tenant and the credential come from the environment: ARM_TENANT_ID,
# ARM_CLIENT_ID, ARM_CLIENT_SECRET and so on.
provider "intune" {}

locals {
  devices = {
    for device in csvdecode(file("${path.module}/devices.csv")) :
    "${device.type}/${device.identifier}" => device
  }
}

resource "intune_imported_device_identity" "corporate" {
  for_each = local.devices

  imported_device_identity_type = each.value.type
  imported_device_identifier    = each.value.identifier
  description                   = each.value.description

  # Sent when the identity is created. Afterwards the tenant owns it, and
  # Terraform plans no change when the tenant changes it.
  platform = each.value.platform
}

output "registered" {
  description = "Number of registered devices by type of identifier."
  value       = { for type, devices in { for device in local.devices : device.type => device... } : type => length(devices) }
}
