package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"
	"os"
	"sync"

	"github.com/intunetf/terraform-provider-intune/internal/graphsim"
)

// tenant is a simulated tenant behind a loopback HTTPS listener, and a count of
// what it was asked.
type tenant struct {
	*graphsim.Server
	listener *graphsim.Listener
	url      string
	caPath   string

	mu     sync.Mutex
	routes routes
}

// routes counts requests by operation. Items of a $batch are no requests: they
// are counted as deletions beside them.
type routes struct {
	List, Get, Search, Import, Create, Update, Delete, Batch, Items int
	// Refused were answered 429, items of a $batch included.
	Refused int
	// SignIn is what went to Entra.
	SignIn int
}

// total is the requests to Graph.
func (r routes) total() int {
	return r.List + r.Get + r.Search + r.Import + r.Create + r.Update + r.Delete + r.Batch
}

func startTenant(folder string, options graphsim.Options) (*tenant, error) {
	t := &tenant{}
	options.OnRequest = t.count
	server, err := graphsim.New(options)
	if err != nil {
		return nil, err
	}
	t.Server = server
	if t.listener, err = server.Listen("127.0.0.1:0"); err != nil {
		return nil, err
	}
	t.url = t.listener.URL()
	file, err := os.CreateTemp(folder, "ca-*.pem")
	if err != nil {
		return nil, err
	}
	t.caPath = file.Name()
	if _, err := file.Write(t.listener.CAPEM()); err != nil {
		return nil, err
	}
	return t, file.Close()
}

func (t *tenant) close() { _ = t.listener.Close() }

func (t *tenant) count(r graphsim.Request) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if r.Status == http.StatusTooManyRequests {
		t.routes.Refused++
	}
	if r.Batch {
		t.routes.Items++
		return
	}
	switch r.Operation {
	case graphsim.OpToken, graphsim.OpDiscovery, graphsim.OpInstanceDiscovery:
		t.routes.SignIn++
	case graphsim.OpList:
		t.routes.List++
	case graphsim.OpGet:
		t.routes.Get++
	case graphsim.OpSearch:
		t.routes.Search++
	case graphsim.OpImport:
		t.routes.Import++
	case graphsim.OpCreate:
		t.routes.Create++
	case graphsim.OpUpdate:
		t.routes.Update++
	case graphsim.OpDelete:
		t.routes.Delete++
	case graphsim.OpBatch:
		t.routes.Batch++
	default:
	}
}

// takeRoutes returns what was asked since the last call. The journal is emptied
// with it: it would grow with every row.
func (t *tenant) takeRoutes() routes {
	t.ClearJournal()
	t.mu.Lock()
	defer t.mu.Unlock()
	taken := t.routes
	t.routes = routes{}
	return taken
}

// settings is a provider block that reaches the tenant.
func (t *tenant) settings() map[string]any {
	return map[string]any{
		"environment": "custom", "graph_endpoint": t.url, "authority_host": t.url,
		"disable_instance_discovery": true, "ca_certificate_path": t.caPath,
		"tenant_id": graphsim.DefaultTenantID, "client_id": graphsim.DefaultClientID, "client_secret": graphsim.DefaultClientSecret,
	}
}

// client is a bare HTTPS client for the same listener, with the connections that
// the provider keeps.
func (t *tenant) client() (*http.Client, error) {
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(t.listener.CAPEM()) {
		return nil, fmt.Errorf("the tenant's certificate is not PEM")
	}
	return &http.Client{Transport: &http.Transport{
		TLSClientConfig:     &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12},
		MaxIdleConnsPerHost: 10,
	}}, nil
}

// serials are n rows of a fleet: identifiers with descriptions.
func serials(n int) map[string]string {
	rows := make(map[string]string, n)
	for i := range n {
		rows[serial(i)] = fmt.Sprintf("Device %06d of the fleet", i)
	}
	return rows
}

func serial(i int) string { return fmt.Sprintf("C02SERIAL%06d", i) }

// seeds are the same rows as the tenant holds them.
func seeds(n int) []graphsim.Identity {
	identities := make([]graphsim.Identity, n)
	for i := range n {
		identities[i] = graphsim.Identity{
			ImportedDeviceIdentityType: "serialNumber", ImportedDeviceIdentifier: serial(i),
			Description: fmt.Sprintf("Device %06d of the fleet", i),
		}
	}
	return identities
}

// onePercent is how many rows an update changes.
func onePercent(n int) int { return (n + 99) / 100 }

// seeded makes a tenant that holds n rows.
func seeded(n int) func(*graphsim.Options) {
	return func(o *graphsim.Options) { o.Seed = seeds(n) }
}
