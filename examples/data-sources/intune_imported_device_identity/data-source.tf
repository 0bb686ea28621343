data "intune_imported_device_identity" "macbook" {
  imported_device_identity_type = "serialNumber"
  imported_device_identifier    = "C02XK1ZGJGH5"
}

output "macbook_enrollment_state" {
  value = data.intune_imported_device_identity.macbook.enrollment_state
}
