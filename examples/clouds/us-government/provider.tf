provider "intune" {
  environment = "usgovernment"
}
