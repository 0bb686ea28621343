package inventory

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/intunetf/terraform-provider-intune/internal/graphsim"
)

// orders are the ways in which Terraform may do two halves of a move.
func orders() map[string]func(halves ...func()) {
	return map[string]func(...func()){
		"as written": func(halves ...func()) {
			for _, half := range halves {
				half()
			}
		},
		"reversed": func(halves ...func()) {
			for _, half := range slices.Backward(halves) {
				half()
			}
		},
		"side by side": func(halves ...func()) {
			var group sync.WaitGroup
			for _, half := range halves {
				group.Go(half)
			}
			group.Wait()
		},
		"the second a moment later": func(halves ...func()) {
			var group sync.WaitGroup
			for i, half := range halves {
				group.Go(func() { time.Sleep(time.Duration(i) * 120 * time.Millisecond); half() })
			}
			group.Wait()
		},
		"the first a moment later": func(halves ...func()) {
			var group sync.WaitGroup
			for i, half := range slices.Backward(halves) {
				group.Go(func() { time.Sleep(time.Duration(len(halves)-i) * 120 * time.Millisecond); half() })
			}
			group.Wait()
		},
	}
}

// slow gives every call a duration, so that operations overlap.
func (tn tenant) slow() tenant { tn.Latency = 50 * time.Millisecond; return tn }

// moved checks that the new owner reports the row as its own and that the old one
// lets go of it.
func (w *world) moved(result FleetResult, identifier string) {
	w.t.Helper()
	if _, in := result.In[identifier]; !in {
		w.t.Errorf("%s did not arrive: %+v", identifier, result)
	}
}

func TestClaims_ARowMovesBetweenFleetsInEitherOrder(t *testing.T) {
	t.Parallel()
	runs(t, orders(), func(t *testing.T, run func(...func())) {
		rows := rowsOf(30)
		field().slow().seeded(seedRows(rows)...).in(t, func(t *testing.T, w *world) {
			run(
				func() {
					result := w.change(fleetOf("to"), FleetChange{Add: Rows{"SERIAL000007": "Device 7", "NEW": ""}})
					w.moved(result, "SERIAL000007")
				},
				func() {
					result := w.change(fleetOf("from"), FleetChange{Remove: []string{"SERIAL000007", "SERIAL000008"}})
					if !slices.Equal(result.Gone, []string{"SERIAL000007", "SERIAL000008"}) {
						t.Errorf("gone: %v", result.Gone)
					}
				},
			)
			want := maps.Clone(rows)
			delete(want, "SERIAL000008")
			want["NEW"] = ""
			w.wantHeld(want)
		})
	})
}

// Both fleets write before they remove, and a write waits for a removal of its
// rows that has begun: neither may wait for the other for ever. synctest ends a
// test in which everybody waits.
func TestClaims_TwoFleetsExchangeRowsWithoutWaitingForEachOther(t *testing.T) {
	t.Parallel()
	runs(t, orders(), func(t *testing.T, run func(...func())) {
		a, b := Rows{}, Rows{}
		for i := range 600 {
			a[fmt.Sprintf("A%04d", i)], b[fmt.Sprintf("B%04d", i)] = "a", "b"
		}
		seed := append(seedRows(a), seedRows(b)...)
		field().slow().quick().seeded(seed...).in(t, func(t *testing.T, w *world) {
			half := func(owner Owner, add, remove Rows) func() {
				return func() {
					result := w.change(fleetOf(owner), FleetChange{Add: add, Remove: identifiers(remove)})
					if !maps.Equal(result.In, add) || len(result.Gone) != len(remove) {
						t.Errorf("%s: %d in, %d gone", owner, len(result.In), len(result.Gone))
					}
				}
			}
			start := time.Now()
			run(half("a", b, a), half("b", a, b))
			want := maps.Clone(a)
			maps.Copy(want, b)
			w.wantHeld(want)
			if took := time.Since(start); took > time.Minute {
				t.Errorf("it took %s", took)
			}
		})
	})
}

