# The CI system keeps a federated token in this file, and renews it. The file is
# read again whenever an access token is needed.
provider "intune" {
  tenant_id            = "contoso.onmicrosoft.com"
  client_id            = "00000000-0000-0000-0000-000000000000"
  use_oidc             = true
  oidc_token_file_path = "/etc/terraform/id-token"
}
