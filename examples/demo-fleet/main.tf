# Registers every line of devices.csv, a file in the format of the Intune
# portal: identifier,details, without a header. "make demo-fleet" runs this with
# 5,000 lines against a simulated tenant on your machine.

terraform {
  required_providers {
    intune = {
      source = "intunetf/intune"
    }
  }
}

# The tenant and the credential come from the environment: ARM_TENANT_ID,
# ARM_CLIENT_ID, ARM_CLIENT_SECRET and so on.
provider "intune" {
  # The simulated tenant has no limits. Leave both out for a real one: Intune
  # documents 1,000 requests and 100 writes in 20 seconds, and every deleted row
  # is a write, so that the destroy of 5,000 takes a quarter of an hour there.
  request_limit = 100000
  write_limit   = 100000
}

locals {
  lines = compact(split("\n", file("${path.module}/devices.csv")))
  rows  = [for line in local.lines : split(",", line)]
}

resource "intune_imported_device_identities" "tablets" {
  imported_device_identity_type = "serialNumber"
  identities                    = { for row in local.rows : row[0] => row[1] }

  # A file that was cut off deletes nothing: such a plan is an error.
  max_deletions = 100
}

output "registered" {
  description = "Number of registered devices."
  value       = length(intune_imported_device_identities.tablets.identities)
}
