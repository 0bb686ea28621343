package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/intunetf/terraform-provider-intune/internal/deviceid"
	"github.com/intunetf/terraform-provider-intune/internal/graph"
	"github.com/intunetf/terraform-provider-intune/internal/graphsim"
	"github.com/intunetf/terraform-provider-intune/internal/inventory"
)

type bearer string

func (b bearer) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	return azcore.AccessToken{Token: string(b), ExpiresOn: time.Now().Add(24 * time.Hour)}, nil
}

// limitScenario is work under a tenant's limits. All of it runs on synctest's
// clock, so that an hour of waiting takes a second and no machine is too slow.
type limitScenario struct {
	name string
	n    int
	// admitted is the tenant's write limit; the provider believes in the
	// documented one.
	admitted   int
	retryAfter graphsim.RetryAfterForm
	// storm answers so many requests 429 although there is room.
	storm int
	// empty is a tenant that holds nothing at the start.
	empty bool
	work  func(ctx context.Context, inv *inventory.Inventory, rows inventory.Rows, ids map[string]string) error
}

func limitScenarios() []limitScenario {
	return []limitScenario{
		{name: "fleet, create", n: 20_000, admitted: documentedWrites, empty: true, work: createFleet},
		{name: "fleet, destroy", n: 1000, admitted: documentedWrites, work: destroyFleet},
		{name: "fleet, destroy", n: 10_000, admitted: documentedWrites, work: destroyFleet},
		{name: "fleet, destroy, the tenant admits 75 where 100 are configured, Retry-After", n: 2000, admitted: 75, retryAfter: graphsim.RetryAfterAlways, work: destroyFleet},
		{name: "fleet, destroy, the tenant admits 75 where 100 are configured, no Retry-After", n: 2000, admitted: 75, retryAfter: graphsim.RetryAfterNever, work: destroyFleet},
		{name: "fleet, destroy, 20 deletions answered 429 although there is room", n: 2000, admitted: documentedWrites, retryAfter: graphsim.RetryAfterAlternate, storm: 20, work: destroyFleet},
		{name: "500 single resources, destroy", n: 500, admitted: documentedWrites, work: destroySingles},
	}
}

// TestLimits holds that no apply fails under the documented limits, and writes
// down how much longer than imposed it took on the virtual clock.
func TestLimits(t *testing.T) {
	t.Parallel()
	for _, scenario := range limitScenarios() {
		t.Run(fmt.Sprintf("%s/%d", scenario.name, scenario.n), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, scenario.run)
		})
	}
}

func (sc limitScenario) run(t *testing.T) {
	counts := &tenant{}
	var mu sync.Mutex
	writes := 0
	options := graphsim.Options{
		Profile: graphsim.ProfileField, Latency: 50 * time.Millisecond, RequestLimit: documentedRequests, WriteLimit: sc.admitted,
		Behaviour: func(b *graphsim.Behaviour) {
			if sc.retryAfter != "" {
				b.RetryAfter = sc.retryAfter
			}
		},
		OnRequest: func(r graphsim.Request) {
			counts.count(r)
			if r.Method != http.MethodGet && r.Operation != graphsim.OpBatch && r.Status != http.StatusTooManyRequests {
				mu.Lock()
				defer mu.Unlock()
				writes++
			}
		},
	}
	if !sc.empty {
		options.Seed = seeds(sc.n)
	}
	server, err := graphsim.New(options)
	if err != nil {
		t.Fatal(err)
	}
	if sc.storm > 0 {
		server.Inject(graphsim.Fault{Operation: graphsim.OpDelete, Status: http.StatusTooManyRequests, Count: sc.storm})
	}
	inv, err := inventory.Open(inventory.Options{Options: graph.Options{
		Endpoint: "https://graph.microsoft.com", Scope: "https://graph.microsoft.com/.default", Transport: server,
		Credential: bearer(server.Token()), RequestLimit: documentedRequests, WriteLimit: documentedWrites,
	}})
	if err != nil {
		t.Fatal(err)
	}
	ids := map[string]string{}
	for _, identity := range server.Tenant().Identities() {
		ids[identity.ImportedDeviceIdentifier] = identity.ID
	}
	ctx, cancel := context.WithTimeout(t.Context(), 6*time.Hour)
	defer cancel()
	began := time.Now()
	if err := sc.work(ctx, inv, serials(sc.n), ids); err != nil {
		t.Fatal(err)
	}
	result := limitResult{
		Scenario: sc.name, N: sc.n, Writes: writes, Limit: sc.admitted, Refused: counts.takeRefused(), Wall: time.Since(began), Virtual: true,
	}
	encoded, err := json.Marshal(result)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%s%s", limitsMark, encoded)
}

func (t *tenant) takeRefused() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.routes.Refused
}

func serialFleet() inventory.Fleet {
	return inventory.Fleet{Owner: "bench", Type: deviceid.TypeSerialNumber}
}

func createFleet(ctx context.Context, inv *inventory.Inventory, rows inventory.Rows, _ map[string]string) error {
	_, err := inv.ApplyFleet(ctx, serialFleet(), inventory.FleetChange{Add: rows})
	return err
}

func destroyFleet(ctx context.Context, inv *inventory.Inventory, rows inventory.Rows, _ map[string]string) error {
	change := inventory.FleetChange{}
	for identifier := range rows {
		change.Remove = append(change.Remove, identifier)
	}
	_, err := inv.ApplyFleet(ctx, serialFleet(), change)
	return err
}

func destroySingles(ctx context.Context, inv *inventory.Inventory, _ inventory.Rows, ids map[string]string) error {
	slots := make(chan struct{}, coreParallelism)
	errs := make(chan error, len(ids))
	var group sync.WaitGroup
	for identifier, id := range ids {
		slots <- struct{}{}
		group.Go(func() {
			defer func() { <-slots }()
			if err := inv.Delete(ctx, "bench", inventory.Key{Type: deviceid.TypeSerialNumber, Identifier: identifier}, id); err != nil {
				errs <- err
			}
		})
	}
	group.Wait()
	close(errs)
	return <-errs
}
