# terraform output -raw serial_numbers > serial-numbers.csv
#
#   C02ABC123DEF,"MacBook of reception, ground floor"
#   DMPX7K2QJF88,
output "serial_numbers" {
  description = "The file for the portal."
  value = provider::intune::format_identifiers_csv({
    C02ABC123DEF = "MacBook of reception, ground floor"
    DMPX7K2QJF88 = ""
  }, "serialNumber")
}
