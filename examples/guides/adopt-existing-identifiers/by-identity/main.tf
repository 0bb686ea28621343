import {
  to = intune_imported_device_identity.macbook
  identity = {
    id = "AkMwMkFCQzEyM0RFRg=="
  }
}

resource "intune_imported_device_identity" "macbook" {
  imported_device_identity_type = "serialNumber"
  imported_device_identifier    = "C02ABC123DEF"
}
