# serial-numbers.csv holds what the portal imports, as Excel saved it:
#
#   C02ABC123DEF;MacBook of reception, ground floor
#   DMPX7K2QJF88;
resource "intune_imported_device_identities" "macs" {
  imported_device_identity_type = "serialNumber"
  identities                    = provider::intune::parse_identifiers_csv(file("${path.module}/serial-numbers.csv"), "serialNumber")

  # A plan that would delete more rows is an error: the file may be cut off.
  max_deletions = 20
}
