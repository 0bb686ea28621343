provider "intune" {
  ca_certificate_path = "/etc/ssl/certs/example-ca.pem"
}
