locals {
  # Every Windows device that is to be corporate and has no other way to it.
  laptops = {
    finance = {
      manufacturer = "Microsoft Corporation"
      model        = "Surface Laptop 5"
      serial       = "0F12345A"
    }
    reception = {
      manufacturer = "Dell, Inc."
      model        = "OptiPlex 7010"
      serial       = "ABC1234"
    }
  }
}

resource "intune_imported_device_identity" "laptop" {
  for_each = local.laptops

  imported_device_identity_type = "manufacturerModelSerial"

  # Every part in double quotes: a comma inside does no harm then.
  imported_device_identifier = "\"${each.value.manufacturer}\",\"${each.value.model}\",\"${each.value.serial}\""

  # A plan that destroys one of them is an error. Without the last Windows
  # identifier the tenant treats Windows devices differently.
  lifecycle {
    prevent_destroy = true
  }
}
