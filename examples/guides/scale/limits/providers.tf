terraform {
  required_providers {
    intune = {
      source = "intunetf/intune"
    }
  }
}

# Two pipelines share this app registration: each takes half of the limits.
provider "intune" {
  request_limit = 500
  write_limit   = 50
}
