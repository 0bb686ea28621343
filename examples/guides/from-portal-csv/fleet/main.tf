# One file holds one type of identifier, for the portal as well as here.

resource "intune_imported_device_identities" "apple" {
  imported_device_identity_type = "serialNumber"
  identities                    = provider::intune::parse_identifiers_csv(file("${path.module}/serial-numbers.csv"), "serialNumber")
  max_deletions                 = 50
}

resource "intune_imported_device_identities" "phones" {
  imported_device_identity_type = "imei"
  identities                    = provider::intune::parse_identifiers_csv(file("${path.module}/imeis.csv"), "imei")
  max_deletions                 = 50
}

resource "intune_imported_device_identities" "windows" {
  imported_device_identity_type = "manufacturerModelSerial"
  identities                    = provider::intune::parse_identifiers_csv(file("${path.module}/windows.csv"), "manufacturerModelSerial")
  max_deletions                 = 50
}
