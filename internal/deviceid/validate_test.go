package deviceid_test

import (
	"strings"
	"testing"

	"github.com/intunetf/terraform-provider-intune/internal/deviceid"
)

func TestValidate_Accepts(t *testing.T) {
	t.Parallel()

	tests := map[string]struct {
		typ deviceid.Type
		in  string
	}{
		"serial number":               {serial, "C02ABC123DEF"},
		"serial number with blanks":   {serial, "  C02ABC\n"},
		"serial number of 128":        {serial, strings.Repeat("é", 128)},
		"serial number with a hyphen": {serial, "PF-0-1"},
		"unknown":                     {unknown, "anything at all"},
		"imei of 14":                  {imei, "49015420323751"},
		"imei of 15":                  {imei, "490154203237518"},
		"imei of 15, wrong check":     {imei, "490154203237519"},
		"imeisv of 16":                {imei, "4901542032375101"},
		"imei with hyphens":           {imei, "49-015420-323751-8"},
		"imei with spaces":            {imei, " 49 015420 323751 8 "},
		"mms":                         {mms, "Microsoft Corporation,Surface Laptop 5,0F12345A"},
		"mms quoted comma":            {mms, `"Dell, Inc.",Latitude 5440,ABC1234`},
		"mms blanks after commas":     {mms, `"Dell, Inc.", "Latitude 5440", ABC1234`},
		"mms parts of 128":            {mms, strings.Repeat("a", 128) + "," + strings.Repeat("b", 128) + "," + strings.Repeat("c", 128)},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			if err := deviceid.Validate(tt.typ, tt.in); err != nil {
				t.Errorf("Validate(%s, %q) = %v", tt.typ, tt.in, err)
			}
		})
	}
}

func TestValidate_RefusesAndSaysWhatToWrite(t *testing.T) {
	t.Parallel()

	const imeiForm = "Write the IMEI as 14 digits (without check digit), 15 digits (with it) or 16 digits (IMEISV), for example 490154203237518."
	const mmsForm = "Write it as manufacturer,model,serial, for example Microsoft Corporation,Surface Laptop 5,0F12345A; " +
		`put a part that contains a comma in double quotes: "Dell, Inc.",Latitude 5440,ABC1234.`
	const doubled = ` A double quote that belongs to a part is doubled, and the part quoted: "24"" Monitor".`
	tests := map[string]struct {
		typ      deviceid.Type
		in, want string
	}{
		"type":                 {"IMEI", "490154203237518", `"IMEI" is not an identifier type. Write one of: unknown, imei, serialNumber, manufacturerModelSerial.`},
		"empty":                {serial, "", "The identifier is empty. Write the serial number as the device reports it, for example C02ABC123DEF."},
		"blank imei":           {imei, " \t ", "The identifier is empty. Write the IMEI as 14 to 16 digits, for example 490154203237518."},
		"blank mms":            {mms, " ", "The identifier is empty. " + mmsForm},
		"tab":                  {serial, "C02\tABC", `The identifier "C02\tABC" contains the control character U+0009 at position 4. Remove it.`},
		"zero-width space":     {serial, "éC\u200b02", `The identifier "éC\u200b02" contains the invisible character U+200B at position 3. Remove it.`},
		"byte order mark":      {imei, "\ufeff490154203237518", `The identifier "\ufeff490154203237518" contains the invisible character U+FEFF at position 1. Remove it.`},
		"line break in quotes": {mms, "\"a\nb\",c,d", `The identifier "\"a\nb\",c,d" contains the control character U+000A at position 3. Remove it.`},
		"not utf-8":            {serial, "C\xff02", `The identifier "C\xff02" is not valid UTF-8. Save the file that it comes from as UTF-8.`},
		"too long": {
			unknown, strings.Repeat("a", 129),
			`The identifier "` + strings.Repeat("a", 60) + `…" (shortened) has 129 characters, and at most 128 are accepted. Write it as the device reports it, without a description.`,
		},
		"imei of 13":            {imei, "4901542032375", `"4901542032375" is not an IMEI: it has 13 digits. ` + imeiForm},
		"imei of 17":            {imei, "49015420323751801", `"49015420323751801" is not an IMEI: it has 17 digits. ` + imeiForm},
		"imei with a letter":    {imei, "49015420323751X", `"49015420323751X" is not an IMEI: it contains 'X', and only digits are allowed (14 found). ` + imeiForm},
		"imei, foreign digits":  {imei, "٤90154203237518", `"٤90154203237518" is not an IMEI: it contains '٤', and only digits are allowed (14 found). ` + imeiForm},
		"imei double hyphen":    {imei, "49--0154203237518", `"49--0154203237518" is not an IMEI: only a single space or hyphen may stand between two digits. ` + imeiForm},
		"imei leading hyphen":   {imei, "-490154203237518", `"-490154203237518" is not an IMEI: only a single space or hyphen may stand between two digits. ` + imeiForm},
		"imei trailing hyphen":  {imei, "490154203237518-", `"490154203237518-" is not an IMEI: only a single space or hyphen may stand between two digits. ` + imeiForm},
		"mms one part":          {mms, "ABC1234", `"ABC1234" has 1 comma-separated part, and a manufacturerModelSerial identifier has exactly 3. ` + mmsForm},
		"mms by semicolons":     {mms, "a;b;c", `"a;b;c" has 1 comma-separated part, and a manufacturerModelSerial identifier has exactly 3. Separate the parts by commas, not semicolons. ` + mmsForm},
		"mms two parts":         {mms, "Dell,ABC", `"Dell,ABC" has 2 comma-separated parts, and a manufacturerModelSerial identifier has exactly 3. ` + mmsForm},
		"mms unquoted comma":    {mms, "Dell, Inc.,XPS,A1", `"Dell, Inc.,XPS,A1" has 4 comma-separated parts, and a manufacturerModelSerial identifier has exactly 3. ` + mmsForm},
		"mms open quote":        {mms, `"Dell,XPS,A1`, `"\"Dell,XPS,A1" cannot be read: a double quote is opened and never closed. ` + mmsForm + doubled},
		"mms stray quote":       {mms, `LG,24" Monitor,A1`, `"LG,24\" Monitor,A1" cannot be read: a double quote stands in the middle of a part. ` + mmsForm + doubled},
		"mms text after quotes": {mms, `"Dell" Inc,XPS,A1`, `"\"Dell\" Inc,XPS,A1" cannot be read: a double quote stands in the middle of a part. ` + mmsForm + doubled},
		"mms empty model":       {mms, "Dell,,A1", "The model is empty, and Intune needs all three parts: manufacturer, model and serial number. " + mmsForm},
		"mms quoted blank":      {mms, `Dell,XPS," "`, "The serial number is empty, and Intune needs all three parts: manufacturer, model and serial number. " + mmsForm},
		"mms only punctuation": {
			mms, "...,XPS,A1",
			`The manufacturer "..." has neither a letter nor a digit, so nothing is left of it when Intune stores it. Write the manufacturer as the device reports it. ` + mmsForm,
		},
		"mms part too long": {
			mms, "Dell,XPS," + strings.Repeat("1", 200),
			`The serial number "` + strings.Repeat("1", 60) + `…" (shortened) has 200 characters, and at most 128 are accepted. Write it as the device reports it, without a description. ` + mmsForm,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			err := deviceid.Validate(tt.typ, tt.in)
			if err == nil {
				t.Fatalf("Validate(%s, %q) = nil, want an error", tt.typ, tt.in)
			}
			if err.Error() != tt.want {
				t.Errorf("Validate(%s, %q)\n got %s\nwant %s", tt.typ, tt.in, err, tt.want)
			}
		})
	}
}

