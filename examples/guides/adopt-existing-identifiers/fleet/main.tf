import {
  to = intune_imported_device_identities.tablets
  id = "serialNumber"
}

resource "intune_imported_device_identities" "tablets" {
  imported_device_identity_type = "serialNumber"

  identities = {
    DMPX7K2QJF88 = "Tablet in the lobby"
    DMPX7K2QJF89 = "Tablet in meeting room 1"
  }
}
