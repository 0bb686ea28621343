package inventory

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"net/http"
	"runtime"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/intunetf/terraform-provider-intune/internal/deviceid"
	"github.com/intunetf/terraform-provider-intune/internal/graph"
	"github.com/intunetf/terraform-provider-intune/internal/graphsim"
)

// BenchmarkReadFleet shows that a refresh grows linearly with the fleet: ns/row
// and B/row stay alike. The pages are recorded: the simulated tenant takes longer
// for a page the more identities it holds.
func BenchmarkReadFleet(b *testing.B) {
	for _, n := range []int{1_000, 10_000, 100_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			rows := rowsOf(n)
			server := benchServer(b, seedRows(rows))
			inv := benchInventory(b, &recorder{Server: server, replies: map[string]reply{}}, server.Token())
			if _, err := inv.ReadFleet(b.Context(), deviceid.TypeSerialNumber, rows); err != nil {
				b.Fatal(err)
			}
			perRow(b, n, func() {
				inv.snapshots.changed() // so that the list is read again
				read, err := inv.ReadFleet(b.Context(), deviceid.TypeSerialNumber, rows)
				if err != nil || !maps.Equal(read, rows) {
					b.Fatal(err)
				}
			})
		})
	}
}

// BenchmarkCreateFleet is a create of every row.
func BenchmarkCreateFleet(b *testing.B) {
	for _, n := range []int{1_000, 10_000, 100_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			rows := rowsOf(n)
			perRow(b, n, func() {
				b.StopTimer()
				server := benchServer(b, nil)
				inv := benchInventory(b, server, server.Token())
				b.StartTimer()
				result, err := inv.ApplyFleet(b.Context(), fleetOf("a"), FleetChange{Add: rows})
				if err != nil || len(result.In) != n {
					b.Fatal(err)
				}
			})
		})
	}
}

func perRow(b *testing.B, n int, run func()) {
	b.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for b.Loop() {
		run()
	}
	runtime.ReadMemStats(&after)
	rows := float64(b.N) * float64(n)
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/rows, "ns/row")
	b.ReportMetric(float64(after.TotalAlloc-before.TotalAlloc)/rows, "B/row")
}

// recorder answers every GET as the first time.
type recorder struct {
	*graphsim.Server
	replies map[string]reply
}

type reply struct {
	header http.Header
	body   []byte
}

func (r *recorder) Do(req *http.Request) (*http.Response, error) {
	recorded, ok := r.replies[req.URL.String()]
	if !ok {
		resp, err := r.Server.Do(req)
		if err != nil {
			return nil, err
		}
		recorded.header = resp.Header
		if recorded.body, err = io.ReadAll(resp.Body); err != nil {
			return nil, err
		}
		r.replies[req.URL.String()] = recorded
	}
	return &http.Response{
		StatusCode: http.StatusOK, Header: recorded.header, Body: io.NopCloser(bytes.NewReader(recorded.body)), Request: req,
	}, nil
}

func benchServer(b *testing.B, seed []graphsim.Identity) *graphsim.Server {
	b.Helper()
	server, err := graphsim.New(graphsim.Options{Seed: seed})
	if err != nil {
		b.Fatal(err)
	}
	return server
}

func benchInventory(b *testing.B, transport policy.Transporter, token string) *Inventory {
	b.Helper()
	const endpoint = "https://graph.microsoft.com"
	inv, err := Open(Options{Options: graph.Options{
		Endpoint: endpoint, Scope: endpoint + "/.default", Transport: transport, Credential: bearer(token),
		RequestLimit: unlimited, WriteLimit: unlimited,
	}})
	if err != nil {
		b.Fatal(err)
	}
	return inv
}
