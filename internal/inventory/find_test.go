package inventory

import (
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/intunetf/terraform-provider-intune/internal/deviceid"
	"github.com/intunetf/terraform-provider-intune/internal/graphsim"
)

// crowd is a tenant with n other identities before the one that is looked for.
func crowd(n int, last graphsim.Identity) []graphsim.Identity {
	seed := make([]graphsim.Identity, 0, n+1)
	for i := range n {
		seed = append(seed, theirs(fmt.Sprintf("X%03d", i), ""))
	}
	return append(seed, last)
}

func TestFind_TheWaysInWhichATenantCanBeAsked(t *testing.T) {
	t.Parallel()
	type test struct {
		adjust   func(*graphsim.Behaviour)
		reader   bool
		searches int
		lists    int
	}
	// The tenant has three pages; a filter makes one of them.
	runs(t, map[string]test{
		"search works":        {func(*graphsim.Behaviour) {}, false, 2, 0},
		"read permission":     {func(*graphsim.Behaviour) {}, true, 1, 2},
		"search route gone":   {func(b *graphsim.Behaviour) { b.SearchRoute = graphsim.RouteUnknownSegment }, false, 2, 2},
		"search is forbidden": {func(b *graphsim.Behaviour) { b.SearchRoute = graphsim.RouteForbidden }, false, 1, 2},
		"neither search nor filter, 400": {func(b *graphsim.Behaviour) {
			b.SearchRoute, b.ContainsFilter = graphsim.RouteForbidden, graphsim.FilterRefused
		}, false, 1, 2 * (1 + 3)},
		"a filter that finds nothing": {func(b *graphsim.Behaviour) {
			b.SearchRoute, b.ContainsFilter = graphsim.RouteForbidden, graphsim.FilterEmpty
		}, false, 1, 2 * (1 + 3)},
	}, func(t *testing.T, test test) {
		tn := field(test.adjust).seeded(crowd(4, theirs("C0", "text"))...)
		tn.PageSize = 2
		if test.reader {
			tn.permissions = []string{graphsim.PermissionRead}
		}
		tn.in(t, func(t *testing.T, w *world) {
			for range 2 {
				got, err := w.Find(t.Context(), serial("C0", "").Key)
				w.wantCreated(got, err, "C0", "text")
			}
			w.wantCounts(map[graphsim.Operation]int{graphsim.OpSearch: test.searches, graphsim.OpList: test.lists})
		})
	})
}

func TestFind_AQuestionThatIsAlwaysAnswered500IsNotAskedAgain(t *testing.T) {
	t.Parallel()
	runs(t, map[string]func(*graphsim.Behaviour){
		"search": func(b *graphsim.Behaviour) { b.SearchRoute = graphsim.RouteServerError },
		"filter": func(b *graphsim.Behaviour) {
			b.SearchRoute, b.ContainsFilter = graphsim.RouteForbidden, graphsim.FilterServerError
		},
	}, func(t *testing.T, adjust func(*graphsim.Behaviour)) {
		field(adjust).seeded(theirs("C0", "text")).in(t, func(t *testing.T, w *world) {
			got, err := w.Find(t.Context(), serial("C0", "").Key)
			w.wantCreated(got, err, "C0", "text")
			start := time.Now()
			got, err = w.Find(t.Context(), serial("C0", "").Key)
			w.wantCreated(got, err, "C0", "text")
			if waited := time.Since(start); waited > time.Second {
				t.Errorf("the second question took %s, for each of many resources", waited)
			}
		})
	})
}

