package deviceid_test

import (
	"testing"
	"unicode"

	"github.com/intunetf/terraform-provider-intune/internal/deviceid"
)

const (
	unknown = deviceid.TypeUnknown
	imei    = deviceid.TypeIMEI
	serial  = deviceid.TypeSerialNumber
	mms     = deviceid.TypeManufacturerModelSerial
)

func TestNormalize(t *testing.T) {
	t.Parallel()

	tests := map[string]struct {
		typ      deviceid.Type
		in, want string
	}{
		// The pair seen in a tenant, field notes 2.4.
		"mms as the service stores it": {
			mms, "Microsoft Corporation,Virtual Machine,7801-5131-4473-3387-5637-4002-18",
			"MICROSOFTCORPORATION,VIRTUALMACHINE,78015131447333875637400218",
		},
		"mms comma inside quotes":          {mms, `"Dell, Inc.",Latitude 5440,abc1234`, "DELLINC,LATITUDE5440,ABC1234"},
		"mms all parts quoted":             {mms, `"Dell","Latitude","A1"`, "DELL,LATITUDE,A1"},
		"mms doubled quote":                {mms, `LG,"24"" Monitor",A1`, "LG,24MONITOR,A1"},
		"mms blanks around parts":          {mms, `  "Dell, Inc." , Latitude ,A1  `, "DELLINC,LATITUDE,A1"},
		"mms underscore goes":              {mms, "HP_Inc,Elite_Book,5_CG", "HPINC,ELITEBOOK,5CG"},
		"mms letters beyond ASCII":         {mms, "Größe,модель,é1", "GRÖßE,МОДЕЛЬ,É1"},
		"mms two parts is kept":            {mms, " Dell,latitude. ", "DELL,LATITUDE."},
		"mms four parts is kept":           {mms, "Dell, Inc.,x,y", "DELL, INC.,X,Y"},
		"mms unbalanced quote is kept":     {mms, `"Dell,x,y`, `"DELL,X,Y`},
		"mms empty parts":                  {mms, ",,", ",,"},
		"serial number":                    {serial, " c02abc-123 ", "C02ABC-123"},
		"serial number with a line break":  {serial, "C02ABC\r\n", "C02ABC"},
		"serial number keeps its dots":     {serial, "pf.1", "PF.1"},
		"unknown":                          {unknown, "\tab 1 ", "AB 1"},
		"imei with separators":             {imei, "49-015420 323751-8", "490154203237518"},
		"imei plain":                       {imei, "490154203237518", "490154203237518"},
		"imei stored without length check": {imei, "666", "666"},
		"imei without digits is kept":      {imei, " none ", "NONE"},
		"type that does not exist":         {"other", " a ", "A"},
		"empty":                            {mms, "", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			if got := deviceid.Normalize(tt.typ, tt.in); got != tt.want {
				t.Errorf("Normalize(%s, %q) = %q, want %q", tt.typ, tt.in, got, tt.want)
			}
		})
	}
}

// Some characters change class when they are upper-cased; none may change the
// key of a key.
func TestNormalize_IsIdempotentForEveryCasedRune(t *testing.T) {
	t.Parallel()

	for r := range rune(unicode.MaxRune + 1) {
		if unicode.SimpleFold(r) == r && !unicode.IsSpace(r) {
			continue
		}
		for _, typ := range deviceid.Types() {
			in := string(r)
			if typ == mms {
				in = "a" + in + ",b,c"
			}
			once := deviceid.Normalize(typ, in)
			if twice := deviceid.Normalize(typ, once); once != twice {
				t.Errorf("%s %U: Normalize = %q, again = %q", typ, r, once, twice)
			}
		}
	}
}

func TestEqual(t *testing.T) {
	t.Parallel()

	tests := map[string]struct {
		typ  deviceid.Type
		a, b string
		want bool
	}{
		"mms other punctuation":            {mms, `"Dell, Inc.",Latitude 5440,abc`, "DELLINC,LATITUDE5440,ABC", true},
		"mms other split":                  {mms, "AB,C,D", "A,BC,D", false},
		"mms other serial number":          {mms, "a,b,c", "a,b,d", false},
		"serial number other case":         {serial, "c02abc", "C02ABC", true},
		"serial number hyphen counts":      {serial, "C02-ABC", "C02ABC", false},
		"imei separators":                  {imei, "49 015420 323751 8", "490154203237518", true},
		"imei with and without checkdigit": {imei, "49015420323751", "490154203237518", false},
		"unknown trimmed":                  {unknown, " a", "A ", true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			if got := deviceid.Equal(tt.typ, tt.a, tt.b); got != tt.want {
				t.Errorf("Equal(%s, %q, %q) = %t, want %t", tt.typ, tt.a, tt.b, got, tt.want)
			}
			if got := deviceid.Equal(tt.typ, tt.b, tt.a); got != tt.want {
				t.Errorf("Equal(%s, %q, %q) = %t, want %t (not symmetric)", tt.typ, tt.b, tt.a, got, tt.want)
			}
		})
	}
}

func TestStoredAs(t *testing.T) {
	t.Parallel()

	tests := map[string]struct {
		typ          deviceid.Type
		sent, stored string
		want         bool
	}{
		"stored as sent":                  {serial, "C02ABC", "C02ABC", true},
		"stored upper-cased":              {serial, "c02abc", "C02ABC", true},
		"serial number stripped":          {serial, "C02-A.BC", "C02ABC", true},
		"mms stripped":                    {mms, "Dell Inc.,XPS 13,A_1", "DELLINC,XPS13,A1", true},
		"mms underscore kept":             {mms, "Dell Inc.,XPS 13,A_1", "DELLINC,XPS13,A_1", true},
		"mms quotes lost, comma kept":     {mms, `"Dell, Inc.",XPS,A1`, "Dell, Inc.,XPS,A1", true},
		"imei":                            {imei, "49-0154203237518", "490154203237518", true},
		"another device":                  {serial, "C02ABC", "C02ABD", false},
		"a part of it":                    {serial, "C02ABC", "C02", false},
		"nothing left of either":          {serial, "---", "...", false},
		"stored raw though it is no word": {unknown, "---", "---", true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			if got := deviceid.StoredAs(tt.typ, tt.sent, tt.stored); got != tt.want {
				t.Errorf("StoredAs(%s, %q, %q) = %t, want %t", tt.typ, tt.sent, tt.stored, got, tt.want)
			}
		})
	}
}

func TestWire(t *testing.T) {
	t.Parallel()

	tests := map[string]struct {
		typ      deviceid.Type
		in, want string
	}{
		"serial number is trimmed only": {serial, " c02-abc.1\n", "c02-abc.1"},
		"mms keeps its quotes":          {mms, ` "Dell, Inc.",Latitude 5440,abc `, `"Dell, Inc.",Latitude 5440,abc`},
		"imei loses its separators":     {imei, " 49-015420 323751-8 ", "490154203237518"},
		"imei keeps what is wrong":      {imei, "49x", "49x"},
		"unknown is trimmed only":       {unknown, " a b ", "a b"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			if got := deviceid.Wire(tt.typ, tt.in); got != tt.want {
				t.Errorf("Wire(%s, %q) = %q, want %q", tt.typ, tt.in, got, tt.want)
			}
		})
	}
}
