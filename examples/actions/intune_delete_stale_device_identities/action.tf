action "intune_delete_stale_device_identities" "unused_since_2024" {
  config {
    imported_device_identity_type = "serialNumber"
    never_contacted               = true
    created_before                = "2024-01-01T00:00:00Z"
    max_deletions                 = 100
    dry_run                       = true
  }
}
