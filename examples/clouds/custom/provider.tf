provider "intune" {
  environment                = "custom"
  graph_endpoint             = "https://graph.example.com"
  authority_host             = "https://login.example.com"
  disable_instance_discovery = true
  ca_certificate_path        = "/etc/ssl/certs/example-ca.pem"
}
