package graph_test

import (
	"bytes"
	"encoding/pem"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"github.com/intunetf/terraform-provider-intune/internal/credential"
	"github.com/intunetf/terraform-provider-intune/internal/graph"
	"github.com/intunetf/terraform-provider-intune/internal/graphsim"
)

// calls are all operations of the client, each on the identity with the id.
func calls(t *testing.T, tn *tenant, id string) map[graphsim.Operation]func() error {
	t.Helper()
	return map[graphsim.Operation]func() error{
		graphsim.OpList: func() error {
			_, err := tn.identities.NewListPager(graph.ListOptions{}).NextPage(t.Context())
			return err
		},
		graphsim.OpGet:    func() error { _, err := tn.identities.Get(t.Context(), id); return err },
		graphsim.OpCreate: func() error { _, err := tn.identities.Create(t.Context(), serial("NEW")); return err },
		graphsim.OpUpdate: func() error { return tn.identities.UpdateDescription(t.Context(), id, graph.NewText("x")) },
		graphsim.OpImport: func() error {
			_, err := tn.identities.Import(t.Context(), []graph.NewImportedDeviceIdentity{serial("NEW2")}, false)
			return err
		},
		graphsim.OpSearch: func() error {
			_, err := tn.identities.SearchExisting(t.Context(), []graph.IdentityKey{{ImportedDeviceIdentifier: "C0", ImportedDeviceIdentityType: "serialNumber"}})
			return err
		},
		graphsim.OpDelete: func() error { return tn.identities.Delete(t.Context(), id) },
	}
}

// inOrder are the operations with the delete at the end.
func inOrder() []graphsim.Operation {
	return []graphsim.Operation{
		graphsim.OpList, graphsim.OpGet, graphsim.OpSearch, graphsim.OpCreate, graphsim.OpUpdate, graphsim.OpImport, graphsim.OpDelete,
	}
}

func isRead(op graphsim.Operation) bool {
	return slices.Contains([]graphsim.Operation{graphsim.OpList, graphsim.OpGet, graphsim.OpSearch}, op)
}

func TestContract_EveryRequestHasItsHeadersAndALength(t *testing.T) {
	t.Parallel()
	server, err := graphsim.New(graphsim.Options{
		Profile: graphsim.ProfileDocumented, Seed: serials("C0"), Behaviour: func(b *graphsim.Behaviour) { b.RefuseChunked = true },
	})
	if err != nil {
		t.Fatal(err)
	}
	overTheWire := listen(t, server)
	inProcess := newTenant(t, graphsim.Options{
		Profile: graphsim.ProfileDocumented, Seed: serials("C0"), Behaviour: func(b *graphsim.Behaviour) { b.RefuseChunked = true },
	})
	for where, tn := range map[string]*tenant{"wire": overTheWire, "process": inProcess} {
		operations := calls(t, tn, tn.find(t, "C0").ID)
		for _, op := range inOrder() {
			if err := operations[op](); err != nil {
				t.Fatalf("%s, %s: %v", where, op, err)
			}
		}
		ids := map[string]bool{}
		for _, r := range tn.Journal() {
			if !r.HasAuthorization || r.Header.Get("Authorization") != "Bearer <redacted>" {
				t.Errorf("%s, %s: Authorization %q", where, r.Operation, r.Header.Get("Authorization"))
			}
			if got := r.Header.Get("Accept"); got != "application/json" {
				t.Errorf("%s, %s: Accept %q", where, r.Operation, got)
			}
			if got := r.Header.Get("User-Agent"); got != "contract/1" {
				t.Errorf("%s, %s: User-Agent %q", where, r.Operation, got)
			}
			id := r.Header.Get("client-request-id")
			if _, err := uuid.Parse(id); err != nil || ids[id] {
				t.Errorf("%s, %s: client-request-id %q", where, r.Operation, id)
			}
			ids[id] = true
			if len(r.TransferEncoding) > 0 || r.ContentLength != int64(len(r.Body)) {
				t.Errorf("%s, %s: Content-Length %d, %v for %d bytes", where, r.Operation, r.ContentLength, r.TransferEncoding, len(r.Body))
			}
			if got := r.Header.Get("Content-Type"); (len(r.Body) > 0) != (got == "application/json") {
				t.Errorf("%s, %s: Content-Type %q", where, r.Operation, got)
			}
		}
	}
}

