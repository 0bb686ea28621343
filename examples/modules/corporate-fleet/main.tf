locals {
  # Every type, whether there is a file of it or not: a fleet that left this set
  # because its last file is missing would be destroyed, without the guard of
  # max_deletions.
  columns = {
    imei                    = "identifier,details"
    serialNumber            = "identifier,details"
    manufacturerModelSerial = "manufacturer,model,serial"
  }

  # The files have no header row, csvdecode needs one. Windows programs put a
  # byte-order mark first.
  rows = flatten([
    for file in fileset(var.sites_directory, "*/*.csv") : [
      for row in csvdecode("${local.columns[trimsuffix(basename(file), ".csv")]}\n${trimprefix(file("${var.sites_directory}/${file}"), "\ufeff")}") : {
        file = file
        site = dirname(file)
        type = trimsuffix(basename(file), ".csv")
        # A part with a comma in it is quoted in the identifier as in the file.
        identifier = join(",", [
          for part in try([row.manufacturer, row.model, row.serial], [row.identifier]) :
          strcontains(part, ",") ? "\"${part}\"" : trimspace(part)
        ])
        details = trimspace(try(row.details, ""))
      }
    ]
  ])

  by_identifier = {
    for type in keys(local.columns) : type => {
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
