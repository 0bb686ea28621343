# The tenant is known to refuse the documented create: do not try it.
provider "intune" {
  create_method = "import"
}

resource "intune_imported_device_identity" "macbook" {
  imported_device_identity_type = "serialNumber"
  imported_device_identifier    = "C02ABC123DEF"
  description                   = "MacBook of the design team"
}
