package deviceid_test

import (
	"fmt"
	"strings"
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

// The time for a file grows with its rows, whatever the quotes are like: ns/row
// stays the same.
func BenchmarkParsePortalCSV(b *testing.B) {
	files := []struct {
		name string
		typ  deviceid.Type
		line string
	}{
		{"serialNumber", serial, "SERIAL%06d,MacBook of somebody\r\n"},
		{"manufacturerModelSerial", mms, "Dell, Inc.;Latitude 5440;SERIAL%06d\r\n"},
		{"open_quotes", serial, "\"SERIAL%06d,x\r\n"},
	}
	for _, file := range files {
		for _, rows := range []int{5_000, 50_000} {
			var content strings.Builder
			for i := range rows {
				fmt.Fprintf(&content, file.line, i)
			}
			b.Run(fmt.Sprintf("%s/%d", file.name, rows), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					_, err := deviceid.ParsePortalCSV(file.typ, content.String())
					if (err != nil) != (file.name == "open_quotes") {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(rows), "ns/row")
			})
		}
	}
}
