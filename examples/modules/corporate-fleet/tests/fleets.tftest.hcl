# The tenant and the credential come from the environment. The runs share one
# state; whatever they created is destroyed at the end.

run "files_become_fleets" {
  variables {
    sites_directory = "./tests/sites"
  }

  assert {
    condition     = output.counts == { imei = 1, manufacturerModelSerial = 2, serialNumber = 3 }
    error_message = "counts is ${jsonencode(output.counts)}"
  }

  assert {
    condition     = output.counts_by_site == { berlin = 5, oslo = 1 }
    error_message = "counts_by_site is ${jsonencode(output.counts_by_site)}"
  }

  assert {
    condition     = output.identities["serialNumber"]["DMPX7K2QJF89"] == "oslo: Tablet, meeting room 1"
    error_message = "a description is the site and the details"
  }

  assert {
    condition     = output.identities["serialNumber"]["DMPX7K2QJF88"] == "berlin"
    error_message = "a row without details is described by its site"
  }

  assert {
    condition     = output.identities["imei"]["355450075770212"] == "berlin: Phone of the front desk"
    error_message = "a byte-order mark or a carriage return was taken for data"
  }

  assert {
    condition     = contains(keys(output.identities["manufacturerModelSerial"]), "\"Fabrikam, Inc.\",Tablet,PF0ABC13")
    error_message = "a comma inside a part needs its quotes"
  }
}

run "a_row_goes_and_another_comes" {
  variables {
    sites_directory = "./tests/changed"
    max_deletions   = 1
  }

  assert {
    condition     = toset(keys(output.identities["serialNumber"])) == toset(["C02ABC123DEF", "DMPX7K2QJF88", "DMPX7K2QJF90"])
    error_message = "serialNumber holds ${jsonencode(output.identities["serialNumber"])}"
  }
}

run "descriptions_as_in_the_files" {
  variables {
    sites_directory     = "./tests/changed"
    site_in_description = false
  }

  assert {
    condition     = output.identities["serialNumber"]["DMPX7K2QJF90"] == "New tablet"
    error_message = "the site is in the description"
  }
}
