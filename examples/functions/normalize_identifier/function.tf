locals {
  # From an asset database, and from a list of the portal.
  owned      = "Microsoft Corporation,Virtual Machine,7801-5131-4473"
  registered = ["MICROSOFTCORPORATION,VIRTUALMACHINE,780151314473"]
}

output "is_registered" {
  value = contains(local.registered, provider::intune::normalize_identifier(local.owned, "manufacturerModelSerial")) # true
}
