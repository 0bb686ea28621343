package inventory

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/intunetf/terraform-provider-intune/internal/graphsim"
)

// numbered are n serial numbers made of digits, in an order that is not theirs.
func numbered(n int) []graphsim.Identity {
	var seed []graphsim.Identity
	for i := range n {
		seed = append(seed, theirs(fmt.Sprintf("%04d", (i*7)%n), ""))
	}
	return seed
}

func names(identities []Identity) []string {
	var all []string
	for _, identity := range identities {
		all = append(all, identity.ImportedDeviceIdentifier)
	}
	return all
}

func TestList_TheServicesFilterIsUsedAndNeverTrusted(t *testing.T) {
	t.Parallel()
	type test struct {
		answer   graphsim.FilterAnswer
		contains string
		want     []string
		// lists are the requests of two equal reads of a tenant with five pages.
		lists int
	}
	runs(t, map[string]test{
		"works":           {graphsim.FilterWorks, "000", []string{"0000", "0001", "0002", "0003", "0004", "0005", "0006", "0007", "0008", "0009"}, 2 * 5},
		"works, one page": {graphsim.FilterWorks, "0009", []string{"0009"}, 2},
		"finds nothing":   {graphsim.FilterEmpty, "0009", []string{"0009"}, 1 + 5},
		"refused":         {graphsim.FilterRefused, "0009", []string{"0009"}, 1 + 5},
		"there is none":   {graphsim.FilterWorks, "99999", nil, 1 + 5},
	}, func(t *testing.T, test test) {
		tn := field(func(b *graphsim.Behaviour) { b.ContainsFilter = test.answer }).seeded(numbered(10)...)
		tn.PageSize = 2
		tn.in(t, func(t *testing.T, w *world) {
			for range 2 {
				got, err := w.List(t.Context(), Filter{Type: "serialNumber", IdentifierContains: test.contains})
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(test.want, names(got)); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
			}
			w.wantCounts(map[graphsim.Operation]int{graphsim.OpList: test.lists})
		})
	})
}

func TestList_LettersAreNotLeftToTheService(t *testing.T) {
	t.Parallel()
	// The simulated field tenant compares the case of letters.
	tn := field(func(b *graphsim.Behaviour) { b.CaseSensitiveContains = true }).seeded(theirs("ABC1", ""), theirs("XYZ", ""))
	tn.in(t, func(t *testing.T, w *world) {
		for range 3 {
			got, err := w.List(t.Context(), Filter{Type: "serialNumber", IdentifierContains: "bc"})
			if err != nil || !slices.Equal(names(got), []string{"ABC1"}) {
				t.Errorf("got %v, %v", names(got), err)
			}
		}
		w.wantCounts(map[graphsim.Operation]int{graphsim.OpList: 1})
	})
}

func TestList_ARowOnTwoPagesIsListedOnce(t *testing.T) {
	t.Parallel()
	for name, filter := range map[string]Filter{
		"the service filters": {Type: "serialNumber", IdentifierContains: "000"},
		"the whole list":      {Type: "serialNumber"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tn := field().seeded(numbered(6)...)
			tn.PageSize = 2
			tn.in(t, func(t *testing.T, w *world) {
				var first []any
				w.Inject(graphsim.Fault{Operation: graphsim.OpList, Count: -1, Body: func(body map[string]any) map[string]any {
					rows, _ := body["value"].([]any)
					if first == nil {
						first = rows[:1]
					} else {
						body["value"] = append(slices.Clone(first), rows...)
					}
					return body
				}})
				got, err := w.List(t.Context(), filter)
				if diff := cmp.Diff([]string{"0000", "0001", "0002", "0003", "0004", "0005"}, names(got)); diff != "" || err != nil {
					t.Errorf("%v (-want +got):\n%s", err, diff)
				}
				w.wantCounts(map[graphsim.Operation]int{graphsim.OpList: 3})
			})
		})
	}
}

