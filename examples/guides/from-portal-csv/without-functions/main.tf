locals {
  # csvdecode takes the names of the columns from a first line.
  rows = csvdecode("identifier,details\n${trimprefix(file("${path.module}/serial-numbers.csv"), "\ufeff")}")
}

resource "intune_imported_device_identities" "apple" {
  imported_device_identity_type = "serialNumber"
  identities                    = { for row in local.rows : trimspace(row.identifier) => trimspace(row.details) }
}
