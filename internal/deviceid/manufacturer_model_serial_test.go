package deviceid_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/intunetf/terraform-provider-intune/internal/deviceid"
)

func TestManufacturerModelSerial_QuotesOnlyWhereNeeded(t *testing.T) {
	t.Parallel()

	tests := map[string]struct {
		parts [3]string
		want  string
	}{
		"plain":          {[3]string{"Microsoft Corporation", "Surface Laptop 5", "0F12345A"}, "Microsoft Corporation,Surface Laptop 5,0F12345A"},
		"comma":          {[3]string{"Dell, Inc.", "Latitude 5440", "A1"}, `"Dell, Inc.",Latitude 5440,A1`},
		"quote":          {[3]string{"LG", `24" Monitor`, "A1"}, `LG,"24"" Monitor",A1`},
		"leading space":  {[3]string{" Dell", "XPS", "A1"}, `" Dell",XPS,A1`},
		"trailing space": {[3]string{"Dell", "XPS", "A1 "}, `Dell,XPS,"A1 "`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			got, err := deviceid.ManufacturerModelSerial(tt.parts[0], tt.parts[1], tt.parts[2])
			if err != nil || got != tt.want {
				t.Fatalf("ManufacturerModelSerial(%q) = %q, %v, want %q", tt.parts, got, err, tt.want)
			}
			if err := deviceid.Validate(mms, got); err != nil {
				t.Errorf("Validate(%q) = %v", got, err)
			}
			var back [3]string
			if back[0], back[1], back[2], err = deviceid.SplitManufacturerModelSerial(got); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.parts, back); diff != "" {
				t.Errorf("split again (-want +got):\n%s", diff)
			}
		})
	}
}

func TestManufacturerModelSerial_NamesThePartThatIsWrong(t *testing.T) {
	t.Parallel()

	tests := map[string]struct {
		parts [3]string
		want  string
	}{
		"empty":             {[3]string{"", "XPS", "A1"}, "The manufacturer is empty"},
		"blank":             {[3]string{"Dell", " ", "A1"}, "The model is empty"},
		"punctuation":       {[3]string{"Dell", "XPS", "--"}, `The serial number "--" has neither a letter nor a digit`},
		"control character": {[3]string{"Dell", "X\x00", "A1"}, "The model \"X\\x00\" contains the control character U+0000"},
		"not utf-8":         {[3]string{"\xff", "X", "A1"}, "is not valid UTF-8"},
		"too long":          {[3]string{"Dell", "XPS", strings.Repeat("1", 129)}, "has 129 characters"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			got, err := deviceid.ManufacturerModelSerial(tt.parts[0], tt.parts[1], tt.parts[2])
			if err == nil || !strings.Contains(err.Error(), tt.want) || got != "" {
				t.Errorf("ManufacturerModelSerial(%q) = %q, %v, want an error with %q", tt.parts, got, err, tt.want)
			}
		})
	}
}

func TestSplitManufacturerModelSerial_TrimsUnquotedPartsOnly(t *testing.T) {
	t.Parallel()

	manufacturer, model, serialNumber, err := deviceid.SplitManufacturerModelSerial(` Dell , " XPS " ,A 1 `)
	if err != nil {
		t.Fatal(err)
	}
	got := []string{manufacturer, model, serialNumber}
	if diff := cmp.Diff([]string{"Dell", " XPS ", "A 1"}, got); diff != "" {
		t.Errorf("parts (-want +got):\n%s", diff)
	}
}
