package graphsim_test

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/intunetf/terraform-provider-intune/internal/graphsim"
)

// client trusts the listener's CA only.
func client(t *testing.T, l *graphsim.Listener) *http.Client {
	t.Helper()
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(l.CAPEM()) {
		t.Fatal("no CA certificate")
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

func listen(t *testing.T, s *graphsim.Server) *graphsim.Listener {
	t.Helper()
	l, err := s.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

func TestListen_OverHTTPS(t *testing.T) {
	t.Parallel()
	sim := newSimulator(t, graphsim.Options{PageSize: 1, Seed: serials("A", "B")})
	l := listen(t, sim.Server)
	c := client(t, l)
	form := grant("scope", l.URL()+"/.default").Encode()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost,
		l.URL()+"/"+graphsim.DefaultTenantID+"/oauth2/v2.0/token", strings.NewReader(form))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	token, _ := read(t, resp).want(t, 200, "").json["access_token"].(string)

	get := func() (*http.Response, error) {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, l.URL()+collectionPath, nil)
		if err != nil {
			return nil, err
		}
		req.Header.Set("Authorization", "Bearer "+token)
		return c.Do(req)
	}
	resp, err = get()
	if err != nil {
		t.Fatal(err)
	}
	a := read(t, resp).want(t, 200, "")
	if next, _ := a.json["@odata.nextLink"].(string); !strings.HasPrefix(next, l.URL()+collectionPath) {
		t.Errorf("nextLink %q", next)
	}
	equal(t, "Date", a.header.Get("Date"), "Mon, 04 May 2026 10:20:30 GMT")
	// net/http sends a GET again over a new connection, so two drops are one for the caller.
	sim.Inject(graphsim.Fault{Operation: graphsim.OpList, Drop: true, Count: 2})
	if resp, err = get(); err == nil {
		_ = resp.Body.Close()
		t.Error("a dropped connection is no error")
	}
}

func TestListen_ChunkedOnTheWire(t *testing.T) {
	t.Parallel()
	sim := field(t, nil)
	l := listen(t, sim.Server)
	body := io.MultiReader(strings.NewReader(importBody(false, row("serialNumber", "A", "")))) // of unknown length
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, l.URL()+importPath, body)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+sim.token)
	req.Header.Set("Content-Type", "application/json")
	resp, err := client(t, l).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	read(t, resp).want(t, 400, "BadRequest")
}

func TestListen_LoopbackOnly(t *testing.T) {
	t.Parallel()
	sim := field(t, nil)
	for _, address := range []string{":0", "0.0.0.0:0", "[::]:0", "192.0.2.1:0", "example.com:0", "127.0.0.1", ""} {
		if l, err := sim.Listen(address); err == nil {
			_ = l.Close()
			t.Errorf("listening on %q", address)
		}
	}
}

func TestServeHTTP_DropWithoutHijacking(t *testing.T) {
	t.Parallel()
	sim := field(t, nil)
	sim.Inject(graphsim.Fault{Drop: true})
	recorder := httptest.NewRecorder()
	sim.ServeHTTP(recorder, httptest.NewRequestWithContext(t.Context(), http.MethodGet, collectionPath, nil))
	equal(t, "announced and not sent", recorder.Header().Get("Content-Length"), "1")
	equal(t, "body", recorder.Body.Len(), 0)
}

func TestConcurrentUse(t *testing.T) {
	t.Parallel()
	sim := newSimulator(t, graphsim.Options{OnRequest: func(graphsim.Request) {}, WriteLimit: 1000})
	sim.Hook(graphsim.OpImport, func(tenant *graphsim.Tenant) { tenant.MarkEnrolled("serialNumber", "S1", "ios") })
	sim.Inject(graphsim.Fault{Operation: graphsim.OpList, Count: -1, Match: func(graphsim.Request) bool {
		return len(sim.Tenant().Identities()) > 1000 // looks at the tenant while others write
	}})
	var wait sync.WaitGroup
	for worker := range 8 {
		wait.Go(func() {
			for i := range 10 {
				name := fmt.Sprintf("S%d", worker*10+i)
				sim.importRow("serialNumber", name, "")
				sim.get(collectionPath).want(t, 200, "")
				if i%2 == 0 {
					sim.call(http.MethodDelete, sim.pathOf("serialNumber", name), "").want(t, 204, "")
				}
				sim.Journal()
				sim.RequestCounts()
			}
		})
	}
	wait.Wait()
	equal(t, "left", len(sim.Tenant().Identities()), 40)
}

func TestAdminRoutes(t *testing.T) {
	t.Parallel()
	sim := newSimulator(t, graphsim.Options{Seed: serials("A")})
	sim.get(sim.pathOf("serialNumber", "A"))
	sim.get(collectionPath)
	sim.token = ""
	enroll := func(body string) answer { return sim.call(http.MethodPost, "/_graphsim/enroll", body) }
	equal(t, "requests", len(sim.get("/_graphsim/requests").rows(t)), 2)
	counts := sim.RequestCounts()
	equal(t, "route", counts[1].Route, collectionPath+"/{id}")
	equal(t, "count", counts[1].Count, 1)
	enroll(`{"importedDeviceIdentityType":"serialNumber","importedDeviceIdentifier":"A","platform":"ios"}`).want(t, 204, "")
	equal(t, "state", sim.get("/_graphsim/identities").rows(t)[0]["enrollmentState"], any("enrolled"))
	enroll(`{"importedDeviceIdentityType":"serialNumber","importedDeviceIdentifier":"B","platform":"ios"}`).want(t, 404, "")
	enroll(`{"importedDeviceIdentityType":"serialNumber","importedDeviceIdentifier":"A","platform":"x"}`).want(t, 400, "")
	enroll(`{`).want(t, 400, "")
	sim.get("/_graphsim/nothing").want(t, 501, "")
	sim.call(http.MethodPost, "/_graphsim/reset-requests", "").want(t, 204, "")
	equal(t, "journal", len(sim.Journal()), 0)
}
