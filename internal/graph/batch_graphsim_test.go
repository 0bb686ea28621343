package graph_test

import (
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/intunetf/terraform-provider-intune/internal/graph"
	"github.com/intunetf/terraform-provider-intune/internal/graphsim"
)

func manySerials(n int) []graphsim.Identity {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf("C%05d", i)
	}
	return serials(names...)
}

func (tn *tenant) ids() []string {
	identities := tn.Tenant().Identities()
	ids := make([]string, len(identities))
	for i, identity := range identities {
		ids[i] = identity.ID
	}
	return ids
}

func TestDeleteBatch_DeletesInChunksAndAnswersInTheOrderOfTheIDs(t *testing.T) {
	t.Parallel()
	inBothProfiles(t, func(t *testing.T, profile graphsim.Profile) {
		synctest.Test(t, func(t *testing.T) {
			tn := newTenant(t, graphsim.Options{Profile: profile, Seed: manySerials(50)})
			ids := tn.ids()
			ids[7], ids[33] = "missing", ""
			errs := tn.identities.DeleteBatch(t.Context(), ids)
			for i, err := range errs {
				switch i {
				case 7:
					if profile == graphsim.ProfileField && !graph.IsBadRequest(err) || profile == graphsim.ProfileDocumented && !graph.IsNotFound(err) {
						t.Errorf("a missing id: %v", err)
					}
				case 33:
					if !graph.IsNotSent(err) {
						t.Errorf("an empty id: %v", err)
					}
				default:
					if err != nil {
						t.Errorf("%d: %v", i, err)
					}
				}
			}
			if left := len(tn.Tenant().Identities()); left != 2 {
				t.Errorf("%d are left, want the 2 that were not named", left)
			}
			if batches := tn.requests(graphsim.OpBatch); len(batches) != 3 {
				t.Errorf("%d batches", len(batches))
			}
			for _, r := range tn.requests(graphsim.OpDelete) {
				if !r.Batch || r.Status == http.StatusTooManyRequests {
					t.Errorf("%+v", r)
				}
			}
		})
	})
}

func TestDeleteBatch_OutlivesWhatTheServiceDoesToItems(t *testing.T) {
	t.Parallel()
	every := func(n int64, f graphsim.Fault) graphsim.Fault {
		var seen atomic.Int64
		f.Match = func(r graphsim.Request) bool { return r.Batch && seen.Add(1)%n == 0 }
		f.Operation, f.Count = graphsim.OpDelete, 12
		return f
	}
	once := func(f graphsim.Fault) graphsim.Fault { f.Operation = graphsim.OpBatch; return f }
	tests := map[string]struct {
		fault graphsim.Fault
		// lost says that some deletions took effect although their answer was lost:
		// the second attempt finds them missing.
		lost bool
	}{
		"429 with Retry-After":             {every(9, graphsim.Fault{Status: 429, RetryAfter: "3"}), false},
		"429 without":                      {every(9, graphsim.Fault{Status: 429, Nested: true}), false},
		"424":                              {every(9, graphsim.Fault{Status: 424}), false},
		"503, HTML":                        {every(9, graphsim.Fault{Status: 503, RawBody: new(graphsim.HTMLServiceUnavailable)}), false},
		"500 after the effect":             {every(9, graphsim.Fault{Status: 500, AfterEffect: true}), true},
		"items lost":                       {every(9, graphsim.Fault{Drop: true}), false},
		"connection lost":                  {once(graphsim.Fault{Drop: true, Count: 2}), false},
		"connection lost after the effect": {once(graphsim.Fault{Drop: true, AfterEffect: true}), true},
		"outer 429":                        {once(graphsim.Fault{Status: 429, RetryAfter: "5"}), false},
		"outer 504":                        {once(graphsim.Fault{Status: 504, Count: 3}), false},
		"answer cut off":                   {once(graphsim.Fault{TruncateBody: 100}), true},
		"no $batch":                        {once(graphsim.Fault{Status: 405, Count: -1}), false},
		"refused": {once(graphsim.Fault{
			Status: 400, Count: -1, Code: "No method match route template", Message: "No OData route exists",
		}), false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				tn := newTenant(t, graphsim.Options{Seed: manySerials(110)})
				tn.Inject(test.fault)
				missing := 0
				for i, err := range tn.identities.DeleteBatch(t.Context(), tn.ids()) {
					if test.lost && graph.IsBadRequest(err) {
						missing++
					} else if err != nil {
						t.Errorf("%d: %v", i, err)
					}
				}
				if left := len(tn.Tenant().Identities()); left > 0 {
					t.Errorf("%d are left", left)
				}
				if test.lost != (missing > 0) {
					t.Errorf("%d were answered as missing", missing)
				}
			})
		})
	}
}
