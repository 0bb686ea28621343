package graphsim_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/intunetf/terraform-provider-intune/internal/graphsim"
)

func TestBehaviour27_InjectedThrottling(t *testing.T) {
	t.Parallel()
	sim := field(t, nil)
	sim.Inject(
		graphsim.Fault{Operation: graphsim.OpList, Status: 429, Message: "Too many requests.", RetryAfter: "10"},
		graphsim.Fault{Operation: graphsim.OpList, Status: 429, Message: "Too many requests.", Nested: true},
	)
	sim.importRow("serialNumber", "A", "") // another operation
	a := sim.get(collectionPath).want(t, 429, "TooManyRequests")
	equal(t, "Retry-After", a.header.Get("Retry-After"), "10")
	a = sim.get(collectionPath).want(t, 429, "TooManyRequests")
	equal(t, "Retry-After", a.header.Get("Retry-After"), "")
	if !strings.HasPrefix(a.nested(t), "Too many requests.") {
		t.Errorf("message %q", a.nested(t))
	}
	sim.get(collectionPath).want(t, 200, "")
}

func TestBehaviour28_ServerErrors(t *testing.T) {
	t.Parallel()
	sim := newSimulator(t, graphsim.Options{Seed: serials("A")})
	html := graphsim.HTMLServiceUnavailable
	empty := ""
	sim.Inject(
		graphsim.Fault{Operation: graphsim.OpList, Status: 503, RawBody: &html},
		graphsim.Fault{Operation: graphsim.OpList, Status: 504},
		graphsim.Fault{Operation: graphsim.OpList, Status: 500},
		graphsim.Fault{Operation: graphsim.OpList, RawBody: &empty},
		graphsim.Fault{Operation: graphsim.OpList, TruncateBody: 20},
	)
	a := sim.get(collectionPath).want(t, 503, "")
	equal(t, "content type", a.header.Get("Content-Type"), "text/html")
	equal(t, "body", a.text, html)
	a = sim.get(collectionPath).want(t, 504, "UnknownError")
	if _, message := a.errorOf(t); message != "" {
		t.Errorf("message %q", message)
	}
	sim.get(collectionPath).want(t, 500, "InternalServerError")
	equal(t, "empty 200", sim.get(collectionPath).want(t, 200, "").text, "")
	a = sim.get(collectionPath).want(t, 200, "")
	equal(t, "truncated", len(a.text), 20)
	equal(t, "length", a.header.Get("Content-Length"), "20")
}

func TestBehaviour28_FailureAfterTheWrite(t *testing.T) {
	t.Parallel()
	sim := field(t, nil)
	sim.Inject(
		graphsim.Fault{Operation: graphsim.OpImport, AfterEffect: true, Status: 500},
		graphsim.Fault{Operation: graphsim.OpImport, AfterEffect: true, Drop: true},
		graphsim.Fault{Operation: graphsim.OpImport, Drop: true},
	)
	sim.call(http.MethodPost, importPath, importBody(false, row("serialNumber", "A", ""))).want(t, 500, "InternalServerError")
	for _, name := range []string{"B", "C"} {
		resp, err := sim.Do(sim.request(http.MethodPost, importPath, importBody(false, row("serialNumber", name, ""))))
		if err == nil {
			_ = resp.Body.Close()
		}
		if !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%s: error %v", name, err)
		}
	}
	equal(t, "written", sim.get(collectionPath).identifiers(t), "A B")
	equal(t, "status of a dropped request", sim.Journal()[1].Status, 0)
}

func TestInject_SkipCountAndMatch(t *testing.T) {
	t.Parallel()
	sim := field(t, nil)
	sim.Inject(
		graphsim.Fault{Operation: graphsim.OpList, Skip: 1, Count: 2, Status: 500},
		graphsim.Fault{Count: -1, Status: 503, Match: func(r graphsim.Request) bool { return r.Header.Get("X-Test") != "" }},
	)
	var got []int
	for range 4 {
		got = append(got, sim.get(collectionPath).status)
	}
	if want := []int{200, 500, 500, 200}; !slices.Equal(got, want) {
		t.Errorf("statuses %v, want %v", got, want)
	}
	for range 2 {
		req := sim.request(http.MethodGet, collectionPath, "")
		req.Header.Set("X-Test", "1")
		sim.do(req).want(t, 503, "ServiceUnavailable")
	}
	sim.ClearFaults()
	req := sim.request(http.MethodGet, collectionPath, "")
	req.Header.Set("X-Test", "1")
	sim.do(req).want(t, 200, "")
}

