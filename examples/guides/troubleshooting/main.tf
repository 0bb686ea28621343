provider "intune" {
  # Half of the default limits: another tool uses the same app.
  request_limit = 500
  write_limit   = 50
}

resource "intune_imported_device_identity" "macbook" {
  imported_device_identity_type = "serialNumber"
  imported_device_identifier    = "C02ABC123DEF"

  timeouts {
    create = "1h"
    delete = "1h"
  }
}
