list "intune_imported_device_identity" "unused_phones" {
  provider         = intune
  limit            = 500
  include_resource = true

  config {
    imported_device_identity_type = "imei"
    never_contacted               = true
  }
}
