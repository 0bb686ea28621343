package deviceid_test

import (
	"testing"

	"github.com/intunetf/terraform-provider-intune/internal/deviceid"
)

// A fleet of tens of thousands is normalised several times per plan.
func BenchmarkNormalize(b *testing.B) {
	benchmarks := []struct {
		name       string
		typ        deviceid.Type
		identifier string
	}{
		{"unknown", unknown, "c02abc123def"},
		{"imei", imei, "49-015420-323751-8"},
		{"serialNumber", serial, "C02ABC123DEF"},
		{"manufacturerModelSerial", mms, "Microsoft Corporation,Virtual Machine,7801-5131-4473-3387-5637-4002-18"},
		{"manufacturerModelSerial_quoted", mms, `"Dell, Inc.",Latitude 5440,ABC1234`},
	}
	for _, bm := range benchmarks {
		b.Run(bm.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				deviceid.Normalize(bm.typ, bm.identifier)
			}
		})
	}
}
