list "intune_imported_device_identity" "never_contacted" {
  provider = intune
  limit    = 1000

  config {
    never_contacted = true
  }
}

list "intune_imported_device_identity" "not_seen" {
  provider = intune
  limit    = 1000

  config {
    last_contacted_before = "2025-01-01T00:00:00Z"
  }
}
