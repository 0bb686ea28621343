provider "intune" {
  environment = "usgovernmentl5"
}
