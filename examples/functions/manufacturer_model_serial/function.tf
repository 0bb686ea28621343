resource "intune_imported_device_identity" "laptop" {
  imported_device_identity_type = "manufacturerModelSerial"

  # "Dell, Inc.",Latitude 5440,ABC1234
  imported_device_identifier = provider::intune::manufacturer_model_serial("Dell, Inc.", "Latitude 5440", "ABC1234")
}