func TestList_IsSortedWhateverTheServiceDoes(t *testing.T) {
	t.Parallel()
	seed := append(numbered(9), graphsim.Identity{ImportedDeviceIdentityType: "imei", ImportedDeviceIdentifier: "999999999999990"})
	field().seeded(seed...).in(t, func(t *testing.T, w *world) {
		got, err := w.List(t.Context(), Filter{})
		want := []string{"999999999999990", "0000", "0001", "0002", "0003", "0004", "0005", "0006", "0007", "0008"}
		if diff := cmp.Diff(want, names(got)); diff != "" || err != nil {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
	})
}

func TestWalk_StopsWithThePageOfTheLastWantedResult(t *testing.T) {
	t.Parallel()
	for wanted, pages := range map[int]int{1: 1, 2: 1, 3: 2, 100: 5} {
		t.Run(fmt.Sprint(wanted), func(t *testing.T) {
			t.Parallel()
			tn := field().seeded(numbered(10)...)
			tn.PageSize = 2
			tn.in(t, func(t *testing.T, w *world) {
				seen := 0
				for _, err := range w.Walk(t.Context(), Filter{}) {
					if err != nil {
						t.Fatal(err)
					}
					if seen++; seen == wanted {
						break
					}
				}
				if seen != min(wanted, 10) {
					t.Errorf("%d results", seen)
				}
				w.wantCounts(map[graphsim.Operation]int{graphsim.OpList: pages})
			})
		})
	}
}

func TestWalk_FallsBackAndSaysWhatStoppedIt(t *testing.T) {
	t.Parallel()
	tn := field(func(b *graphsim.Behaviour) { b.ContainsFilter = graphsim.FilterServerError }).seeded(numbered(10)...)
	tn.in(t, func(t *testing.T, w *world) {
		for range 2 {
			var got []Identity
			for identity, err := range w.Walk(t.Context(), Filter{Type: "serialNumber", IdentifierContains: "0009"}) {
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, identity)
			}
			if !slices.Equal(names(got), []string{"0009"}) {
				t.Errorf("got %v", names(got))
			}
		}
		before := w.count(graphsim.OpList)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		w.Inject(always(status(graphsim.OpList, 503, false)))
		var last error
		for _, err := range w.Walk(ctx, Filter{}) {
			last = err
		}
		if last == nil || w.count(graphsim.OpList) == before {
			t.Errorf("got %v", last)
		}
	})
}

func TestStale_OnlyWhatIsOldEnoughOfTheRightType(t *testing.T) {
	t.Parallel()
	old, long := time.Date(1998, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(1999, 6, 1, 0, 0, 0, 0, time.UTC)
	identity := func(identityType, identifier string, created, contacted time.Time) graphsim.Identity {
		return graphsim.Identity{ImportedDeviceIdentityType: identityType, ImportedDeviceIdentifier: identifier, CreatedDateTime: created, LastContactedDateTime: contacted}
	}
	now := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC) // when synctest's clock begins
	seed := []graphsim.Identity{
		identity("serialNumber", "NEVER-OLD", old, time.Time{}),
		identity("serialNumber", "NEVER-FRESH", now.Add(-time.Hour), time.Time{}),
		identity("serialNumber", "SEEN-LONG-AGO", old, long),
		identity("serialNumber", "SEEN-LATELY", old, now.Add(-time.Hour)),
		identity("imei", "355450075770212", old, time.Time{}),
	}
	bound := now.AddDate(0, -3, 0)
	type test struct {
		stale Stale
		want  []string
	}
	serials := Filter{Type: "serialNumber"}
	aged := Filter{Type: "serialNumber", CreatedBefore: &bound}
	runs(t, map[string]test{
		"never contacted":                {Stale{Filter: aged, NeverContacted: true}, []string{"NEVER-OLD"}},
		"never contacted, of unsure age": {Stale{Filter: serials, NeverContacted: true}, nil},
		"contacted before":               {Stale{Filter: serials, LastContactedBefore: &bound}, []string{"SEEN-LONG-AGO"}},
		"either":                         {Stale{Filter: aged, NeverContacted: true, LastContactedBefore: &bound}, []string{"NEVER-OLD", "SEEN-LONG-AGO"}},
		"no bound":                       {Stale{Filter: aged}, nil},
	}, func(t *testing.T, test test) {
		field().seeded(seed...).in(t, func(t *testing.T, w *world) {
			found, err := w.FindStale(t.Context(), test.stale, true)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, names(found)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			deleted, err := w.DeleteStale(t.Context(), test.stale, found, nil)
			if err != nil || !slices.Equal(deleted.Gone, test.want) {
				t.Errorf("deleted are %+v, %v", deleted, err)
			}
			if left := len(w.Tenant().Identities()); left != len(seed)-len(test.want) {
				t.Errorf("%d identities are left", left)
			}
		})
	})
}

