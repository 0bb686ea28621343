package inventory

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/intunetf/terraform-provider-intune/internal/graphsim"
)

// A tenant may tell spellings apart that mean the same to everybody else.

func TestFleet_AnUpdateOfARespelledRowChangesTheOneInTheTenant(t *testing.T) {
	t.Parallel()
	type test struct {
		tenant tenant
		change FleetChange
	}
	update := Rows{"ABC1": "new"}
	searchForbidden := field(func(b *graphsim.Behaviour) { b.SearchRoute = graphsim.RouteForbidden })
	runs(t, map[string]test{
		"as the state spells it":          {field(), FleetChange{Update: update, Former: map[string]string{"ABC1": "abc1"}}},
		"as the user spells it all along": {field(), FleetChange{Update: update}},
		"documented":                      {documented(), FleetChange{Update: update}},
		"search forbidden":                {searchForbidden, FleetChange{Update: update}},
		"adopted to be overwritten":       {searchForbidden, FleetChange{Add: update}},
	}, func(t *testing.T, test test) {
		test.tenant.quick().seeded(theirs("abc1", "old")).in(t, func(t *testing.T, w *world) {
			f := fleetOf("f")
			f.Overwrite = true
			w.change(f, test.change)
			w.wantHeld(Rows{"abc1": "new"})
			w.wantRead(update, update)
		})
	})
}

// Search compares exactly in some tenants. The plan has said that the row is
// adopted, by the list; the apply must not create it a second time.
func TestFleet_TheApplyAdoptsWhatThePlanHasSeenInAnotherSpelling(t *testing.T) {
	t.Parallel()
	field().quick().seeded(theirs("abc1", "d")).in(t, func(t *testing.T, w *world) {
		check, err := w.CheckFleet(t.Context(), fleetOf("f"), Rows{"ABC1": "d"})
		if err != nil || check.Adopted != 1 {
			t.Fatalf("the plan adopts %d, %v", check.Adopted, err)
		}
		if result := w.change(fleetOf("f"), FleetChange{Add: Rows{"ABC1": "d"}}); result.Adopted != 1 {
			t.Errorf("adopted %d", result.Adopted)
		}
		w.wantHeld(Rows{"abc1": "d"})
	})
}

func TestFleet_OfTwoSpellingsTheOneThatIsWrittenIsMeant(t *testing.T) {
	t.Parallel()
	mine, foreign := theirs("ABC1", "mine"), theirs("abc1", "foreign")
	runs(t, map[string][]graphsim.Identity{
		"mine first": {mine, foreign}, "mine last": {foreign, mine},
	}, func(t *testing.T, seed []graphsim.Identity) {
		for _, route := range []graphsim.RouteAnswer{graphsim.RouteWorks, graphsim.RouteForbidden} {
			field(func(b *graphsim.Behaviour) { b.SearchRoute = route }).quick().seeded(seed...).in(t, func(t *testing.T, w *world) {
				w.wantRead(Rows{"ABC1": "mine"}, Rows{"ABC1": "mine"})
				w.change(fleetOf("f"), FleetChange{Update: Rows{"ABC1": "changed"}})
				w.wantHeld(Rows{"ABC1": "changed", "abc1": "foreign"})
				w.change(fleetOf("f"), FleetChange{Remove: []string{"ABC1"}})
				w.wantHeld(Rows{"abc1": "foreign"})
			})
		}
	})
}

func TestFleet_NothingIsWrittenOrDeletedByAnAmbiguousKey(t *testing.T) {
	t.Parallel()
	const want = `the tenant has several identities that "Abc1" can mean: `
	runs(t, map[string]FleetChange{
		"add": {Add: Rows{"Abc1": "x"}}, "update": {Update: Rows{"Abc1": "x"}}, "remove": {Remove: []string{"Abc1"}},
	}, func(t *testing.T, change FleetChange) {
		forbidden := field(func(b *graphsim.Behaviour) { b.SearchRoute = graphsim.RouteForbidden })
		forbidden.quick().seeded(theirs("ABC1", "one"), theirs("abc1", "two")).in(t, func(t *testing.T, w *world) {
			f := fleetOf("f")
			f.Overwrite = true
			_, err := w.ApplyFleet(t.Context(), f, change)
			var ambiguous *AmbiguousError
			if !errors.As(err, &ambiguous) || !strings.HasPrefix(ambiguous.Error(), want) {
				t.Errorf("got %v", err)
			}
			w.wantHeld(Rows{"ABC1": "one", "abc1": "two"})
		})
	})
}

// Search asked for one spelling does not show another: that is no proof that a
// deletion which the service refused was done all the same.
func TestFleet_ARefusedDeletionIsNoDeletionWhereSearchDoesNotShowTheRow(t *testing.T) {
	t.Parallel()
	for _, status := range []int{400, 403, 409, 500} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			t.Parallel()
			field().quick().seeded(theirs("abc1", "d"), theirs("KEEP", "")).in(t, func(t *testing.T, w *world) {
				w.Inject(always(graphsim.Fault{Operation: graphsim.OpDelete, Status: status, Code: "Blocked", Message: "refused"}))
				result, err := w.ApplyFleet(t.Context(), fleetOf("f"), FleetChange{Remove: []string{"ABC1"}})
				var partial *PartialError
				if !errors.As(err, &partial) || len(partial.Failures) != 1 || len(result.Gone) != 0 {
					t.Errorf("gone are %v, %v", result.Gone, err)
				}
			})
		})
	}
}

// What the answer leaves in doubt is looked for in the spelling that was sent.
func TestFleet_ARespelledRowThatTheAnswerLeavesInDoubtIsFound(t *testing.T) {
	t.Parallel()
	for _, description := range []string{"", "new"} {
		field().quick().seeded(theirs("abc1", "old")).in(t, func(t *testing.T, w *world) {
			w.Inject(always(graphsim.Fault{Operation: graphsim.OpImport, Rows: func([]map[string]any) []map[string]any { return nil }}))
			w.change(fleetOf("f"), FleetChange{Update: Rows{"ABC1": description}, Former: map[string]string{"ABC1": "abc1"}})
			w.wantHeld(Rows{"abc1": description})
		})
	}
}

// Paging skips rows while others are deleted: a row that one list does not show
// may be there.
func TestFleet_ARowThatOneListSkipsIsDeletedAllTheSame(t *testing.T) {
	t.Parallel()
	field().quick().seeded(theirs("ABC1", ""), theirs("ABC2", "")).in(t, func(t *testing.T, w *world) {
		w.inChunksOf(1) // more than one chunk is looked for in the list
		w.Inject(graphsim.Fault{Operation: graphsim.OpList, Body: func(body map[string]any) map[string]any {
			if rows, ok := body["value"].([]any); ok && len(rows) > 1 {
				body["value"] = rows[:1]
			}
			return body
		}})
		w.change(fleetOf("f"), FleetChange{Remove: []string{"ABC1", "ABC2"}})
		w.wantHeld(Rows{})
	})
}
