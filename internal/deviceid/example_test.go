package deviceid_test

import (
	"fmt"

	"github.com/intunetf/terraform-provider-intune/internal/deviceid"
)

func ExampleNormalize() {
	fmt.Println(deviceid.Normalize(deviceid.TypeManufacturerModelSerial, `"Dell, Inc.",Latitude 5440,abc-1234`))
	fmt.Println(deviceid.Normalize(deviceid.TypeSerialNumber, " c02abc123def "))
	fmt.Println(deviceid.Normalize(deviceid.TypeIMEI, "49-015420-323751-8"))
	// Output:
	// DELLINC,LATITUDE5440,ABC1234
	// C02ABC123DEF
	// 490154203237518
}

func ExampleValidate() {
	fmt.Println(deviceid.Validate(deviceid.TypeIMEI, "490154203237518"))
	fmt.Println(deviceid.Validate(deviceid.TypeSerialNumber, ""))
	// Output:
	// <nil>
	// The identifier is empty. Write the serial number as the device reports it, for example C02ABC123DEF.
}

func ExampleCheckDigit() {
	digit, err := deviceid.CheckDigit("49015420323751")
	fmt.Println(digit, err)
	// Output: 8 <nil>
}

func ExampleManufacturerModelSerial() {
	identifier, err := deviceid.ManufacturerModelSerial("Dell, Inc.", "Latitude 5440", "ABC1234")
	fmt.Println(identifier, err)
	// Output: "Dell, Inc.",Latitude 5440,ABC1234 <nil>
}

func ExampleParseImportID() {
	t, identifier, ok := deviceid.ParseImportID("serialNumber/C02ABC123DEF")
	fmt.Println(t, identifier, ok)
	_, _, ok = deviceid.ParseImportID("AlpGTEQ3MkdLUFE=")
	fmt.Println(ok)
	// Output:
	// serialNumber C02ABC123DEF true
	// false
}
