package inventory

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/intunetf/terraform-provider-intune/internal/graphsim"
)

// Rows of one call come back with one answer for both: without the claims each
// of two resources would take the identity for its own.
func TestCreate_TwoResourcesWithOneKeyDoNotShareAnIdentity(t *testing.T) {
	t.Parallel()
	field().slow().with(CreateMethodImport).in(t, func(t *testing.T, w *world) {
		var group sync.WaitGroup
		ids, errs := make([]string, 8), make([]error, 8)
		for i := range ids {
			group.Go(func() {
				wanted := serial(fmt.Sprintf("SAME%d", i/2), "d")
				wanted.Owner = Owner(fmt.Sprint(i))
				created, err := w.Create(t.Context(), wanted)
				ids[i], errs[i] = created.ID, err
			})
		}
		group.Wait()
		for i := 0; i < len(ids); i += 2 {
			var disputed *DisputedError
			if (ids[i] == "") == (ids[i+1] == "") || !errors.As(errors.Join(errs[i], errs[i+1]), &disputed) {
				t.Errorf("the pair got %q, %v", ids[i:i+2], errs[i:i+2])
			}
		}
	})
}

func TestFleet_AFleetAndASingleResourceDoNotShareAnIdentity(t *testing.T) {
	t.Parallel()
	for _, delay := range []time.Duration{0, 10 * time.Millisecond, 60 * time.Millisecond, 300 * time.Millisecond} {
		t.Run(delay.String(), func(t *testing.T) {
			t.Parallel()
			field().slow().quick().with(CreateMethodImport).in(t, func(t *testing.T, w *world) {
				var group sync.WaitGroup
				var fleetErr, singleErr error
				group.Go(func() {
					_, fleetErr = w.ApplyFleet(t.Context(), fleetOf("fleet"), FleetChange{Add: Rows{"SAME": "d", "X": "x"}})
				})
				group.Go(func() {
					time.Sleep(delay)
					wanted := serial("SAME", "d")
					wanted.Owner = "single"
					_, singleErr = w.Create(t.Context(), wanted)
				})
				group.Wait()
				if (fleetErr == nil) == (singleErr == nil) {
					t.Errorf("the fleet got %v, the single resource %v", fleetErr, singleErr)
				}
			})
		})
	}
}

// That another resource deletes the same row, too, does not mean that it is gone.
func TestFleet_ADeletionThatFailsIsNoSuccessOfAnother(t *testing.T) {
	t.Parallel()
	field().slow().quick().seeded(theirs("K", "d")).in(t, func(t *testing.T, w *world) {
		w.Inject(always(graphsim.Fault{Operation: graphsim.OpDelete, Status: 409, Code: "Conflict", Message: "no"}))
		var group sync.WaitGroup
		for i, owner := range []Owner{"a", "b"} {
			group.Go(func() {
				time.Sleep(time.Duration(i) * 10 * time.Millisecond)
				if result, err := w.ApplyFleet(t.Context(), fleetOf(owner), FleetChange{Remove: []string{"K"}}); err == nil {
					t.Errorf("%s: gone are %v", owner, result.Gone)
				}
			})
		}
		group.Wait()
	})
}
