# Log in with "Connect-AzAccount -ServicePrincipal" first: a user's login has no
# permission for Intune.
provider "intune" {
  tenant_id      = "contoso.onmicrosoft.com"
  use_powershell = true
}
