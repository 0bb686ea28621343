# Bleu, the French sovereign cloud.
provider "intune" {
  environment    = "custom"
  graph_endpoint = "https://graph.svc.sovcloud.fr"
  authority_host = "https://login.sovcloud-identity.fr"
}
