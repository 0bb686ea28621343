# On an Azure machine. client_id is needed for a user-assigned identity only.
provider "intune" {
  use_msi   = true
  client_id = "00000000-0000-0000-0000-000000000000"
}