func TestWarning(t *testing.T) {
	t.Parallel()

	const wrong = `The IMEI "49-015420-323751-9" ends in the check digit 9, and 8 is the check digit of its first 14 digits. ` +
		"Intune accepts it, but a device with this IMEI can hardly exist: one of the digits is probably mistyped. " +
		"If the first 14 digits are right, write 490154203237518."
	tests := map[string]struct {
		typ      deviceid.Type
		in, want string
	}{
		"right check digit":      {imei, "490154203237518", ""},
		"wrong check digit":      {imei, " 49-015420-323751-9 ", wrong},
		"no check digit":         {imei, "49015420323751", ""},
		"imeisv":                 {imei, "4901542032375199", ""},
		"not an imei":            {imei, "x", ""},
		"serial number of digit": {serial, "490154203237519", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			if got := deviceid.Warning(tt.typ, tt.in); got != tt.want {
				t.Errorf("Warning(%s, %q)\n got %s\nwant %s", tt.typ, tt.in, got, tt.want)
			}
		})
	}
}

func TestCheckDigit(t *testing.T) {
	t.Parallel()

	tests := map[string]struct {
		in      string
		want    int
		wantErr string
	}{
		"14 digits":           {in: "49015420323751", want: 8},
		"15 digits":           {in: "490154203237518", want: 8},
		"15 digits, wrong":    {in: "490154203237510", want: 8},
		"separators":          {in: "35-209900-176148-1", want: 1},
		"check digit is zero": {in: "00000000000000", want: 0},
		"16 digits":           {in: "4901542032375101", wantErr: "has no check digit"},
		"13 digits":           {in: "4901542032375", wantErr: "13 digits"},
		"letters":             {in: "abc", wantErr: "only digits are allowed (0 found)"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			got, err := deviceid.CheckDigit(tt.in)
			if tt.wantErr != "" {
				if err == nil || !strings.Contains(err.Error(), tt.wantErr) {
					t.Fatalf("CheckDigit(%q) error = %v, want one with %q", tt.in, err, tt.wantErr)
				}
				return
			}
			if err != nil || got != tt.want {
				t.Errorf("CheckDigit(%q) = %d, %v, want %d", tt.in, got, err, tt.want)
			}
		})
	}
}
