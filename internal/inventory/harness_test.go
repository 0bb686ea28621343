package inventory

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/intunetf/terraform-provider-intune/internal/deviceid"
	"github.com/intunetf/terraform-provider-intune/internal/graph"
	"github.com/intunetf/terraform-provider-intune/internal/graphsim"
)

// bearer is a credential with one token.
type bearer string

func (b bearer) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	return azcore.AccessToken{Token: string(b), ExpiresOn: time.Now().Add(time.Hour)}, nil
}

// world is a simulated tenant and an inventory of it. It lives on the clock of
// synctest's bubble, so that waiting costs nothing.
type world struct {
	*graphsim.Server
	*Inventory
	t *testing.T
}

// tenant are the simulator's options and the inventory's.
type tenant struct {
	graphsim.Options
	method CreateMethod
	// permissions of the token; none means ReadWrite.All.
	permissions []string
	// requestLimit and writeLimit are the client's; 0 means its defaults.
	requestLimit, writeLimit int
}

// documented and field are the two profiles with adjusted knobs.
func documented(adjust ...func(*graphsim.Behaviour)) tenant {
	return profile(graphsim.ProfileDocumented, adjust)
}

func field(adjust ...func(*graphsim.Behaviour)) tenant {
	return profile(graphsim.ProfileField, adjust)
}

func profile(p graphsim.Profile, adjust []func(*graphsim.Behaviour)) tenant {
	return tenant{Options: graphsim.Options{Profile: p, Behaviour: func(b *graphsim.Behaviour) {
		for _, f := range adjust {
			f(b)
		}
	}}}
}

func (tn tenant) with(method CreateMethod) tenant { tn.method = method; return tn }

func (tn tenant) seeded(seed ...graphsim.Identity) tenant { tn.Seed = seed; return tn }

func (tn tenant) lagging(d time.Duration) tenant { tn.VisibleAfter = d; return tn }

// in runs the test in a bubble of its own.
func (tn tenant) in(t *testing.T, test func(t *testing.T, w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		test(t, tn.open(t))
	})
}

func (tn tenant) open(t *testing.T) *world {
	t.Helper()
	server, err := graphsim.New(tn.Options)
	if err != nil {
		t.Fatal(err)
	}
	const endpoint = "https://graph.microsoft.com"
	inv, err := Open(Options{CreateMethod: tn.method, Options: graph.Options{
		Endpoint: endpoint, Scope: endpoint + "/.default", Transport: server,
		Credential:   bearer(server.Token(tn.permissions...)),
		RequestLimit: tn.requestLimit, WriteLimit: tn.writeLimit,
	}})
	if err != nil {
		t.Fatal(err)
	}
	return &world{Server: server, Inventory: inv, t: t}
}

// runs is a table of tests that each have a bubble.
func runs[T any](t *testing.T, tests map[string]T, run func(t *testing.T, test T)) {
	t.Helper()
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			run(t, test)
		})
	}
}

func serial(identifier, description string) Wanted {
	return Wanted{Key: Key{deviceid.TypeSerialNumber, identifier}, Description: description}
}

func overwriting(w Wanted) Wanted { w.Overwrite = true; return w }

// theirs is an identity that is in the tenant before the test.
func theirs(identifier, description string) graphsim.Identity {
	return graphsim.Identity{
		ImportedDeviceIdentityType: "serialNumber", ImportedDeviceIdentifier: identifier, Description: description,
		CreatedDateTime: time.Date(1999, 12, 31, 23, 0, 0, 0, time.UTC),
	}
}

// count is how many requests of an operation the simulator saw.
func (w *world) count(op graphsim.Operation) int {
	n := 0
	for _, r := range w.Journal() {
		if r.Operation == op {
			n++
		}
	}
	return n
}

// wantCounts compares the number of requests; what is not named is not counted.
func (w *world) wantCounts(want map[graphsim.Operation]int) {
	w.t.Helper()
	for op, n := range want {
		if got := w.count(op); got != n {
			w.t.Errorf("%d requests of %s, want %d", got, op, n)
		}
	}
}

// stored is the truth about an identity.
func (w *world) stored(identifier string) graphsim.Identity {
	w.t.Helper()
	identity, ok := w.Tenant().Find("serialNumber", identifier)
	if !ok {
		w.t.Fatalf("the tenant has no %s", identifier)
	}
	return identity
}

// wantCreated checks what a create returned against the tenant.
func (w *world) wantCreated(got Identity, err error, identifier, description string) {
	w.t.Helper()
	if err != nil {
		w.t.Fatalf("got %v", err)
	}
	stored := w.stored(identifier)
	if got.ID != stored.ID || got.Description.Value != description || stored.Description != description {
		w.t.Errorf("got id %q with %q, the tenant has %q with %q, want the description %q",
			got.ID, got.Description.Value, stored.ID, stored.Description, description)
	}
}

// wantExists checks that err names the identity that is in the tenant, unchanged.
func (w *world) wantExists(got Identity, err error, identifier, description string) {
	w.t.Helper()
	var exists *ExistsError
	if !errors.As(err, &exists) {
		w.t.Fatalf("got %+v, %v, want an *ExistsError", got, err)
	}
	stored := w.stored(identifier)
	if got.ID != "" || exists.Existing.ID != stored.ID || exists.Existing.CreatedDateTime == nil {
		w.t.Errorf("got id %q and the error names %+v, the tenant has %+v", got.ID, exists.Existing, stored)
	}
	if stored.Description != description {
		w.t.Errorf("the description became %q", stored.Description)
	}
}

// wantError checks the type of an error and that no identity comes with it.
func wantError[E error](t *testing.T, got Identity, err error) E {
	t.Helper()
	var e E
	if !errors.As(err, &e) {
		t.Fatalf("got %v (%T), want %T", err, err, e)
	}
	if got.ID != "" {
		t.Errorf("the identity %s came with %v", got.ID, err)
	}
	return e
}

// wantServiceError checks that the service's own answer is the error.
func wantServiceError(t *testing.T, got Identity, err error) {
	t.Helper()
	if e := wantError[*graph.Error](t, got, err); e.Operation == "" {
		t.Errorf("%v does not name its operation", e)
	}
}

// operations are the operations of the journal in their order.
func (w *world) operations() []graphsim.Operation {
	var ops []graphsim.Operation
	for _, r := range w.Journal() {
		ops = append(ops, r.Operation)
	}
	return ops
}

func (w *world) wantOperations(want ...graphsim.Operation) {
	w.t.Helper()
	if got := w.operations(); !slices.Equal(got, want) {
		w.t.Errorf("requests: got %v, want %v", got, want)
	}
}

// lost is a reply that never comes: before the effect, or after it.
func lost(op graphsim.Operation, afterEffect bool) graphsim.Fault {
	return graphsim.Fault{Operation: op, Drop: true, AfterEffect: afterEffect}
}

// status is an error answer: before the effect, or after it.
func status(op graphsim.Operation, code int, afterEffect bool) graphsim.Fault {
	return graphsim.Fault{Operation: op, Status: code, AfterEffect: afterEffect}
}

// always makes a fault strike every time.
func always(f graphsim.Fault) graphsim.Fault { f.Count = -1; return f }

// silent is a request that is never answered, with its effect or without.
func silent(op graphsim.Operation, afterEffect bool) graphsim.Fault {
	return graphsim.Fault{Operation: op, AfterEffect: afterEffect, Delay: time.Hour}
}
