package inventory

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/intunetf/terraform-provider-intune/internal/graphsim"
)

func TestSnapshot_TheEndOfTheReaderDoesNotFailThoseWhoWait(t *testing.T) {
	t.Parallel()
	field().slow().seeded(seedRows(rowsOf(2_500))...).in(t, func(t *testing.T, w *world) {
		short, cancel := context.WithTimeout(t.Context(), 70*time.Millisecond)
		defer cancel()
		var group sync.WaitGroup
		group.Go(func() {
			if _, err := w.snapshot(short, false); !isEnd(err) {
				t.Errorf("the reader: %v", err)
			}
		})
		synctest.Wait()
		for range 20 {
			group.Go(func() {
				if list, err := w.snapshot(t.Context(), false); err != nil || len(list.byKey) != 2_500 {
					t.Errorf("one who waited: %v", err)
				}
			})
		}
		group.Wait()
		if n := w.count(graphsim.OpList); n > 2+3 {
			t.Errorf("%d pages were read", n)
		}
	})
}

// A list that is refused is refused for all: each would spend a minute on it.
func TestSnapshot_AFailureIsSharedByThoseWhoWait(t *testing.T) {
	t.Parallel()
	field().slow().in(t, func(t *testing.T, w *world) {
		w.Inject(always(status(graphsim.OpList, http.StatusServiceUnavailable, false)))
		start := time.Now()
		var group sync.WaitGroup
		for range 10 {
			group.Go(func() {
				if _, err := w.snapshot(t.Context(), true); err == nil {
					t.Error("no error")
				}
			})
		}
		group.Wait()
		if took := time.Since(start); took > 3*time.Minute {
			t.Errorf("it took %s", took)
		}
	})
}

func TestRefresh_AListThatFailsCostsItsMinuteOnce(t *testing.T) {
	t.Parallel()
	rows := rowsOf(200)
	field().slow().seeded(seedRows(rows)...).in(t, func(t *testing.T, w *world) {
		w.Inject(always(status(graphsim.OpList, http.StatusServiceUnavailable, false)))
		identities := w.Tenant().Identities()
		start := time.Now()
		atParallelism(len(identities), func(i int) {
			if got, err := w.Refresh(t.Context(), identities[i].ID); err != nil || got.ID != identities[i].ID {
				t.Errorf("%s: %v", identities[i].ImportedDeviceIdentifier, err)
			}
		})
		if took := time.Since(start); took > 3*time.Minute {
			t.Errorf("it took %s", took)
		}
	})
}

// A tenant whose list takes longer to read than a list may stand.
func TestSnapshot_ASlowListIsReadOnce(t *testing.T) {
	t.Parallel()
	tn := field().seeded(seedRows(rowsOf(500))...)
	tn.PageSize, tn.Latency = 5, time.Second
	tn.in(t, func(t *testing.T, w *world) {
		for range 3 {
			w.wantRead(Rows{"SERIAL000001": "Device 1"}, Rows{"SERIAL000001": "Device 1"})
		}
		w.wantCounts(map[graphsim.Operation]int{graphsim.OpList: 100})
	})
}

func TestReadFleet_AListFromBeforeAWriteIsReadAgain(t *testing.T) {
	t.Parallel()
	field().in(t, func(t *testing.T, w *world) {
		rows := Rows{"C0": "a", "C1": "b"}
		w.wantRead(rows, Rows{})
		w.change(fleetOf("a"), FleetChange{Add: rows})
		w.wantRead(rows, rows)
		w.change(fleetOf("a"), FleetChange{Update: Rows{"C0": "changed"}})
		w.wantRead(rows, Rows{"C0": "changed", "C1": "b"})
		w.change(fleetOf("a"), FleetChange{Remove: []string{"C1"}})
		w.wantRead(rows, Rows{"C0": "changed"})
	})
}

// Paging by offset skips rows while others are deleted.
func TestReadFleet_RowsThatPagingSkippedStay(t *testing.T) {
	t.Parallel()
	foreign := Rows{}
	for i := range 1_000 {
		foreign[fmt.Sprintf("FOREIGN%04d", i)] = ""
	}
	rows := rowsOf(2_000)
	tn := field().seeded(append(seedRows(foreign), seedRows(rows)...)...)
	tn.PageSize = 500
	tn.in(t, func(t *testing.T, w *world) {
		next := 0
		w.Hook(graphsim.OpList, func(tenant *graphsim.Tenant) {
			if next > 0 && next < 300 {
				for range 100 {
					tenant.Remove("serialNumber", fmt.Sprintf("FOREIGN%04d", next))
					next++
				}
			}
			next = max(next, 1)
		})
		w.wantRead(rows, rows)
		if n := w.count(graphsim.OpList); n <= 6 {
			t.Errorf("%d pages: nothing was skipped, so the test shows nothing", n)
		}
	})
}

func TestReadFleet_ShowsWhatChangedBehindTerraformsBack(t *testing.T) {
	t.Parallel()
	rows := rowsOf(50)
	field().seeded(seedRows(rows)...).in(t, func(t *testing.T, w *world) {
		w.Tenant().Remove("serialNumber", "SERIAL000007")
		w.Tenant().Update("serialNumber", "SERIAL000008", func(i *graphsim.Identity) { i.Description = "portal" })
		w.Tenant().Update("serialNumber", "SERIAL000009", func(i *graphsim.Identity) { i.Description = "" })
		want := rowsOf(50)
		delete(want, "SERIAL000007")
		want["SERIAL000008"], want["SERIAL000009"] = "portal", ""
		w.wantRead(rows, want)
	})
}

// The tenant's own 20,000 identities cost pages and nothing else.
func TestFleet_ForeignIdentitiesAreLeftAlone(t *testing.T) {
	t.Parallel()
	foreign := Rows{}
	for i := range 20_000 {
		foreign[fmt.Sprintf("FOREIGN%05d", i)] = "theirs"
	}
	field().quick().seeded(seedRows(foreign)...).in(t, func(t *testing.T, w *world) {
		rows := rowsOf(1_000)
		w.change(fleetOf("a"), FleetChange{Add: rows})
		w.wantCounts(map[graphsim.Operation]int{graphsim.OpList: 0, graphsim.OpSearch: 2, graphsim.OpImport: 2})
		w.ClearJournal()
		w.wantRead(rows, rows)
		w.wantCounts(map[graphsim.Operation]int{graphsim.OpList: 21})
		w.ClearJournal()
		w.change(fleetOf("a"), FleetChange{Remove: identifiers(rows)[:500]})
		w.wantCounts(map[graphsim.Operation]int{graphsim.OpList: 0, graphsim.OpSearch: 2, graphsim.OpBatch: 25})
		w.change(fleetOf("a"), FleetChange{Remove: identifiers(rows)[500:]})
		w.wantHeld(foreign)
	})
}