func TestFind_NothingIsSaidOnlyAfterTheWholeList(t *testing.T) {
	t.Parallel()
	type test struct {
		adjust func(*graphsim.Behaviour)
		lists  int
	}
	runs(t, map[string]test{
		"search works":    {func(*graphsim.Behaviour) {}, 1 + 3},
		"search refused":  {func(b *graphsim.Behaviour) { b.SearchRoute = graphsim.RouteForbidden }, 1 + 3},
		"search says 400": {func(b *graphsim.Behaviour) { b.SearchRoute = graphsim.RouteRefused }, 1 + 3},
	}, func(t *testing.T, test test) {
		tn := field(test.adjust).seeded(crowd(4, theirs("C1", ""))...)
		tn.PageSize = 2
		tn.in(t, func(t *testing.T, w *world) {
			if got, err := w.Find(t.Context(), serial("C0", "").Key); !errors.Is(err, ErrNotFound) || got.ID != "" {
				t.Errorf("got %+v, %v", got, err)
			}
			w.wantCounts(map[graphsim.Operation]int{graphsim.OpList: test.lists})
		})
	})
}

func TestFind_MatchesTheNormalisedKeyAndTheType(t *testing.T) {
	t.Parallel()
	mms := func(stored string) graphsim.Identity {
		return graphsim.Identity{ImportedDeviceIdentityType: "manufacturerModelSerial", ImportedDeviceIdentifier: stored}
	}
	const asked = `"Dell, Inc.",Latitude 5440,7801-5131`
	type test struct {
		seed   graphsim.Identity
		key    Key
		adjust func(*graphsim.Behaviour)
	}
	raw := func(b *graphsim.Behaviour) { b.NormaliseMMS = false }
	noSearch := func(b *graphsim.Behaviour) { b.SearchRoute = graphsim.RouteForbidden }
	runs(t, map[string]test{
		"normalised":                  {mms("DELLINC,LATITUDE5440,78015131"), Key{deviceid.TypeManufacturerModelSerial, asked}, func(*graphsim.Behaviour) {}},
		"normalised, by the list":     {mms("DELLINC,LATITUDE5440,78015131"), Key{deviceid.TypeManufacturerModelSerial, asked}, noSearch},
		"stored raw":                  {mms(asked), Key{deviceid.TypeManufacturerModelSerial, asked}, raw},
		"stored in another form":      {mms("dell inc.,latitude 5440,78015131"), Key{deviceid.TypeManufacturerModelSerial, asked}, raw},
		"stored raw, by the list":     {mms(asked), Key{deviceid.TypeManufacturerModelSerial, asked}, func(b *graphsim.Behaviour) { raw(b); noSearch(b) }},
		"serial in another case":      {theirs("c0-1", ""), Key{deviceid.TypeSerialNumber, " C0-1 "}, func(*graphsim.Behaviour) {}},
		"imei with its separators":    {graphsim.Identity{ImportedDeviceIdentityType: "imei", ImportedDeviceIdentifier: "355450075770212"}, Key{deviceid.TypeIMEI, "35-545007-577021-2"}, func(*graphsim.Behaviour) {}},
		"search refuses its spelling": {theirs("C0", ""), Key{deviceid.TypeSerialNumber, "C0"}, func(b *graphsim.Behaviour) { b.SearchRoute = graphsim.RouteRefused }},
	}, func(t *testing.T, test test) {
		decoys := []graphsim.Identity{
			{ImportedDeviceIdentityType: "unknown", ImportedDeviceIdentifier: test.seed.ImportedDeviceIdentifier},
			{ImportedDeviceIdentityType: string(test.key.Type), ImportedDeviceIdentifier: test.seed.ImportedDeviceIdentifier + "0"},
		}
		field(test.adjust).seeded(append(decoys, test.seed)...).in(t, func(t *testing.T, w *world) {
			want := w.Tenant().Identities()[2].ID
			got, err := w.Find(t.Context(), test.key)
			if err != nil || got.ID != want {
				t.Errorf("got %+v, %v, want the id %s", got, err, want)
			}
		})
	})
}

