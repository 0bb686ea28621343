package deviceid_test

import (
	"strings"
	"testing"

	"github.com/intunetf/terraform-provider-intune/internal/deviceid"
)

func addSeeds(f *testing.F) {
	f.Helper()
	for _, seed := range []string{
		"", " ", "C02ABC123DEF", "490154203237518", "49-015420 323751-8", "666",
		"Microsoft Corporation,Virtual Machine,7801-5131", `"Dell, Inc.",Latitude 5440,ABC1234`,
		`"a""b", "c" ,d`, `"`, `"",,`, `a"b,c,d`, ",,", ",,,", "\xff", "ǅ,ı,ﬁ", "a\u0345,b,c", "\u2028x\u00a0",
	} {
		f.Add(seed)
	}
}

func FuzzNormalize_IsIdempotent(f *testing.F) {
	addSeeds(f)
	f.Fuzz(func(t *testing.T, s string) {
		for _, typ := range deviceid.Types() {
			once := deviceid.Normalize(typ, s)
			if twice := deviceid.Normalize(typ, once); once != twice {
				t.Errorf("Normalize(%s, %q) = %q, again = %q", typ, s, once, twice)
			}
		}
	})
}

func FuzzValidate_NeverPanicsAndAgreesWithSplit(f *testing.F) {
	addSeeds(f)
	f.Fuzz(func(t *testing.T, s string) {
		for _, typ := range deviceid.Types() {
			err := deviceid.Validate(typ, s)
			deviceid.Warning(typ, s)
			if err == nil && deviceid.Validate(typ, deviceid.Wire(typ, s)) != nil {
				t.Errorf("%s %q is valid and what is sent for it is not", typ, s)
			}
			if err == nil && !deviceid.Equal(typ, s, deviceid.Wire(typ, s)) {
				t.Errorf("%s %q and what is sent for it are not equal", typ, s)
			}
		}
		_, _, _, splitErr := deviceid.SplitManufacturerModelSerial(s)
		if splitErr != nil && deviceid.Validate(mms, s) == nil {
			t.Errorf("%q is valid and cannot be split: %v", s, splitErr)
		}
	})
}

func FuzzManufacturerModelSerial_SplitsIntoTheSameParts(f *testing.F) {
	f.Add("Dell, Inc.", "Latitude 5440", "ABC1234")
	f.Add(" a", `b"`, "c ")
	f.Add(`"`, "", ",")
	f.Fuzz(func(t *testing.T, manufacturer, model, serialNumber string) {
		joined, err := deviceid.ManufacturerModelSerial(manufacturer, model, serialNumber)
		if err != nil {
			return
		}
		if err := deviceid.Validate(mms, joined); err != nil {
			t.Errorf("Validate(%q) = %v", joined, err)
		}
		a, b, c, err := deviceid.SplitManufacturerModelSerial(joined)
		if err != nil || a != manufacturer || b != model || c != serialNumber {
			t.Errorf("%q splits into %q, %q, %q, %v", joined, a, b, c, err)
		}
	})
}

func FuzzEqual_IsReflexive(f *testing.F) {
	addSeeds(f)
	f.Fuzz(func(t *testing.T, s string) {
		for _, typ := range deviceid.Types() {
			key := deviceid.Normalize(typ, s)
			if !deviceid.Equal(typ, s, s) || !deviceid.Equal(typ, s, key) || !deviceid.StoredAs(typ, s, key) {
				t.Errorf("%s %q is not equal to itself or to its key %q", typ, s, key)
			}
		}
	})
}

// What the file says is what was put in, except for blanks around identifiers,
// for quotes that are not needed and for a description of blanks only.
func FuzzPortalCSV_GivesTheSameIdentities(f *testing.F) {
	f.Add("C02ABC123DEF", "MacBook", "A;1", "x, y", "sep=;")
	f.Add("490154203237518", "24\" Monitor", "49-015420-323751", "a\r\nb", ",")
	f.Add("Dell,Latitude,ABC", "", `"Dell, Inc.",b,c`, "", "\r")
	f.Add("sep=", ";", "serial", " \t", "\"")
	f.Fuzz(func(t *testing.T, a, describedA, b, describedB, c string) {
		for _, typ := range deviceid.Types() {
			identities := map[string]string{a: describedA, b: describedB, c: ""}
			file, err := deviceid.FormatPortalCSV(typ, identities)
			if err != nil {
				continue
			}
			parsed, err := deviceid.ParsePortalCSV(typ, file)
			if err != nil || len(parsed) != len(identities) {
				t.Fatalf("%s %q: %q is read as %q, %v", typ, identities, file, parsed, err)
			}
			byKey := map[string]string{}
			for identifier, description := range parsed {
				byKey[deviceid.Normalize(typ, identifier)] = description
			}
			for identifier, description := range identities {
				if strings.TrimSpace(description) == "" {
					description = ""
				}
				if got, ok := byKey[deviceid.Normalize(typ, identifier)]; !ok || got != description {
					t.Errorf("%s %q: %q gives %q, want %q", typ, identifier, file, got, description)
				}
			}
			if again, err := deviceid.FormatPortalCSV(typ, parsed); err != nil {
				t.Errorf("%s: %q cannot be written again: %q, %v", typ, parsed, again, err)
			}
		}
	})
}

// Whatever a file holds, reading it ends, and what is read can be written.
func FuzzParsePortalCSV_IsWritable(f *testing.F) {
	f.Add("\ufeffA1;x\r\n\r\n;;\r\nA2;\"a\"\"b\"\r\n")
	f.Add("a,b,c\n\"a\nb\",\"c\n,d\"\n\"")
	f.Fuzz(func(t *testing.T, content string) {
		for _, typ := range deviceid.Types() {
			identities, err := deviceid.ParsePortalCSV(typ, content)
			if err != nil {
				continue
			}
			if _, err := deviceid.FormatPortalCSV(typ, identities); err != nil {
				t.Errorf("%s %q gives %q, which cannot be written: %v", typ, content, identities, err)
			}
			for identifier := range identities {
				if err := deviceid.Validate(typ, identifier); err != nil {
					t.Errorf("%s %q gives an invalid identifier: %v", typ, content, err)
				}
			}
		}
	})
}
