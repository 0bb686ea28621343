resource "intune_imported_device_identity" "macbook" {
  imported_device_identity_type = "serialNumber"
  imported_device_identifier    = "C02ABC123DEF"
  description                   = "MacBook of the design team"

  # Sent on create only; all four are optional, and most people need none.
  platform                 = "macOS"
  enrollment_state         = "notContacted"
  last_contacted_date_time = "2025-12-31T15:58:44-08:00"
  status                   = true
}