func TestStale_ABoundInTheFutureIsNone(t *testing.T) {
	t.Parallel()
	field().seeded(theirs("S1", "")).in(t, func(t *testing.T, w *world) {
		future := time.Date(2000, 1, 1, 0, 1, 0, 0, time.UTC)
		for _, stale := range []Stale{
			{Filter: Filter{Type: "serialNumber"}, LastContactedBefore: &future},
			{Filter: Filter{Type: "serialNumber", CreatedBefore: &future}, NeverContacted: true},
		} {
			_, err := w.FindStale(t.Context(), stale, true)
			var refused *FutureBoundError
			if !errors.As(err, &refused) || refused.Bound != future {
				t.Errorf("got %v", err)
			}
		}
	})
}

func TestStale_WithoutATypeNothingIsStale(t *testing.T) {
	t.Parallel()
	field().seeded(theirs("S1", "")).in(t, func(t *testing.T, w *world) {
		bound := time.Date(1999, 12, 31, 23, 30, 0, 0, time.UTC)
		found, err := w.FindStale(t.Context(), Stale{Filter: Filter{CreatedBefore: &bound}, NeverContacted: true}, true)
		if !errors.Is(err, errStaleWithoutType) || len(found) > 0 {
			t.Errorf("got %v, %v", names(found), err)
		}
		w.wantCounts(map[graphsim.Operation]int{graphsim.OpList: 0})
	})
}

func TestStale_WhatAResourceOfThisRunHasCreatedIsLeftAlone(t *testing.T) {
	t.Parallel()
	field().seeded(theirs("OTHER", ""), theirs("ADOPTED", "text")).in(t, func(t *testing.T, w *world) {
		adopted := overwriting(serial("ADOPTED", "text"))
		adopted.Owner = "resource"
		if _, err := w.Create(t.Context(), adopted); err != nil {
			t.Fatal(err)
		}
		bound := time.Date(1999, 12, 31, 23, 30, 0, 0, time.UTC)
		found, err := w.FindStale(t.Context(), Stale{Filter: Filter{Type: "serialNumber", CreatedBefore: &bound}, NeverContacted: true}, true)
		if err != nil || !slices.Equal(names(found), []string{"OTHER"}) {
			t.Errorf("got %v, %v", names(found), err)
		}
	})
}

func TestStale_ARefusedDeletionIsNamed(t *testing.T) {
	t.Parallel()
	field().seeded(theirs("S1", ""), theirs("S2", ""), theirs("S3", "")).in(t, func(t *testing.T, w *world) {
		id := w.stored("S2").ID
		refused := always(status(graphsim.OpDelete, 403, false))
		refused.Match = func(r graphsim.Request) bool { return strings.HasSuffix(r.Path, id) }
		w.Inject(refused)
		bound := time.Date(1999, 12, 31, 23, 30, 0, 0, time.UTC)
		stale := Stale{Filter: Filter{Type: "serialNumber", CreatedBefore: &bound}, NeverContacted: true}
		found, err := w.FindStale(t.Context(), stale, true)
		if err != nil {
			t.Fatal(err)
		}
		deleted, err := w.DeleteStale(t.Context(), stale, found, nil)
		var partial *PartialError
		if !errors.As(err, &partial) || len(partial.Failures) != 1 || partial.Failures[0].Identifier != "S2" || !slices.Equal(deleted.Gone, []string{"S1", "S3"}) {
			t.Errorf("deleted are %+v, %v", deleted, err)
		}
	})
}