func TestInject_RowsBodyHeaderAndToken(t *testing.T) {
	t.Parallel()
	sim := field(t, nil)
	sim.Inject(
		graphsim.Fault{Operation: graphsim.OpImport, Rows: func(rows []map[string]any) []map[string]any {
			rows[1]["status"] = false
			return rows[1:]
		}},
		graphsim.Fault{Operation: graphsim.OpGet, Header: http.Header{"X-Odd": {"1"}}, Body: func(b map[string]any) map[string]any {
			b["platform"] = "holographic"
			delete(b, "enrollmentState")
			return b
		}},
		graphsim.Fault{Operation: graphsim.OpToken, Status: 503, Code: "temporarily_unavailable", Message: "AADSTS90033: A transient error."},
	)
	a := sim.call(http.MethodPost, importPath, importBody(false, row("serialNumber", "A", ""), row("serialNumber", "B", "")))
	equal(t, "rows", a.identifiers(t), "B")
	equal(t, "status", a.rows(t)[0]["status"], any(false))
	equal(t, "stored", len(sim.Tenant().Identities()), 2)
	a = sim.get(sim.pathOf("serialNumber", "A")).want(t, 200, "")
	equal(t, "platform", a.json["platform"], any("holographic"))
	equal(t, "header", a.header.Get("X-Odd"), "1")
	a = askToken(t, sim.Server, authority, graphsim.DefaultTenantID, grant()).want(t, 503, "")
	equal(t, "error", a.json["error"], any("temporarily_unavailable"))
	askToken(t, sim.Server, authority, graphsim.DefaultTenantID, grant()).want(t, 200, "")
}

func TestDo_HonoursTheContext(t *testing.T) {
	t.Parallel()
	for name, after := range map[string]bool{"before the effect": false, "after the effect": true} {
		sim := field(t, nil)
		sim.Inject(graphsim.Fault{Operation: graphsim.OpImport, Delay: time.Hour, AfterEffect: after})
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		defer cancel()
		req := sim.request(http.MethodPost, importPath, importBody(false, row("serialNumber", "A", ""))).WithContext(ctx)
		resp, err := sim.Do(req)
		if err == nil {
			_ = resp.Body.Close()
		}
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: error %v", name, err)
		}
		equal(t, name, len(sim.Tenant().Identities()) == 1, after)
	}
	sim := newSimulator(t, graphsim.Options{Latency: time.Hour})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	resp, err := sim.Do(sim.request(http.MethodGet, collectionPath, "").WithContext(ctx))
	if err == nil {
		_ = resp.Body.Close()
	}
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

func TestHook_TheWorldMovesBetweenRequests(t *testing.T) {
	t.Parallel()
	sim := newSimulator(t, graphsim.Options{Seed: serials("A")})
	path := sim.pathOf("serialNumber", "A")
	sim.Hook(graphsim.OpGet, func(tenant *graphsim.Tenant) {
		tenant.Remove("serialNumber", "A")
		tenant.Seed(serials("B")...)
	})
	sim.get(collectionPath).want(t, 200, "")
	sim.get(path).want(t, 404, "ResourceNotFound")
	equal(t, "list", sim.get(collectionPath).identifiers(t), "B")
}

func TestJournal(t *testing.T) {
	t.Parallel()
	sim := field(t, nil)
	sim.importRow("serialNumber", "A", "")
	sim.get(collectionPath+"/A%2Fb%3D", "$select", "id")
	entries := sim.Journal()
	first, second := entries[0], entries[1]
	equal(t, "sequence", second.Sequence, 2)
	equal(t, "time", first.Time, start())
	equal(t, "operation", first.Operation, graphsim.OpImport)
	equal(t, "authorization", first.Header.Get("Authorization"), "Bearer <redacted>")
	equal(t, "has authorization", first.HasAuthorization, true)
	equal(t, "overwrite", first.JSON["overwriteImportedDeviceIdentities"], any(false))
	equal(t, "length", first.ContentLength, int64(len(first.Body)))
	equal(t, "status", second.Status, 404)
	equal(t, "path", second.Path, collectionPath+"/A/b=")
	equal(t, "raw path", second.RawPath, collectionPath+"/A%2Fb%3D")
	equal(t, "query", second.Query, "%24select=id")
	equal(t, "host", second.Host, "graph.microsoft.com")
	first.Body[0], first.JSON["x"] = 'x', 1
	if again := sim.Journal()[0]; again.Body[0] == 'x' || again.JSON["x"] != nil {
		t.Error("the journal handed out its own entry")
	}
	sim.ClearJournal()
	equal(t, "entries after clearing", len(sim.Journal()), 0)
	sim.get(collectionPath)
	equal(t, "sequence after clearing", sim.Journal()[0].Sequence, 3)
}
