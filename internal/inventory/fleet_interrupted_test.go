package inventory

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"testing"
	"time"

	"github.com/intunetf/terraform-provider-intune/internal/graphsim"
)

// endedAfter is the end of a context so many milliseconds from now: a Ctrl-C, or
// the timeout of the operation.
func endedAfter(t *testing.T, d time.Duration, timeout bool) context.Context {
	t.Helper()
	if timeout {
		ctx, cancel := context.WithTimeout(t.Context(), d)
		t.Cleanup(cancel)
		return ctx
	}
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(d, cancel)
	return ctx
}

// However early or late an apply is interrupted, what it reports is what the
// tenant holds, and the same apply again ends where one alone would have.
func TestFleet_InterruptedAtAnyMomentTheResultIsTrue(t *testing.T) {
	t.Parallel()
	rows, old := rowsOf(240), Rows{}
	for i := range 60 {
		old[fmt.Sprintf("OLD%03d", i)] = "old"
	}
	change := FleetChange{Add: rows, Update: described(old, "new"), Remove: []string{"GONE01", "GONE02"}}
	for i := range 60 {
		change.Remove = append(change.Remove, fmt.Sprintf("LEAVES%03d", i))
	}
	want := maps.Clone(rows)
	maps.Copy(want, change.Update)
	for _, timeout := range []bool{false, true} {
		for d := 20 * time.Millisecond; d < 1700*time.Millisecond; d += 90 * time.Millisecond {
			t.Run(fmt.Sprintf("%s, timeout %v", d, timeout), func(t *testing.T) {
				t.Parallel()
				seed := seedRows(old)
				for _, identifier := range change.Remove {
					seed = append(seed, theirs(identifier, ""))
				}
				field().slow().quick().seeded(seed...).in(t, func(t *testing.T, w *world) {
					w.inChunksOf(20)
					start := time.Now()
					result, err := w.ApplyFleet(endedAfter(t, d, timeout), fleetOf("a"), change)
					if err != nil && !isEnd(err) {
						t.Errorf("got %v", err)
					}
					if took := time.Since(start); took > d+5*time.Second {
						t.Errorf("it went on for %s", took)
					}
					w.wantTrue(change, result)
					w.change(fleetOf("a"), FleetChange{Add: change.Add, Update: change.Update, Remove: change.Remove})
					w.wantHeld(want)
				})
			})
		}
	}
}

// The call is under way when Ctrl-C comes: the service does it, nobody hears it.
func TestFleet_InterruptedDuringACallWhatTookEffectIsFound(t *testing.T) {
	t.Parallel()
	runs(t, map[string]struct {
		op    graphsim.Operation
		after bool
	}{
		"import, done":     {graphsim.OpImport, true},
		"import, not done": {graphsim.OpImport, false},
		"delete, done":     {graphsim.OpBatch, true},
		"delete, not done": {graphsim.OpBatch, false},
	}, func(t *testing.T, test struct {
		op    graphsim.Operation
		after bool
	},
	) {
		change := FleetChange{Add: Rows{"NEW": "new"}, Update: Rows{"OLD": "changed"}, Remove: []string{"GONE"}}
		field().seeded(theirs("OLD", "old"), theirs("GONE", "")).in(t, func(t *testing.T, w *world) {
			fault := silent(test.op, test.after)
			fault.Count = -1
			w.Inject(fault)
			result, err := w.ApplyFleet(endedAfter(t, 5*time.Second, false), fleetOf("a"), change)
			if done := test.op == graphsim.OpBatch && test.after; done != (err == nil) || err != nil && !isEnd(err) {
				t.Errorf("got %v", err)
			}
			w.wantTrue(change, result)
		})
	})
}

func TestFleet_DeletionsThatAreRefusedAreNamedAndTheOthersDone(t *testing.T) {
	t.Parallel()
	rows := rowsOf(120)
	field().seeded(seedRows(rows)...).in(t, func(t *testing.T, w *world) {
		kept := []string{w.stored("SERIAL000007").ID, w.stored("SERIAL000077").ID}
		refused := always(status(graphsim.OpDelete, 409, false))
		refused.Match = func(r graphsim.Request) bool {
			return slices.Contains(kept, path.Base(r.Path))
		}
		w.Inject(refused)
		change := FleetChange{Remove: identifiers(rows)}
		result, err := w.ApplyFleet(t.Context(), fleetOf("a"), change)
		wantPartial(t, err, 118, 120, "SERIAL000007: Graph answered 409 Conflict", "SERIAL000077: Graph answered 409 Conflict")
		w.wantTrue(change, result)
	})
}

// A row that somebody deletes while the fleet does answers 400, and is gone.
func TestFleet_DeletingWhatIsGoneIsNoError(t *testing.T) {
	t.Parallel()
	for _, lag := range []time.Duration{0, 10 * time.Second} {
		rows := rowsOf(60)
		field(func(b *graphsim.Behaviour) { b.SearchLags = true }).lagging(lag).seeded(seedRows(rows)...).in(t, func(t *testing.T, w *world) {
			w.Tenant().Remove("serialNumber", "SERIAL000001")
			first := true
			w.Hook(graphsim.OpBatch, func(tenant *graphsim.Tenant) {
				if first {
					tenant.Remove("serialNumber", "SERIAL000002")
					tenant.Remove("serialNumber", "SERIAL000059")
				}
				first = false
			})
			result := w.change(fleetOf("a"), FleetChange{Remove: identifiers(rows)})
			if len(result.Gone) != 60 {
				t.Errorf("%d gone", len(result.Gone))
			}
			w.wantHeld(Rows{})
		})
	}
}

