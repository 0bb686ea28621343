terraform {
  required_providers {
    intune = {
      source = "intunetf/intune"
    }
  }
}

# The tenant and the credential come from the environment:
# ARM_TENANT_ID, ARM_CLIENT_ID and ARM_CLIENT_SECRET.
provider "intune" {}
