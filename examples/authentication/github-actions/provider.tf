# The job needs "permissions: id-token: write". GitHub then sets the address
# and the token with which the provider asks for a federated token.
provider "intune" {
  tenant_id = "contoso.onmicrosoft.com"
  client_id = "00000000-0000-0000-0000-000000000000"
  use_oidc  = true
}
