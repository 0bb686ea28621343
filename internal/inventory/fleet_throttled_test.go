package inventory

import (
	"fmt"
	"maps"
	"testing"
	"time"

	"github.com/intunetf/terraform-provider-intune/internal/graphsim"
)

// throttled is a tenant that allows less than the client believes.
func throttled(requests, writes int, form graphsim.RetryAfterForm) tenant {
	tn := field(func(b *graphsim.Behaviour) { b.RetryAfter = form })
	tn.RequestLimit, tn.WriteLimit, tn.Latency = requests, writes, 50*time.Millisecond
	return tn
}

// Storms of 429, with Retry-After, without, and both: no change fails, and it
// takes not much longer than the limits impose.
func TestFleet_ThrottlingFailsNoChange(t *testing.T) {
	t.Parallel()
	for _, form := range []graphsim.RetryAfterForm{graphsim.RetryAfterAlways, graphsim.RetryAfterNever, graphsim.RetryAfterAlternate} {
		for name, limits := range map[string][2]int{"documented limits": {1000, 100}, "less than the client believes": {60, 30}} {
			t.Run(fmt.Sprintf("%s, Retry-After %s", name, form), func(t *testing.T) {
				t.Parallel()
				throttled(limits[0], limits[1], form).in(t, func(t *testing.T, w *world) {
					w.inChunksOf(10)
					rows := rowsOf(300)
					start := time.Now()
					w.change(fleetOf("a"), FleetChange{Add: rows})
					w.wantHeld(rows)
					changed := described(rows, "changed")
					w.change(fleetOf("a"), FleetChange{Update: changed})
					w.wantHeld(changed)
					w.change(fleetOf("a"), FleetChange{Remove: identifiers(rows)})
					w.wantHeld(Rows{})
					// 30 searches, 60 imports and 300 deletions are writes.
					imposed := time.Duration(390/limits[1]) * 20 * time.Second
					took := time.Since(start)
					if took > 3*imposed {
						t.Errorf("it took %s, the limits impose %s", took, imposed)
					}
					t.Logf("it took %s, the limits impose %s", took, imposed)
				})
			})
		}
	}
}

// Somebody else uses up the tenant's limit for minutes: every call answers 429.
func TestFleet_AStormIsSatOut(t *testing.T) {
	t.Parallel()
	for _, retryAfter := range []string{"", "10"} {
		field().quick().in(t, func(t *testing.T, w *world) {
			start := time.Now()
			storm := always(status("", 429, false))
			storm.RetryAfter = retryAfter
			storm.Match = func(graphsim.Request) bool { return time.Since(start) < 5*time.Minute }
			w.Inject(storm)
			w.inChunksOf(50)
			rows := rowsOf(300)
			result := w.change(fleetOf("a"), FleetChange{Add: rows})
			if !maps.Equal(result.In, rows) {
				t.Errorf("%d rows reported", len(result.In))
			}
			w.wantHeld(rows)
			if took := time.Since(start); took > 7*time.Minute {
				t.Errorf("it took %s", took)
			}
			if n := len(w.Journal()); n > 200 {
				t.Errorf("%d requests into the storm", n)
			}
		})
	}
}
