# Log in as a service principal first: a user's login has no permission for
# Intune.
provider "intune" {
  tenant_id = "contoso.onmicrosoft.com"
  use_azd   = true
}
