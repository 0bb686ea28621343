resource "intune_imported_device_identities" "phones" {
  imported_device_identity_type = "imei"

  identities = {
    "490154203237518" = "Phone of the service desk"
    "356938035643809" = "Rugged phone of warehouse 2"
  }

  timeouts {
    # 20,000 rows at 50 deletions in 20 seconds are two and a quarter hours.
    delete = "3h"
  }
}
