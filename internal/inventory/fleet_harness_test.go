package inventory

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/intunetf/terraform-provider-intune/internal/deviceid"
	"github.com/intunetf/terraform-provider-intune/internal/graphsim"
)

// unlimited lifts the limits that the client keeps by itself, so that a test
// counts requests and not windows.
const unlimited = 1_000_000

// rowsOf are n rows of a fleet of serial numbers.
func rowsOf(n int) Rows {
	rows := make(Rows, n)
	for i := range n {
		rows[fmt.Sprintf("SERIAL%06d", i)] = fmt.Sprintf("Device %d", i)
	}
	return rows
}

// described are the same rows with another description.
func described(rows Rows, description string) Rows {
	changed := make(Rows, len(rows))
	for identifier := range rows {
		changed[identifier] = description
	}
	return changed
}

func identifiers(rows Rows) []string { return slices.Sorted(maps.Keys(rows)) }

// seedRows are rows that the tenant has before the test.
func seedRows(rows Rows) []graphsim.Identity {
	seed := make([]graphsim.Identity, 0, len(rows))
	for _, identifier := range identifiers(rows) {
		seed = append(seed, theirs(identifier, rows[identifier]))
	}
	return seed
}

func fleetOf(owner Owner) Fleet { return Fleet{Owner: owner, Type: deviceid.TypeSerialNumber} }

// change applies a change that must succeed.
func (w *world) change(f Fleet, change FleetChange) FleetResult {
	w.t.Helper()
	result, err := w.ApplyFleet(w.t.Context(), f, change)
	if err != nil {
		w.t.Fatalf("%v\n%v", err, failuresOf(err))
	}
	return result
}

// held is the truth about the tenant, as rows.
func (w *world) held() Rows {
	rows := Rows{}
	for _, identity := range w.Tenant().Identities() {
		rows[identity.ImportedDeviceIdentifier] = identity.Description
	}
	return rows
}

func (w *world) wantHeld(want Rows) {
	w.t.Helper()
	if got := w.held(); !maps.Equal(got, want) {
		w.t.Errorf("the tenant (-want +got):\n%s", shortDiff(want, got))
	}
}

func (w *world) wantRead(rows, want Rows) {
	w.t.Helper()
	got, err := w.ReadFleet(w.t.Context(), deviceid.TypeSerialNumber, rows)
	if err != nil {
		w.t.Fatal(err)
	}
	if !maps.Equal(got, want) {
		w.t.Errorf("the refresh (-want +got):\n%s", shortDiff(want, got))
	}
}

// shortDiff keeps a message of ten thousand rows readable.
func shortDiff(want, got Rows) string {
	diff := cmp.Diff(want, got)
	if len(diff) > 2000 {
		diff = fmt.Sprintf("%d rows wanted, %d rows got\n%s…", len(want), len(got), diff[:2000])
	}
	return diff
}

// wantTrue checks that the result of a change that failed is the truth: every
// row in In is in the tenant as it says, and every other one of the change is not.
func (w *world) wantTrue(change FleetChange, result FleetResult) {
	w.t.Helper()
	held := w.held()
	for _, rows := range []Rows{change.Add, change.Update} {
		for identifier, description := range rows {
			in, reported := result.In[identifier]
			there, exists := held[identifier]
			if isIn := exists && there == description; isIn != reported || reported && in != description {
				w.t.Errorf("%s: reported as in %v, in the tenant %v (%q)", identifier, reported, exists, there)
			}
		}
	}
	for _, identifier := range change.Remove {
		if _, exists := held[identifier]; exists == slices.Contains(result.Gone, identifier) {
			w.t.Errorf("%s: in the tenant %v, reported as gone %v", identifier, exists, !exists)
		}
	}
}

// failuresOf writes the failures of single rows down.
func failuresOf(err error) []string {
	var partial *PartialError
	if !errors.As(err, &partial) {
		return nil
	}
	var lines []string
	for _, failure := range partial.Failures {
		lines = append(lines, fmt.Sprintf("%s: %v", failure.Identifier, failure.Err))
	}
	return lines
}

// wantPartial checks the counts and the failures of a change that stopped half-way.
func wantPartial(t *testing.T, err error, done, total int, failures ...string) {
	t.Helper()
	var partial *PartialError
	if !errors.As(err, &partial) {
		t.Fatalf("got %v (%T), want a *PartialError", err, err)
	}
	if partial.Done != done || partial.Total != total {
		t.Errorf("%d of %d done, want %d of %d: %v", partial.Done, partial.Total, done, total, err)
	}
	if diff := cmp.Diff(failures, failuresOf(err)); diff != "" {
		t.Errorf("failures (-want +got):\n%s", diff)
	}
}

// inChunksOf makes calls small, so that a few rows make many of them.
func (w *world) inChunksOf(n int64) { w.chunks.rows.Store(n) }

// rowsInCall is how many rows a request of an action carries.
func rowsInCall(r graphsim.Request) int {
	rows, _ := r.JSON["importedDeviceIdentities"].([]any)
	return len(rows)
}

// quick lifts the client's own limits.
func (tn tenant) quick() tenant { tn.requestLimit, tn.writeLimit = unlimited, unlimited; return tn }