func TestClaims_ARowMovesFromASingleResourceIntoAFleetInEitherOrder(t *testing.T) {
	t.Parallel()
	runs(t, orders(), func(t *testing.T, run func(...func())) {
		field().slow().seeded(theirs("C0", "text")).in(t, func(t *testing.T, w *world) {
			id := w.stored("C0").ID
			run(
				func() { w.moved(w.change(fleetOf("fleet"), FleetChange{Add: Rows{" c0": "text", "C1": ""}}), " c0") },
				func() {
					if err := w.Delete(t.Context(), "single", serial("C0", "").Key, id); err != nil {
						t.Error(err)
					}
				},
			)
			held := w.held()
			if len(held) != 2 {
				t.Errorf("the tenant holds %v", held)
			}
		})
	})
}

// create_before_destroy: the new fleet adopts every row before the old one goes.
func TestClaims_TheOldHalfOfAReplacementDeletesNothing(t *testing.T) {
	t.Parallel()
	rows := rowsOf(1_200)
	field().quick().seeded(seedRows(rows)...).in(t, func(t *testing.T, w *world) {
		if result := w.change(fleetOf("new"), FleetChange{Add: rows}); result.Adopted != len(rows) {
			t.Errorf("%d adopted", result.Adopted)
		}
		result := w.change(fleetOf("old"), FleetChange{Remove: identifiers(rows)})
		if len(result.Gone) != len(rows) || w.count(graphsim.OpDelete) != 0 {
			t.Errorf("%d left the old state, %d deletions", len(result.Gone), w.count(graphsim.OpDelete))
		}
		w.wantHeld(rows)
	})
}

func TestClaims_TwoFleetsThatListTheSameRowAreAnError(t *testing.T) {
	t.Parallel()
	field().in(t, func(t *testing.T, w *world) {
		w.change(fleetOf("a"), FleetChange{Add: Rows{"C0": "a", "C1": "", "C2": ""}})
		before := w.held()
		_, err := w.ApplyFleet(t.Context(), fleetOf("b"), FleetChange{Add: Rows{"c2": "", "c0": "b", "C3": ""}, Remove: []string{"C9"}})
		var disputed *DisputedError
		if !errors.As(err, &disputed) || !slices.Equal(disputed.Identifiers, []string{"c0", "c2"}) {
			t.Fatalf("got %v", err)
		}
		w.wantHeld(before)
		// The other rows of the refused change are free.
		w.change(fleetOf("c"), FleetChange{Add: Rows{"C3": ""}})
	})
}

func TestClaims_AChangeThatFailedGivesItsRowsBack(t *testing.T) {
	t.Parallel()
	field().seeded(theirs("C0", "old"), theirs("C1", "same")).in(t, func(t *testing.T, w *world) {
		_, err := w.ApplyFleet(t.Context(), fleetOf("a"), FleetChange{Add: Rows{"C0": "new", "C1": "same"}})
		if _, ok := errors.AsType[*ConflictError](err); !ok {
			t.Fatalf("got %v", err)
		}
		result := w.change(fleetOf("b"), FleetChange{Remove: []string{"C0", "C1"}})
		if len(result.Gone) != 2 {
			t.Errorf("gone: %v", result.Gone)
		}
		w.wantHeld(Rows{})
	})
}

func TestClaims_WaitingForADeletionEndsWithTheContext(t *testing.T) {
	t.Parallel()
	field().seeded(theirs("C0", "")).in(t, func(t *testing.T, w *world) {
		w.Inject(graphsim.Fault{Operation: graphsim.OpDelete, Delay: time.Minute, Status: 403})
		go func() {
			_, _ = w.ApplyFleet(t.Context(), fleetOf("a"), FleetChange{Remove: []string{"C0"}})
		}()
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		result, err := w.ApplyFleet(ctx, fleetOf("b"), FleetChange{Add: Rows{"C0": ""}})
		if !errors.Is(err, context.DeadlineExceeded) || len(result.In) > 0 || time.Since(start) > 2*time.Second {
			t.Errorf("got %v after %s", err, time.Since(start))
		}
		time.Sleep(2 * time.Minute)
	})
}
