provider "intune" {
  environment = "china"
}
