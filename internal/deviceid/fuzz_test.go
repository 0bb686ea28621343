package deviceid_test

import (
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