func TestFind_FailuresAreNoAbsence(t *testing.T) {
	t.Parallel()
	type test struct {
		faults []graphsim.Fault
		is     func(error) bool
	}
	noSearch := always(status(graphsim.OpSearch, http.StatusForbidden, false))
	runs(t, map[string]test{
		"search 401":      {[]graphsim.Fault{always(status(graphsim.OpSearch, http.StatusUnauthorized, false))}, IsUnauthorized},
		"list 403":        {[]graphsim.Fault{noSearch, always(status(graphsim.OpList, http.StatusForbidden, false))}, IsForbidden},
		"list 404":        {[]graphsim.Fault{noSearch, always(status(graphsim.OpList, http.StatusNotFound, false))}, func(err error) bool { return !errors.Is(err, ErrNotFound) }},
		"second page 403": {[]graphsim.Fault{noSearch, {Operation: graphsim.OpList, Status: 403, Skip: 2, Count: -1}}, IsForbidden},
	}, func(t *testing.T, test test) {
		tn := field().seeded(crowd(4, theirs("C1", ""))...)
		tn.PageSize = 2
		tn.in(t, func(t *testing.T, w *world) {
			w.Inject(test.faults...)
			if got, err := w.Find(t.Context(), serial("C0", "").Key); err == nil || !test.is(err) || got.ID != "" {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	})
}

func TestGet_TellsAMissingIdentityFromAMissingRoute(t *testing.T) {
	t.Parallel()
	field().seeded(theirs("C0", "text")).in(t, func(t *testing.T, w *world) {
		got, err := w.Get(t.Context(), w.stored("C0").ID)
		w.wantCreated(got, err, "C0", "text")
		if got, err := w.Get(t.Context(), "AkMx"); !errors.Is(err, ErrNotFound) || got.ID != "" || err.Error() != "the tenant has no such corporate device identifier" {
			t.Errorf("got %+v, %v", got, err)
		}
		// A cloud without the collection answers so for everything: nothing may be dropped from a state.
		w.Inject(graphsim.Fault{Operation: graphsim.OpGet, Status: 404, Message: "Resource not found for the segment 'importedDeviceIdentities'."})
		if _, err := w.Get(t.Context(), w.stored("C0").ID); err == nil || errors.Is(err, ErrNotFound) {
			t.Errorf("got %v", err)
		}
	})
}

func TestFind_AsksInASpellingThatTheServiceCanCompare(t *testing.T) {
	t.Parallel()
	type test struct {
		tenant tenant
		seed   graphsim.Identity
		key    Key
		want   []graphsim.Operation
	}
	noSearch := func(b *graphsim.Behaviour) { b.SearchRoute = graphsim.RouteForbidden }
	runs(t, map[string]test{
		"search, imei": {
			field(),
			graphsim.Identity{ImportedDeviceIdentityType: "imei", ImportedDeviceIdentifier: "355450075770212"},
			Key{deviceid.TypeIMEI, "35-545007-577021-2"},
			[]graphsim.Operation{graphsim.OpSearch},
		},
		"search, serial in lower case": {
			field(), theirs("C0-1", ""), Key{deviceid.TypeSerialNumber, "c0-1"}, []graphsim.Operation{graphsim.OpSearch},
		},
		"filter": {
			field(noSearch),
			graphsim.Identity{ImportedDeviceIdentityType: "manufacturerModelSerial", ImportedDeviceIdentifier: "DELLINC,LATITUDE5440,78015131"},
			Key{deviceid.TypeManufacturerModelSerial, `"Dell, Inc.",Latitude 5440,7801-5131`},
			[]graphsim.Operation{graphsim.OpSearch, graphsim.OpList},
		},
	}, func(t *testing.T, test test) {
		test.tenant.seeded(test.seed).in(t, func(t *testing.T, w *world) {
			if got, err := w.Find(t.Context(), test.key); err != nil || got.ID != w.Tenant().Identities()[0].ID {
				t.Errorf("got %+v, %v", got, err)
			}
			w.wantOperations(test.want...)
		})
	})
}