func TestContract_IDsAreOneEncodedSegmentOnTheWire(t *testing.T) {
	t.Parallel()
	ids := map[string]string{
		"AlpGTEQ3MkdLUFE=": "AlpGTEQ3MkdLUFE%3D",
		"A/b+c=":           "A%2Fb%2Bc%3D",
		"../x?y#z%2F":      "..%2Fx%3Fy%23z%252F",
		"importDeviceId ä": "importDeviceId%20%C3%A4",
	}
	for id, want := range ids {
		seed := serials("C0")
		seed[0].ID = id
		tn := newTenant(t, graphsim.Options{Profile: graphsim.ProfileDocumented, Seed: seed})
		operations := calls(t, tn, id)
		for _, op := range []graphsim.Operation{graphsim.OpGet, graphsim.OpUpdate, graphsim.OpDelete} {
			if err := operations[op](); err != nil {
				t.Errorf("%s %s: %v", op, id, err)
			}
		}
		for _, r := range tn.Journal() {
			if r.RawPath != collection+"/"+want {
				t.Errorf("%s %s was sent as %s", r.Operation, id, r.RawPath)
			}
		}
	}
}

func TestContract_ErrorsAreUnwrappedIntoOneLine(t *testing.T) {
	t.Parallel()
	inBothProfiles(t, func(t *testing.T, profile graphsim.Profile) {
		tn := newTenant(t, graphsim.Options{Profile: profile})
		_, err := tn.identities.Get(t.Context(), "AkMw")
		var e *graph.Error
		if !errors.As(err, &e) {
			t.Fatalf("got %v", err)
		}
		const message = "Imported device identity with id 'AkMw' was not found."
		if e.StatusCode != http.StatusNotFound || e.Code != "ResourceNotFound" || e.Message != message {
			t.Errorf("got %d %q %q", e.StatusCode, e.Code, e.Message)
		}
		if want := "Graph answered 404 Not Found (ResourceNotFound): " + message; e.Error() != want {
			t.Errorf("got  %s\nwant %s", e, want)
		}
		sent := tn.Journal()[0].Header.Get("client-request-id")
		if e.ClientRequestID != sent || e.RequestID == "" {
			t.Errorf("ids: %q and %q, sent %q", e.RequestID, e.ClientRequestID, sent)
		}
		nested := strings.Contains(e.Support, "Activity ID: "+sent) && strings.HasPrefix(e.Support, "Operation ID (for customer support): ")
		if nested != (profile == graphsim.ProfileField) {
			t.Errorf("support text: %q", e.Support)
		}
	})
}

func TestContract_RefusedRoutesAreRecognised(t *testing.T) {
	t.Parallel()
	for _, answer := range []graphsim.RouteAnswer{graphsim.RouteRefused, graphsim.RouteUnknownSegment, graphsim.RouteNotAllowed, graphsim.RouteNotImplemented} {
		tn := newTenant(t, graphsim.Options{Seed: serials("C0"), Behaviour: func(b *graphsim.Behaviour) { b.CreateRoute, b.PatchRoute = answer, answer }})
		operations := calls(t, tn, tn.find(t, "C0").ID)
		for _, op := range []graphsim.Operation{graphsim.OpCreate, graphsim.OpUpdate} {
			if err := operations[op](); !graph.IsRouteRefused(err) || graph.IsOutcomeUnknown(err) {
				t.Errorf("%s answered %s: %v", op, answer, err)
			}
		}
	}
}

