# terraform output -raw portal_serial_numbers > serial-numbers.csv
output "portal_serial_numbers" {
  description = "The serial numbers as a file for the portal."
  value       = provider::intune::format_identifiers_csv(intune_imported_device_identities.apple.identities, "serialNumber")
}
