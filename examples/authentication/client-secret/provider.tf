# The secret comes from the environment: ARM_CLIENT_SECRET.
provider "intune" {
  tenant_id = "contoso.onmicrosoft.com"
  client_id = "00000000-0000-0000-0000-000000000000"
}
