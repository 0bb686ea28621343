# devices.csv was saved by Excel as "CSV (semicolon delimited)", in Windows-1252.
resource "intune_imported_device_identities" "apple" {
  imported_device_identity_type = "serialNumber"
  identities                    = provider::intune::parse_identifiers_csv(textdecodebase64(filebase64("${path.module}/devices.csv"), "windows-1252"), "serialNumber")
}
