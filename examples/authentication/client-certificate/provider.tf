provider "intune" {
  tenant_id               = "contoso.onmicrosoft.com"
  client_id               = "00000000-0000-0000-0000-000000000000"
  client_certificate_path = "/etc/terraform/intune.pfx"
  # The password comes from ARM_CLIENT_CERTIFICATE_PASSWORD.
}
