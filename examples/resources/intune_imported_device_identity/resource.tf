# An Apple device, by its serial number.
resource "intune_imported_device_identity" "macbook" {
  imported_device_identity_type = "serialNumber"
  imported_device_identifier    = "C02ABC123DEF"
  description                   = "MacBook of the design team"
}

# A phone, by its IMEI.
resource "intune_imported_device_identity" "phone" {
  imported_device_identity_type = "imei"
  imported_device_identifier    = "490154203237518"
  description                   = "Phone of the service desk"
}

# A Windows device, by manufacturer, model and serial number. Read the guide on
# Windows identifiers before you create the first one of a tenant.
resource "intune_imported_device_identity" "laptop" {
  imported_device_identity_type = "manufacturerModelSerial"
  imported_device_identifier    = "Microsoft Corporation,Surface Laptop 5,0F12345A"
}

# A part that contains a comma stands in double quotes.
resource "intune_imported_device_identity" "desktop" {
  imported_device_identity_type = "manufacturerModelSerial"
  imported_device_identifier    = "\"Dell, Inc.\",OptiPlex 7010,ABC1234"
}