func TestContract_TokensThatAreNotGoodEnough(t *testing.T) {
	t.Parallel()
	inBothProfiles(t, func(t *testing.T, profile graphsim.Profile) {
		server, err := graphsim.New(graphsim.Options{Profile: profile})
		if err != nil {
			t.Fatal(err)
		}
		as := func(token string) *tenant {
			tn := newTenant(t, graphsim.Options{Profile: profile, Seed: serials("C0"), Behaviour: func(b *graphsim.Behaviour) {
				b.CreateRoute, b.PatchRoute = graphsim.RouteWorks, graphsim.RouteWorks
			}}, func(o *graph.Options) { o.Credential = bearer(token) })
			return tn
		}
		reader, nobody := as(server.Token(graphsim.PermissionRead)), as("not.a.token")
		readerMay := []graphsim.Operation{graphsim.OpList, graphsim.OpGet}
		if profile == graphsim.ProfileDocumented {
			readerMay = append(readerMay, graphsim.OpSearch)
		}
		for _, op := range inOrder() {
			err := calls(t, reader, reader.find(t, "C0").ID)[op]()
			if allowed := slices.Contains(readerMay, op); allowed && err != nil || !allowed && !graph.IsForbidden(err) {
				t.Errorf("a reader's %s: %v", op, err)
			} else if !allowed && !strings.Contains(err.Error(), "must have one of the following scopes: ") {
				t.Errorf("a reader's %s: %v", op, err)
			}
			if err := calls(t, nobody, "AkMw")[op](); !graph.IsUnauthorized(err) {
				t.Errorf("nobody's %s: %v", op, err)
			}
		}
		for _, tn := range []*tenant{reader, nobody} {
			if got := len(tn.Journal()); got != len(inOrder()) {
				t.Errorf("%d requests for %d refusals: they are no use a second time", got, len(inOrder()))
			}
		}
	})
}

func TestContract_SpoiltAnswers(t *testing.T) {
	t.Parallel()
	page, empty := graphsim.HTMLServiceUnavailable, ""
	faults := map[string]graphsim.Fault{
		"HTML 503":         {Status: http.StatusServiceUnavailable, RawBody: &page},
		"HTML 200":         {Status: http.StatusOK, RawBody: &page},
		"empty 200":        {Status: http.StatusOK, RawBody: &empty, ContentType: "application/json"},
		"truncated":        {TruncateBody: 30},
		"504 UnknownError": {Status: http.StatusGatewayTimeout},
		"nested 500":       {Status: http.StatusInternalServerError, Message: "An internal server error has occurred", Nested: true},
		"lost connection":  {Drop: true},
	}
	for name, fault := range faults {
		for _, op := range inOrder() {
			t.Run(name+"/"+string(op), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					tn := newTenant(t, graphsim.Options{Profile: graphsim.ProfileDocumented, Seed: serials("C0")})
					id := tn.find(t, "C0").ID
					spoilt := fault
					spoilt.Operation = op
					tn.Inject(spoilt)
					err := calls(t, tn, id)[op]()
					attempts := len(tn.requests(op))
					bodyMatters := op != graphsim.OpUpdate && op != graphsim.OpDelete
					success := fault.Status == http.StatusOK || fault.TruncateBody > 0
					switch {
					case isRead(op) || op == graphsim.OpDelete && !success:
						if err != nil || attempts != 2 {
							t.Errorf("got %v after %d attempts, want a second one that succeeds", err, attempts)
						}
					case success && !bodyMatters:
						if err != nil || attempts != 1 {
							t.Errorf("got %v after %d attempts although nothing of the body is needed", err, attempts)
						}
					default:
						if !graph.IsOutcomeUnknown(err) || attempts != 1 || graph.IsNotSent(err) {
							t.Errorf("got %v after %d attempts, want one with an unknown outcome", err, attempts)
						}
					}
					if err != nil && strings.ContainsAny(err.Error(), "\r\n") {
						t.Errorf("not one line: %q", err)
					}
				})
			})
		}
	}
}

