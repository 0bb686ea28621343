# The pipeline step has to pass SYSTEM_ACCESSTOKEN: $(System.AccessToken) in
# its environment; SYSTEM_OIDCREQUESTURI is there already.
provider "intune" {
  tenant_id                        = "contoso.onmicrosoft.com"
  client_id                        = "00000000-0000-0000-0000-000000000000"
  use_oidc                         = true
  oidc_azure_service_connection_id = "11111111-1111-1111-1111-111111111111"
}
