import {
  to = intune_imported_device_identity.macbook
  id = "serialNumber/C02ABC123DEF"
}

resource "intune_imported_device_identity" "macbook" {
  imported_device_identity_type = "serialNumber"
  imported_device_identifier    = "C02ABC123DEF"
  description                   = "MacBook of the design team"
}