func TestContract_APageOfAListIsAskedForAgainAndNotTheWholeList(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		tn := newTenant(t, graphsim.Options{PageSize: 1, Seed: serials("C1", "C2", "C3")})
		tn.Inject(graphsim.Fault{Operation: graphsim.OpList, Skip: 1, TruncateBody: 50})
		got, _ := tn.list(t, graph.ListOptions{})
		if len(got) != 3 || len(tn.requests(graphsim.OpList)) != 4 {
			t.Errorf("got %v in %d requests, want 4", identifiers(got), len(tn.requests(graphsim.OpList)))
		}
	})
}

// byHost sends a request to the server of its host.
type byHost map[string]*graphsim.Server

func (b byHost) Do(r *http.Request) (*http.Response, error) {
	server, ok := b[r.URL.Host]
	if !ok {
		return nil, errors.New("no such host: " + r.URL.Host)
	}
	return server.Do(r)
}

func TestContract_NextLinkToAnotherHostIsNotFollowed(t *testing.T) {
	t.Parallel()
	other, err := graphsim.New(graphsim.Options{})
	if err != nil {
		t.Fatal(err)
	}
	hosts := byHost{"graph.microsoft.us": other}
	tn := newTenant(t, graphsim.Options{PageSize: 1, Seed: serials("C1", "C2")}, func(o *graph.Options) { o.Transport = hosts })
	hosts["graph.microsoft.com"] = tn.Server
	tn.Inject(graphsim.Fault{Operation: graphsim.OpList, Body: func(body map[string]any) map[string]any {
		body["@odata.nextLink"] = "https://graph.microsoft.us" + collection + "?$skiptoken=cDox"
		return body
	}})
	pager := tn.identities.NewListPager(graph.ListOptions{})
	if _, err := pager.NextPage(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, err = pager.NextPage(t.Context())
	if !graph.IsNotSent(err) || !strings.Contains(err.Error(), "would go to https://graph.microsoft.us, which is not the configured Graph endpoint "+endpoint) {
		t.Errorf("got %v", err)
	}
	if seen := other.Journal(); len(seen) > 0 || len(tn.Journal()) != 1 {
		t.Errorf("the other host saw %d requests, Graph %d", len(seen), len(tn.Journal()))
	}
}

// listen serves the tenant on loopback, for the provider's own HTTP client.
func listen(t *testing.T, server *graphsim.Server, trusted ...[]byte) *tenant {
	t.Helper()
	listener, err := server.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := listener.Close(); err != nil {
			t.Error(err)
		}
	})
	path := filepath.Join(t.TempDir(), "ca.pem")
	bundle := bytes.Join(append(trusted, listener.CAPEM()), nil)
	if block, _ := pem.Decode(bundle); block == nil {
		t.Fatal("no certificate")
	}
	if err := os.WriteFile(path, bundle, 0o600); err != nil {
		t.Fatal(err)
	}
	httpClient, err := credential.NewHTTPClient(credential.Settings{CACertificatePath: path})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(httpClient.CloseIdleConnections)
	client, err := graph.NewClient(graph.Options{
		Endpoint: listener.URL(), Scope: listener.URL() + "/.default", Credential: bearer(server.Token()), Transport: httpClient, UserAgent: "contract/1",
	})
	if err != nil {
		t.Fatal(err)
	}
	return &tenant{Server: server, client: client, identities: client.ImportedDeviceIdentities}
}