// A run takes half an hour where the limits impose it: a device that enrols
// meanwhile keeps its identifier.
func TestDeleteStale_WhatIsNoLongerStaleIsKept(t *testing.T) {
	t.Parallel()
	field().quick().seeded(theirs("S1", ""), theirs("S2", ""), theirs("S3", "")).in(t, func(t *testing.T, w *world) {
		bound := time.Date(1999, 12, 31, 23, 30, 0, 0, time.UTC)
		stale := Stale{Filter: Filter{Type: "serialNumber", CreatedBefore: &bound}, NeverContacted: true}
		found, err := w.FindStale(t.Context(), stale, true)
		if err != nil {
			t.Fatal(err)
		}
		w.Tenant().Update("serialNumber", "S2", func(identity *graphsim.Identity) { identity.LastContactedDateTime = time.Now() })
		deleted, err := w.DeleteStale(t.Context(), stale, found, nil)
		if err != nil || !slices.Equal(deleted.Gone, []string{"S1", "S3"}) || !slices.Equal(deleted.Kept, []string{"S2"}) {
			t.Errorf("deleted are %+v, %v", deleted, err)
		}
		w.wantHeld(Rows{"S2": ""})
	})
}

// What was found stale is deleted by its id: another spelling is another device.
func TestDeleteStale_AnotherSpellingIsNotDeleted(t *testing.T) {
	t.Parallel()
	stale, used := theirs("abc1", "stale"), theirs("ABC1", "in use")
	used.LastContactedDateTime = time.Now()
	runs(t, map[string][]graphsim.Identity{"last": {stale, used}, "first": {used, stale}}, func(t *testing.T, seed []graphsim.Identity) {
		for _, route := range []graphsim.RouteAnswer{graphsim.RouteWorks, graphsim.RouteForbidden} {
			field(func(b *graphsim.Behaviour) { b.SearchRoute = route }).quick().seeded(seed...).in(t, func(t *testing.T, w *world) {
				bound := time.Date(1999, 12, 31, 23, 30, 0, 0, time.UTC)
				criteria := Stale{Filter: Filter{Type: "serialNumber", CreatedBefore: &bound}, NeverContacted: true}
				found, err := w.FindStale(t.Context(), criteria, true)
				if err != nil {
					t.Fatal(err)
				}
				if deleted, err := w.DeleteStale(t.Context(), criteria, found, nil); err != nil || !slices.Equal(deleted.Gone, []string{"abc1"}) {
					t.Errorf("deleted are %+v, %v", deleted, err)
				}
				w.wantHeld(Rows{"ABC1": "in use"})
			})
		}
	})
}

func TestDeleteStale_ProgressCountsWhatWasSent(t *testing.T) {
	t.Parallel()
	field().slow().quick().seeded(seedRows(rowsOf(1200))...).in(t, func(t *testing.T, w *world) {
		bound := time.Date(1999, 12, 31, 23, 30, 0, 0, time.UTC)
		stale := Stale{Filter: Filter{Type: "serialNumber", CreatedBefore: &bound}, NeverContacted: true}
		found, err := w.FindStale(t.Context(), stale, true)
		if err != nil {
			t.Fatal(err)
		}
		var told []int
		deleted, err := w.DeleteStale(endedAfter(t, 200*time.Millisecond, false), stale, found, func(_ string, done, _ int) { told = append(told, done) })
		var partial *PartialError
		if !errors.As(err, &partial) || partial.Total != 1200 || partial.Done != len(deleted.Gone) || len(deleted.Gone) == 1200 {
			t.Errorf("%d are gone, %v", len(deleted.Gone), err)
		}
		if len(told) > 0 {
			t.Errorf("progress told of %v, before the first slice was done", told)
		}
		if left := len(w.Tenant().Identities()); left != 1200-len(deleted.Gone) {
			t.Errorf("%d are left, %d reported as gone", left, len(deleted.Gone))
		}
	})
}
