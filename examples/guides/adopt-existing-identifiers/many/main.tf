locals {
  tablets = {
    DMPX7K2QJF88 = "Tablet in the lobby"
    DMPX7K2QJF89 = "Tablet in meeting room 1"
  }
}

import {
  for_each = local.tablets

  to = intune_imported_device_identity.tablet[each.key]
  id = "serialNumber/${each.key}"
}

resource "intune_imported_device_identity" "tablet" {
  for_each = local.tablets

  imported_device_identity_type = "serialNumber"
  imported_device_identifier    = each.key
  description                   = each.value
}
