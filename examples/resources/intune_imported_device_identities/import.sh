# Every identifier of a type
terraform import intune_imported_device_identities.tablets serialNumber
