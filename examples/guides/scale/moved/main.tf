locals {
  tablets = {
    DMPX7K2QJF88 = "Tablet in the lobby"
    DMPX7K2QJF89 = "Tablet in meeting room 1"
  }
}

# In place of the resource "intune_imported_device_identity" "tablet" with
# for_each = local.tablets, which leaves the configuration in the same commit.
resource "intune_imported_device_identities" "tablets" {
  imported_device_identity_type = "serialNumber"
  identities                    = local.tablets
}
