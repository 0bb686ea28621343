output "counts" {
  description = "Number of managed identifiers by type."
  value       = { for type, fleet in intune_imported_device_identities.this : type => length(fleet.identities) }
}

output "counts_by_site" {
  description = "Number of listed identifiers by site."
  value       = { for site, rows in { for row in local.rows : row.site => row... } : site => length(rows) }
}

output "identities" {
  description = "The managed identifiers with their descriptions, by type."
  value       = { for type, fleet in intune_imported_device_identities.this : type => fleet.identities }
}
