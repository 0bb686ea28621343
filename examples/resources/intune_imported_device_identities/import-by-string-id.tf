import {
  to = intune_imported_device_identities.tablets
  id = "serialNumber"
}