func TestFleet_ABatchOfDeletionsWithABadAnswerLeavesNoRow(t *testing.T) {
	t.Parallel()
	runs(t, map[string]graphsim.Fault{
		"500":                    status(graphsim.OpBatch, 500, false),
		"504":                    status(graphsim.OpBatch, 504, false),
		"lost before the effect": lost(graphsim.OpBatch, false),
		"lost after the effect":  lost(graphsim.OpBatch, true),
		"items answer 503":       {Operation: graphsim.OpDelete, Status: 503, Count: 30},
		"items answer 429":       {Operation: graphsim.OpDelete, Status: 429, Count: 30},
		"items done, 500":        {Operation: graphsim.OpDelete, Status: 500, Count: 30, AfterEffect: true},
	}, func(t *testing.T, fault graphsim.Fault) {
		for _, lag := range []time.Duration{0, 10 * time.Second} {
			t.Run(lag.String(), func(t *testing.T) {
				t.Parallel()
				rows := rowsOf(130)
				field().lagging(lag).quick().seeded(seedRows(rows)...).in(t, func(t *testing.T, w *world) {
					w.inChunksOf(100) // more rows than a search: the list is read
					fault := fault
					fault.Skip = 1
					w.Inject(fault)
					if result := w.change(fleetOf("a"), FleetChange{Remove: identifiers(rows)}); len(result.Gone) != 130 {
						t.Errorf("%d gone", len(result.Gone))
					}
					w.wantHeld(Rows{})
				})
			})
		}
	})
}

// A search that finds nothing must not make Terraform call rows gone.
func TestFleet_ASearchThatFindsNothingDeletesAllTheSame(t *testing.T) {
	t.Parallel()
	rows := rowsOf(30)
	field().seeded(seedRows(rows)...).in(t, func(t *testing.T, w *world) {
		w.Inject(graphsim.Fault{Operation: graphsim.OpSearch, Body: func(body map[string]any) map[string]any {
			body["value"] = []any{}
			return body
		}})
		w.change(fleetOf("a"), FleetChange{Remove: identifiers(rows)})
		w.wantHeld(Rows{})
	})
}

// What the tenant shows late, list and search alike, is neither lost nor doubled.
func TestFleet_UnderEventualConsistency(t *testing.T) {
	t.Parallel()
	late := func(b *graphsim.Behaviour) { b.SearchLags, b.UpdatesLag = true, true }
	faults := chunkFaults()
	faults["nothing"] = graphsim.Fault{Operation: graphsim.OpUnknown}
	runs(t, faults, func(t *testing.T, fault graphsim.Fault) {
		field(late).lagging(8*time.Second).quick().in(t, func(t *testing.T, w *world) {
			w.inChunksOf(20)
			fault := fault
			w.Inject(fault)
			rows := rowsOf(70)
			w.change(fleetOf("a"), FleetChange{Add: rows})
			w.wantHeld(rows)
			// The next apply comes before anything is visible.
			time.Sleep(2 * time.Second)
			w.Inject(fault)
			if result := w.change(fleetOf("a"), FleetChange{Add: rows}); !maps.Equal(result.In, rows) {
				t.Errorf("%d rows reported", len(result.In))
			}
			changed := described(rows, "changed")
			w.Inject(fault)
			w.change(fleetOf("a"), FleetChange{Update: changed})
			w.wantHeld(changed)
			time.Sleep(10 * time.Second)
			w.wantRead(changed, changed)
			w.change(fleetOf("a"), FleetChange{Remove: identifiers(rows)})
			w.wantHeld(Rows{})
		})
	})
}

func TestFleet_ACreateThatFailsHalfWayIsFinishedByTheNext(t *testing.T) {
	t.Parallel()
	field().quick().in(t, func(t *testing.T, w *world) {
		rows := rowsOf(2_000)
		w.Inject(graphsim.Fault{Operation: graphsim.OpImport, Skip: 2, Count: -1, Status: 403, Code: "Forbidden"})
		result, err := w.ApplyFleet(t.Context(), fleetOf("a"), FleetChange{Add: rows})
		if partial, ok := errors.AsType[*PartialError](err); !ok || partial.Done != 1_000 || !IsForbidden(err) || len(result.In) != 1_000 {
			t.Fatalf("%d in, %v", len(result.In), err)
		}
		w.ClearFaults()
		w.claims.forget() // another run
		if result := w.change(fleetOf("b"), FleetChange{Add: rows}); result.Adopted != 1_000 {
			t.Errorf("%d adopted", result.Adopted)
		}
		w.wantHeld(rows)
		w.wantCounts(map[graphsim.Operation]int{graphsim.OpDelete: 0})
	})
}
