data "intune_imported_device_identity_counts" "all" {}

output "failed_enrollments" {
  value = data.intune_imported_device_identity_counts.all.by_enrollment_state["failed"]
}
