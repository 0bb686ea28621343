package provider

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestValidation_NamesTheAttributeTheFaultAndTheCure holds the exact text of
// every refusal that a plan can make without asking the tenant.
func TestValidation_NamesTheAttributeTheFaultAndTheCure(t *testing.T) {
	t.Parallel()
	const serial, imei, mms = "serialNumber", "imei", "manufacturerModelSerial"
	const at = "error imported_device_identifier: Invalid Device Identifier: "
	const imeiForm = " Write the IMEI as 14 digits (without check digit), 15 digits (with it) or 16 digits (IMEISV), for example 490154203237518."
	const mmsForm = ` Write it as manufacturer,model,serial, for example Microsoft Corporation,Surface Laptop 5,0F12345A; put a part that contains a comma in double quotes: "Dell, Inc.",Latitude 5440,ABC1234.`
	identifier := func(identityType, identifier string) map[string]any {
		return map[string]any{"imported_device_identity_type": identityType, "imported_device_identifier": identifier}
	}
	with := func(name string, value any) map[string]any {
		config := identifier(serial, "C02ABC123DEF")
		config[name] = value
		return config
	}
	tests := map[string]struct {
		config map[string]any
		want   []string
	}{
		"valid":                   {identifier(serial, "C02ABC123DEF"), nil},
		"blanks around":           {identifier(serial, "  C02ABC123DEF "), nil},
		"quoted commas":           {identifier(mms, `"Dell, Inc.",Latitude 5440,ABC1234`), nil},
		"14 digits":               {identifier(imei, "35545007577021"), nil},
		"16 digits":               {identifier(imei, "3554500757702101"), nil},
		"unknown identifier":      {map[string]any{"imported_device_identity_type": imei, "imported_device_identifier": unknown{}}, nil},
		"unknown type":            {map[string]any{"imported_device_identity_type": unknown{}, "imported_device_identifier": "x"}, nil},
		"wrong type member":       {identifier("serial", "C0"), []string{`error imported_device_identity_type: Invalid Attribute Value Match: Attribute imported_device_identity_type value must be one of: ["unknown" "imei" "serialNumber" "manufacturerModelSerial"], got: "serial"`}},
		"wrong platform member":   {with("platform", "macos"), []string{`error platform: Invalid Attribute Value Match: Attribute platform value must be one of: ["unknown" "ios" "android" "windows" "windowsMobile" "macOS" "visionOS" "tvOS"], got: "macos"`}},
		"wrong state member":      {with("enrollment_state", "Enrolled"), []string{`error enrollment_state: Invalid Attribute Value Match: Attribute enrollment_state value must be one of: ["unknown" "enrolled" "pendingReset" "failed" "notContacted" "blocked"], got: "Enrolled"`}},
		"description of 128":      {with("description", strings.Repeat("ä", 128)), nil},
		"description of 129":      {with("description", strings.Repeat("ä", 129)), []string{`error description: Invalid Attribute Value Length: Attribute description UTF-8 character count must be at most 128, got: 129`}},
		"a date without a time":   {with("last_contacted_date_time", "2025-12-31"), []string{`error last_contacted_date_time: Invalid Date and Time: "2025-12-31" is not a date and time in the form of RFC 3339. Write it with seconds and an offset, for example 2025-12-31T23:58:44Z or 2025-12-31T15:58:44-08:00.`}},
		"an hour of one digit":    {with("last_contacted_date_time", "2026-01-02T3:58:44Z"), []string{`error last_contacted_date_time: Invalid Date and Time: "2026-01-02T3:58:44Z" is not a date and time in the form of RFC 3339. Write it with seconds and an offset, for example 2025-12-31T23:58:44Z or 2025-12-31T15:58:44-08:00.`}},
		"a fraction by comma":     {with("last_contacted_date_time", "2026-01-02T03:58:44,5Z"), []string{`error last_contacted_date_time: Invalid Date and Time: "2026-01-02T03:58:44,5Z" is not a date and time in the form of RFC 3339. Write it with seconds and an offset, for example 2025-12-31T23:58:44Z or 2025-12-31T15:58:44-08:00.`}},
		"a date with a fraction":  {with("last_contacted_date_time", "2016-12-31T23:58:44.2908994-08:00"), nil},
		"empty identifier":        {identifier(serial, ""), []string{"error imported_device_identifier: Invalid Device Identifier: The identifier is empty. Write the serial number as the device reports it, for example C02ABC123DEF."}},
		"blank identifier":        {identifier(serial, " \t "), []string{"error imported_device_identifier: Invalid Device Identifier: The identifier is empty. Write the serial number as the device reports it, for example C02ABC123DEF."}},
		"empty IMEI":              {identifier(imei, ""), []string{"error imported_device_identifier: Invalid Device Identifier: The identifier is empty. Write the IMEI as 14 to 16 digits, for example 490154203237518."}},
		"over-long identifier":    {identifier(serial, strings.Repeat("A", 129)), []string{`error imported_device_identifier: Invalid Device Identifier: The identifier "` + strings.Repeat("A", 60) + `…" (shortened) has 129 characters, and at most 128 are accepted. Write it as the device reports it, without a description.`}},
		"control character":       {identifier(serial, "C02\x07ABC"), []string{`error imported_device_identifier: Invalid Device Identifier: The identifier "C02\aABC" contains the control character U+0007 at position 4. Remove it.`}},
		"wrong IMEI check digit":  {identifier(imei, "490154203237519"), []string{`warning imported_device_identifier: Suspicious Device Identifier: The IMEI "490154203237519" ends in the check digit 9, and 8 is the check digit of its first 14 digits. Intune accepts it, but a device with this IMEI can hardly exist: one of the digits is probably mistyped. If the first 14 digits are right, write 490154203237518.`}},
		"IMEI with letters":       {identifier(imei, "35545007577021A"), []string{at + `"35545007577021A" is not an IMEI: it contains 'A', and only digits are allowed (14 found).` + imeiForm}},
		"IMEI of 13 digits":       {identifier(imei, "3554500757702"), []string{at + `"3554500757702" is not an IMEI: it has 13 digits.` + imeiForm}},
		"IMEI of 17 digits":       {identifier(imei, "35545007577021234"), []string{at + `"35545007577021234" is not an IMEI: it has 17 digits.` + imeiForm}},
		"two parts":               {identifier(mms, "Dell,ABC"), []string{at + `"Dell,ABC" has 2 comma-separated parts, and a manufacturerModelSerial identifier has exactly 3.` + mmsForm}},
		"an unquoted comma":       {identifier(mms, "Dell, Inc.,Latitude,ABC"), []string{at + `"Dell, Inc.,Latitude,ABC" has 4 comma-separated parts, and a manufacturerModelSerial identifier has exactly 3.` + mmsForm}},
		"an empty part":           {identifier(mms, "Dell,,ABC"), []string{at + "The model is empty, and Intune needs all three parts: manufacturer, model and serial number." + mmsForm}},
		"a part of punctuation":   {identifier(mms, "Dell,Latitude,---"), []string{at + `The serial number "---" has neither a letter nor a digit, so nothing is left of it when Intune stores it. Write the serial number as the device reports it.` + mmsForm}},
		"every fault is reported": {map[string]any{"imported_device_identity_type": imei, "imported_device_identifier": "", "platform": "x", "description": strings.Repeat("x", 200)}, []string{`error description: Invalid Attribute Value Length: Attribute description UTF-8 character count must be at most 128, got: 200`, "error imported_device_identifier: Invalid Device Identifier: The identifier is empty. Write the IMEI as 14 to 16 digits, for example 490154203237518.", `error platform: Invalid Attribute Value Match: Attribute platform value must be one of: ["unknown" "ios" "android" "windows" "windowsMobile" "macOS" "visionOS" "tvOS"], got: "x"`}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(test.want, startProtocol(t).validate(test.config)); diff != "" {
				t.Errorf("diagnostics (-want +got):\n%s", diff)
			}
		})
	}
}
