# Tablets, by their serial numbers: identifier = description.
resource "intune_imported_device_identities" "tablets" {
  imported_device_identity_type = "serialNumber"

  identities = {
    DMPX7K2QJF88 = "Tablet in the lobby"
    DMPX7K2QJF89 = "Tablet in meeting room 1"
    DMPX7K2QJF90 = ""
  }

  # A plan that would delete more rows than this is an error.
  max_deletions = 50
}

# Windows devices have no description in Intune's own list, and may have one here.
resource "intune_imported_device_identities" "laptops" {
  imported_device_identity_type = "manufacturerModelSerial"

  identities = {
    "Microsoft Corporation,Surface Laptop 5,0F12345A" = "Finance"
    "\"Dell, Inc.\",OptiPlex 7010,ABC1234"            = "Reception"
  }

  lifecycle {
    # The first and the last Windows identifier change the whole tenant.
    prevent_destroy = true
  }
}
