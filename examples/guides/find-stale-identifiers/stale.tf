data "intune_imported_device_identities" "never_contacted" {
  never_contacted = true
}

locals {
  # A freshly imported identifier has never been contacted either, so look at its age, too.
  stale = [
    for identity in data.intune_imported_device_identities.never_contacted.identities : identity
    if timecmp(identity.created_date_time, var.unused_since) < 0
  ]
}

output "stale" {
  value = {
    for identity in local.stale :
    "${identity.imported_device_identity_type}/${identity.imported_device_identifier}" => identity.created_date_time
  }
}
