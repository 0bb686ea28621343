# Serial numbers whose device has not been seen since the end of 2024.
data "intune_imported_device_identities" "not_seen" {
  imported_device_identity_type = "serialNumber"
  last_contacted_before         = "2025-01-01T00:00:00Z"
}

output "not_seen" {
  value = {
    for identity in data.intune_imported_device_identities.not_seen.identities :
    identity.imported_device_identifier => identity.last_contacted_date_time
  }
}
