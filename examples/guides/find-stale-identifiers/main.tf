variable "unused_since" {
  description = "Identifiers that were added before this date, and that no device uses, are stale."
  type        = string
  default     = "2025-01-01T00:00:00Z"
}

data "intune_imported_device_identity_counts" "never_contacted" {
  never_contacted = true
}

data "intune_imported_device_identity_counts" "not_seen" {
  last_contacted_before = var.unused_since
}

check "few_unused_identifiers" {
  assert {
    condition     = data.intune_imported_device_identity_counts.never_contacted.total <= 50
    error_message = "Identifiers that no device uses: ${data.intune_imported_device_identity_counts.never_contacted.total}, by type ${jsonencode(data.intune_imported_device_identity_counts.never_contacted.by_type)}."
  }
}

check "every_device_is_seen" {
  assert {
    condition     = data.intune_imported_device_identity_counts.not_seen.total == 0
    error_message = "Devices that have not contacted Intune since ${var.unused_since}: ${data.intune_imported_device_identity_counts.not_seen.total}."
  }
}
