locals {
  # Every type, whether there is a file of it or not: a fleet that left this set
  # because its last file is missing would be destroyed, without the guard of
  # max_deletions.
  types = ["imei", "serialNumber", "manufacturerModelSerial"]

  files = {
    for file in fileset(var.sites_directory, "*/*.csv") : file => trimsuffix(basename(file), ".csv")
  }

  faulty_files = [
    for file, type in local.files : file
    if !can(provider::intune::parse_identifiers_csv(file("${var.sites_directory}/${file}"), type))
  ]

  # Terraform shows the values that a failed call was given, unless they come
  # from a loop. This call fails before the one below, and so the message names
  # the file beside the lines.
  refusal = length(local.faulty_files) == 0 ? null : provider::intune::parse_identifiers_csv(
    file("${var.sites_directory}/${local.faulty_files[0]}"), local.files[local.faulty_files[0]],
  )

  # The rows wait for the refusal: without that, a plan with -target would leave
  # it out, and plan to delete the devices of the faulty file.
  rows = local.refusal != null ? [] : flatten([
    for file, type in local.files : [
      for identifier, details in provider::intune::parse_identifiers_csv(file("${var.sites_directory}/${file}"), type) : {
        file       = file
        site       = dirname(file)
        type       = type
        identifier = identifier
        details    = details
      }
    ]
  ])

  by_identifier = {
    for type in local.types : type => {
      for row in local.rows : row.identifier => row... if row.type == type
    }
  }

  duplicates = {
    for type, rows in local.by_identifier : type => [
      for identifier, same in rows : "${identifier} (${join(", ", same[*].file)})" if length(same) > 1
    ]
  }

  identities = {
    for type, rows in local.by_identifier : type => {
      for identifier, same in rows : identifier => (
        var.site_in_description ? join(": ", compact([same[0].site, same[0].details])) : same[0].details
      )
    }
  }
}

resource "intune_imported_device_identities" "this" {
  for_each = local.identities

  imported_device_identity_type = each.key
  identities                    = each.value

  max_deletions      = var.max_deletions
  overwrite_existing = var.overwrite_existing

  lifecycle {
    precondition {
      condition     = length(local.duplicates[each.key]) == 0
      error_message = "An identifier is listed more than once: ${join("; ", local.duplicates[each.key])}."
    }
  }
}
