package deviceid_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/intunetf/terraform-provider-intune/internal/deviceid"
)

func TestTypeStrings_AreTheGraphEnumMembersInOrder(t *testing.T) {
	t.Parallel()

	want := []string{"unknown", "imei", "serialNumber", "manufacturerModelSerial"}
	if diff := cmp.Diff(want, deviceid.TypeStrings()); diff != "" {
		t.Errorf("TypeStrings() (-want +got):\n%s", diff)
	}
}

func TestTypes_ReturnsItsOwnSliceEachTime(t *testing.T) {
	t.Parallel()

	deviceid.Types()[0] = "changed"
	if got := deviceid.Types()[0]; got != deviceid.TypeUnknown {
		t.Errorf("Types()[0] = %q after a caller changed its copy", got)
	}
}

func TestParseImportID(t *testing.T) {
	t.Parallel()

	type result struct {
		Type       deviceid.Type
		Identifier string
		OK         bool
	}
	tests := map[string]struct {
		in   string
		want result
	}{
		"serial number":             {"serialNumber/C02ABC123DEF", result{deviceid.TypeSerialNumber, "C02ABC123DEF", true}},
		"imei":                      {"imei/490154203237518", result{deviceid.TypeIMEI, "490154203237518", true}},
		"unknown":                   {"unknown/X1", result{deviceid.TypeUnknown, "X1", true}},
		"manufacturer model serial": {`manufacturerModelSerial/"Dell, Inc.",Latitude,A1`, result{deviceid.TypeManufacturerModelSerial, `"Dell, Inc.",Latitude,A1`, true}},
		"identifier with a slash":   {"serialNumber/A/B", result{deviceid.TypeSerialNumber, "A/B", true}},
		"identifier left empty":     {"serialNumber/", result{deviceid.TypeSerialNumber, "", true}},
		"type in another case":      {"serialnumber/C02", result{}},
		"type with a blank":         {" serialNumber/C02", result{}},
		"raw id":                    {"AlpGTEQ3MkdLUFE=", result{}},
		"raw id with a slash":       {"AkMw/kFC+zEyM0RFRg==", result{}},
		"guid":                      {"9f70a12f-a12f-9f70-2fa1-709f2fa1709f", result{}},
		"type alone":                {"serialNumber", result{}},
		"nothing":                   {"", result{}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			var got result
			got.Type, got.Identifier, got.OK = deviceid.ParseImportID(tt.in)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("ParseImportID(%q) (-want +got):\n%s", tt.in, diff)
			}
		})
	}
}
