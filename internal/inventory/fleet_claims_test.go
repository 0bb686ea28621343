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

// The row is still the fleet's when a single resource wants it: who is first
// decides, and neither the row nor its state is lost.
func TestClaims_ARowMovesFromAFleetToASingleResourceInTwoApplies(t *testing.T) {
	t.Parallel()
	runs(t, orders(), func(t *testing.T, run func(...func())) {
		field().slow().seeded(theirs("C0", "text"), theirs("C1", "")).in(t, func(t *testing.T, w *world) {
			var created Identity
			var err error
			run(
				func() {
					wanted := serial("C0", "text")
					wanted.Owner = "single"
					created, err = w.Create(t.Context(), wanted)
				},
				func() { w.change(fleetOf("fleet"), FleetChange{Remove: []string{"C0"}}) },
			)
			if _, ok := errors.AsType[*ExistsError](err); err != nil && !ok {
				t.Fatal(err)
			}
			// A create that was refused did not keep the fleet from deleting.
			if _, there := w.held()["C0"]; there != (err == nil) || there != (created.ID != "") {
				t.Errorf("in the tenant: %v, created %q, %v", there, created.ID, err)
			}
			if err == nil {
				return
			}
			if _, err := w.Create(t.Context(), serial("C0", "text")); err != nil {
				t.Error(err)
			}
		})
	})
}

// A fleet that removes a row waits for the one that takes it over, and deletes
// it where that fails.
func TestClaims_ARowThatNobodyCameToOwnIsDeleted(t *testing.T) {
	t.Parallel()
	field().slow().seeded(theirs("C0", "old"), theirs("C1", "old")).in(t, func(t *testing.T, w *world) {
		var group sync.WaitGroup
		group.Go(func() {
			_, err := w.ApplyFleet(t.Context(), fleetOf("to"), FleetChange{Add: Rows{"C0": "new", "C1": "old"}})
			if _, ok := errors.AsType[*ConflictError](err); !ok {
				t.Errorf("got %v", err)
			}
		})
		synctest.Wait()
		result := w.change(fleetOf("from"), FleetChange{Remove: []string{"C0", "C1"}})
		group.Wait()
		if len(result.Gone) != 2 {
			t.Errorf("gone: %v", result.Gone)
		}
		w.wantHeld(Rows{})
	})
}

// A refresh in between begins a new run; who waits for a claim of the old one
// must not wait for ever.
func TestClaims_WhatIsForgottenKeepsNobodyWaiting(t *testing.T) {
	t.Parallel()
	field().slow().seeded(theirs("C0", "old")).in(t, func(t *testing.T, w *world) {
		w.Inject(graphsim.Fault{Operation: graphsim.OpImport, Delay: 5 * time.Second})
		go func() { _, _ = w.ApplyFleet(t.Context(), fleetOf("to"), FleetChange{Add: Rows{"C0": "old", "C1": ""}}) }()
		time.Sleep(time.Second)
		var group sync.WaitGroup
		group.Go(func() { w.change(fleetOf("from"), FleetChange{Remove: []string{"C0"}}) })
		time.Sleep(time.Second)
		w.claims.forget()
		group.Wait()
		time.Sleep(time.Minute)
	})
}

func TestClaims_AnInterruptedWaitSaysThatNothingWasDeleted(t *testing.T) {
	t.Parallel()
	field().seeded(theirs("C0", "old")).in(t, func(t *testing.T, w *world) {
		w.Inject(graphsim.Fault{Operation: graphsim.OpImport, Delay: time.Minute})
		go func() { _, _ = w.ApplyFleet(t.Context(), fleetOf("to"), FleetChange{Add: Rows{"C0": "old", "C1": ""}}) }()
		synctest.Wait()
		change := FleetChange{Update: Rows{"C2": "x"}, Remove: []string{"C0"}}
		result, err := w.ApplyFleet(endedAfter(t, 10*time.Second, false), fleetOf("from"), change)
		wantPartial(t, err, 0, 1)
		w.wantTrue(change, result)
		time.Sleep(2 * time.Minute)
	})
}
