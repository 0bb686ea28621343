package inventory

import (
	"testing"
	"time"

	"github.com/intunetf/terraform-provider-intune/internal/graph"
)

func instant(t *testing.T, text string) *time.Time {
	t.Helper()
	parsed, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		t.Fatal(err)
	}
	return &parsed
}

func dateTime(t *testing.T, text string) *DateTime {
	t.Helper()
	return &graph.DateTime{Time: *instant(t, text)}
}

func TestFilter_Match(t *testing.T) {
	t.Parallel()
	yes, no := true, false
	windows, enrolled := "windows", "enrolled"
	used := Identity{
		ImportedDeviceIdentityType: "manufacturerModelSerial", ImportedDeviceIdentifier: "DELLINC,LATITUDE5440,ABC1234",
		Platform: &windows, EnrollmentState: &enrolled,
		LastContactedDateTime: dateTime(t, "2025-06-01T12:00:00+02:00"), CreatedDateTime: dateTime(t, "2024-01-01T00:00:00Z"),
	}
	fresh := Identity{ImportedDeviceIdentityType: "serialNumber", ImportedDeviceIdentifier: "c02-Abc", LastContactedDateTime: dateTime(t, "0001-01-01T00:00:00Z")}
	phone := Identity{ImportedDeviceIdentityType: "imei", ImportedDeviceIdentifier: "355450075770212"}
	for name, test := range map[string]struct {
		filter Filter
		// whether used, fresh and phone pass
		used, fresh, phone bool
	}{
		"nothing set":                           {Filter{}, true, true, true},
		"type":                                  {Filter{Type: "imei"}, false, false, true},
		"platform":                              {Filter{Platform: "windows"}, true, false, false},
		"platform in another case":              {Filter{Platform: "Windows"}, true, false, false},
		"platform unknown is not an absent one": {Filter{Platform: "unknown"}, false, false, false},
		"state":                                 {Filter{EnrollmentState: "enrolled"}, true, false, false},
		"two filters":                           {Filter{EnrollmentState: "enrolled", Type: "imei"}, false, false, false},
		"never contacted":                       {Filter{NeverContacted: &yes}, false, true, true},
		"contacted":                             {Filter{NeverContacted: &no}, true, false, false},
		"contacted before, another offset":      {Filter{LastContactedBefore: instant(t, "2025-06-01T10:00:01Z")}, true, false, false},
		"contacted at the very instant":         {Filter{LastContactedBefore: instant(t, "2025-06-01T10:00:00Z")}, false, false, false},
		"never is not before":                   {Filter{LastContactedBefore: instant(t, "2999-01-01T00:00:00Z")}, true, false, false},
		"both contact filters":                  {Filter{NeverContacted: &yes, LastContactedBefore: instant(t, "2999-01-01T00:00:00Z")}, false, false, false},
		"created before needs a date":           {Filter{CreatedBefore: instant(t, "2999-01-01T00:00:00Z")}, true, false, false},
		"created later":                         {Filter{CreatedBefore: instant(t, "2023-01-01T00:00:00Z")}, false, false, false},
		"contains, as stored":                   {Filter{IdentifierContains: "LATITUDE5440"}, true, false, false},
		"contains, as people write it":          {Filter{IdentifierContains: "Latitude 5440"}, true, false, false},
		"contains, over two parts":              {Filter{IdentifierContains: "Dell Inc.,Latitude"}, true, false, false},
		"contains, quoted whole":                {Filter{IdentifierContains: `"Dell, Inc.",Latitude 5440,abc1234`}, true, false, false},
		"contains, punctuation that is stored":  {Filter{IdentifierContains: "C02-a"}, false, true, false},
		"contains, IMEI with hyphens":           {Filter{IdentifierContains: "35-545007"}, false, false, true},
		"letters do not become an IMEI":         {Filter{IdentifierContains: "X355"}, false, false, false},
		"only punctuation":                      {Filter{IdentifierContains: "."}, false, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for i, want := range []bool{test.used, test.fresh, test.phone} {
				if got := test.filter.Match([]Identity{used, fresh, phone}[i]); got != want {
					t.Errorf("%s: got %v, want %v", []string{"used", "fresh", "phone"}[i], got, want)
				}
			}
		})
	}
}

func TestFilter_TheServiceIsAskedOnlyWhereItCannotMissAnything(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		filter Filter
		want   string
	}{
		"digits of an IMEI":               {Filter{Type: "imei", IdentifierContains: "35-545 007"}, "35545007"},
		"digits of a serial number":       {Filter{Type: "serialNumber", IdentifierContains: "0012"}, "0012"},
		"letters: its case rules unknown": {Filter{Type: "serialNumber", IdentifierContains: "C02"}, ""},
		"punctuation":                     {Filter{Type: "serialNumber", IdentifierContains: "0-1"}, ""},
		"punctuation may be stripped":     {Filter{Type: "manufacturerModelSerial", IdentifierContains: "5440"}, ""},
		"no type":                         {Filter{IdentifierContains: "5440"}, ""},
		"nothing":                         {Filter{Type: "imei"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := test.filter.onServer(); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}
