import {
  to = intune_imported_device_identity.macbook
  id = "serialNumber/C02ABC123DEF"
}