func TestContract_RedirectsToAnotherHostAreNotFollowed(t *testing.T) {
	t.Parallel()
	other, err := graphsim.New(graphsim.Options{Seed: serials("C0")})
	if err != nil {
		t.Fatal(err)
	}
	elsewhere, err := other.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = elsewhere.Close() })
	empty := ""
	for _, status := range []int{http.StatusMovedPermanently, http.StatusFound, http.StatusTemporaryRedirect, http.StatusPermanentRedirect} {
		t.Run(strconv.Itoa(status), func(t *testing.T) {
			t.Parallel()
			server, err := graphsim.New(graphsim.Options{Profile: graphsim.ProfileDocumented, Seed: serials("C0")})
			if err != nil {
				t.Fatal(err)
			}
			tn := listen(t, server, elsewhere.CAPEM())
			id := tn.find(t, "C0").ID
			tn.Inject(graphsim.Fault{Count: -1, Status: status, RawBody: &empty, Header: http.Header{"Location": {elsewhere.URL() + collection + "/" + id}}})
			for op, call := range calls(t, tn, id) {
				err := call()
				if err == nil || !strings.Contains(err.Error(), "redirect to "+elsewhere.URL()+", which was refused") {
					t.Errorf("%s: got %v", op, err)
				}
			}
			if got, want := len(tn.Journal()), len(inOrder()); got != want {
				t.Errorf("%d requests, want %d: a refused redirect does not mend itself", got, want)
			}
			if seen := other.Journal(); len(seen) > 0 {
				t.Errorf("the other host saw %d requests", len(seen))
			}
		})
	}
}

func TestContract_RedirectsOnTheSameHostAreFollowedWithTheirMethod(t *testing.T) {
	t.Parallel()
	server, err := graphsim.New(graphsim.Options{Profile: graphsim.ProfileDocumented, Seed: serials("C0")})
	if err != nil {
		t.Fatal(err)
	}
	tn := listen(t, server)
	empty := ""
	tn.Inject(graphsim.Fault{Status: http.StatusTemporaryRedirect, RawBody: &empty, Header: http.Header{"Location": {collection}}})
	created, err := tn.identities.Create(t.Context(), serial("NEW"))
	if err != nil || created.ID != tn.find(t, "NEW").ID {
		t.Fatalf("got %+v, %v", created, err)
	}
	seen := tn.requests(graphsim.OpCreate)
	if len(seen) != 2 || !seen[1].HasAuthorization || !bytes.Equal(seen[0].Body, seen[1].Body) || seen[1].ContentLength != int64(len(seen[1].Body)) {
		t.Errorf("the second request: %+v", seen[len(seen)-1])
	}
}

func TestContract_AClosedConnectionOnTheWire(t *testing.T) {
	t.Parallel()
	server, err := graphsim.New(graphsim.Options{Profile: graphsim.ProfileDocumented, Seed: serials("C0")})
	if err != nil {
		t.Fatal(err)
	}
	tn := listen(t, server)
	tn.Inject(graphsim.Fault{Operation: graphsim.OpImport, Drop: true, AfterEffect: true}, graphsim.Fault{Operation: graphsim.OpDelete, Drop: true, AfterEffect: true})
	operations := calls(t, tn, tn.find(t, "C0").ID)
	if err := operations[graphsim.OpImport](); !graph.IsOutcomeUnknown(err) {
		t.Errorf("import: %v", err)
	}
	if len(tn.requests(graphsim.OpImport)) != 1 {
		t.Errorf("the import was sent %d times", len(tn.requests(graphsim.OpImport)))
	}
	start := time.Now()
	if err := operations[graphsim.OpDelete](); !graph.IsNotFound(err) || len(tn.requests(graphsim.OpDelete)) != 2 {
		t.Errorf("delete: %v after %d attempts and %s", err, len(tn.requests(graphsim.OpDelete)), time.Since(start))
	}
}

func TestContract_AnUntrustedCertificateIsNamedAsSuch(t *testing.T) {
	t.Parallel()
	server, err := graphsim.New(graphsim.Options{})
	if err != nil {
		t.Fatal(err)
	}
	listener, err := server.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	httpClient, err := credential.NewHTTPClient(credential.Settings{})
	if err != nil {
		t.Fatal(err)
	}
	client, err := graph.NewClient(graph.Options{Endpoint: listener.URL(), Scope: "s", Credential: bearer(server.Token()), Transport: httpClient})
	if err != nil {
		t.Fatal(err)
	}
	_, err = client.ImportedDeviceIdentities.Create(t.Context(), serial("C0"))
	if !graph.IsTLSFailure(err) || !graph.IsNotSent(err) || graph.IsOutcomeUnknown(err) {
		t.Errorf("got %v", err)
	}
}
