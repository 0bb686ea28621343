run "the_same_identifier_in_two_sites" {
  command = plan

  variables {
    sites_directory = "./tests/duplicates"
  }

  expect_failures = [intune_imported_device_identities.this]
}

run "a_file_with_another_name" {
  command = plan

  variables {
    sites_directory = "./tests/misnamed"
  }

  expect_failures = [var.sites_directory]
}

run "a_file_with_another_case" {
  command = plan

  variables {
    sites_directory = "./tests/miscased"
  }

  expect_failures = [var.sites_directory]
}

run "a_folder_that_is_not_there" {
  command = plan

  variables {
    sites_directory = "./tests/missing"
  }

  expect_failures = [var.sites_directory]
}
