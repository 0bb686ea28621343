# By type and identifier
terraform import intune_imported_device_identity.macbook serialNumber/C02ABC123DEF

# By the id that Graph gave the identity
terraform import intune_imported_device_identity.macbook AkMwMkFCQzEyM0RFRg==
