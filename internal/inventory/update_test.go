package inventory

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/intunetf/terraform-provider-intune/internal/deviceid"
	"github.com/intunetf/terraform-provider-intune/internal/graph"
	"github.com/intunetf/terraform-provider-intune/internal/graphsim"
)

func TestUpdate_UsesTheRouteThatTheTenantHas(t *testing.T) {
	t.Parallel()
	type test struct {
		tenant  tenant
		patches int
		imports int
	}
	runs(t, map[string]test{
		"documented, auto":   {documented(), 2, 0},
		"documented, create": {documented().with(CreateMethodCreate), 2, 0},
		"documented, import": {documented().with(CreateMethodImport), 0, 2},
		"field, auto":        {field(), 1, 2},
		"field, import":      {field().with(CreateMethodImport), 0, 2},
	}, func(t *testing.T, test test) {
		test.tenant.seeded(theirs("C0", "before")).in(t, func(t *testing.T, w *world) {
			id := w.stored("C0").ID
			for _, description := range []string{"first", "second"} {
				got, err := w.UpdateDescription(t.Context(), id, description)
				w.wantCreated(got, err, "C0", description)
				if !got.LastModifiedDateTime.Equal(w.stored("C0").LastModifiedDateTime) || got.CreatedDateTime.Year() != 1999 {
					t.Errorf("got %+v", got)
				}
			}
			w.wantCounts(map[graphsim.Operation]int{graphsim.OpUpdate: test.patches, graphsim.OpImport: test.imports, graphsim.OpGet: 4})
		})
	})
}

func TestUpdate_ATenantThatRefusedThePostIsNotAskedForThePatch(t *testing.T) {
	t.Parallel()
	field().in(t, func(t *testing.T, w *world) {
		created, err := w.Create(t.Context(), serial("C0", "before"))
		if err != nil {
			t.Fatal(err)
		}
		got, err := w.UpdateDescription(t.Context(), created.ID, "after")
		w.wantCreated(got, err, "C0", "after")
		w.wantCounts(map[graphsim.Operation]int{graphsim.OpUpdate: 0, graphsim.OpImport: 2})
	})
}

func TestUpdate_MethodCreateNeverUsesTheImportAction(t *testing.T) {
	t.Parallel()
	for _, answer := range []graphsim.RouteAnswer{graphsim.RouteRefused, graphsim.RouteUnknownSegment, graphsim.RouteNotAllowed, graphsim.RouteNotImplemented, graphsim.RouteServerError} {
		t.Run(string(answer), func(t *testing.T) {
			t.Parallel()
			tn := documented(func(b *graphsim.Behaviour) { b.PatchRoute = answer }).with(CreateMethodCreate)
			tn.seeded(theirs("C0", "before")).in(t, func(t *testing.T, w *world) {
				for range 2 {
					got, err := w.UpdateDescription(t.Context(), w.stored("C0").ID, "after")
					if answer == graphsim.RouteServerError {
						wantServiceError(t, got, err)
						continue
					}
					refused := wantError[*RouteRefusedError](t, got, err)
					if want := "this tenant refuses PATCH /deviceManagement/importedDeviceIdentities/{id}: Graph answered "; !strings.HasPrefix(refused.Error(), want) {
						t.Errorf("got %s", refused)
					}
				}
				w.wantCounts(map[graphsim.Operation]int{graphsim.OpUpdate: 2, graphsim.OpImport: 0})
			})
		})
	}
}

func TestUpdate_AnEqualDescriptionIsNotWritten(t *testing.T) {
	t.Parallel()
	for _, description := range []string{"same", ""} {
		field().seeded(theirs("C0", description)).in(t, func(t *testing.T, w *world) {
			got, err := w.UpdateDescription(t.Context(), w.stored("C0").ID, description)
			w.wantCreated(got, err, "C0", description)
			w.wantOperations(graphsim.OpGet)
		})
	}
}

func TestUpdate_Clearing(t *testing.T) {
	t.Parallel()
	type test struct {
		cleared graphsim.ClearedBy
		writes  int
	}
	runs(t, map[string]test{
		"by both":    {graphsim.ClearedByBoth, 1},
		"by empty":   {graphsim.ClearedByEmpty, 1},
		"by null":    {graphsim.ClearedByNull, 2},
		"by neither": {graphsim.ClearedByNothing, 2},
	}, func(t *testing.T, test test) {
		adjust := func(b *graphsim.Behaviour) { b.ClearedBy = test.cleared }
		for name, tn := range map[string]tenant{"documented": documented(adjust), "field": field(adjust).with(CreateMethodImport)} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				tn.seeded(theirs("C0", "before")).in(t, func(t *testing.T, w *world) {
					start := time.Now()
					got, err := w.UpdateDescription(t.Context(), w.stored("C0").ID, "")
					if test.cleared == graphsim.ClearedByNothing {
						var notApplied *NotAppliedError
						if want := `Graph accepted the description "", but the tenant shows "before"`; !errors.As(err, &notApplied) || err.Error() != want || notApplied.ID != w.stored("C0").ID {
							t.Errorf("got %v", err)
						}
					} else {
						w.wantCreated(got, err, "C0", "")
					}
					if writes := w.count(graphsim.OpUpdate) + w.count(graphsim.OpImport); writes != test.writes {
						t.Errorf("%d writes, want %d", writes, test.writes)
					}
					if took := time.Since(start); took > 25*time.Second {
						t.Errorf("took %s", took)
					}
				})
			})
		}
	})
}

func TestUpdate_AfterALostReplyTheTenantDecides(t *testing.T) {
	t.Parallel()
	for name, fault := range unknownOutcomes(graphsim.OpUpdate) {
		t.Run("PATCH, "+name, func(t *testing.T) {
			t.Parallel()
			documented().seeded(theirs("C0", "before")).in(t, func(t *testing.T, w *world) {
				// The content of a PATCH's 200 is of no interest: unreadable is no unknown outcome there.
				w.Inject(fault)
				got, err := w.UpdateDescription(t.Context(), w.stored("C0").ID, "after")
				w.wantCreated(got, err, "C0", "after")
				imports := 1
				if hasEffect(name) {
					imports = 0
				}
				w.wantCounts(map[graphsim.Operation]int{graphsim.OpUpdate: 1, graphsim.OpImport: imports})
				got, err = w.UpdateDescription(t.Context(), w.stored("C0").ID, "again")
				w.wantCreated(got, err, "C0", "again")
				patches := 2
				if name == "500 before" {
					patches = 1
				}
				w.wantCounts(map[graphsim.Operation]int{graphsim.OpUpdate: patches})
			})
		})
	}
	for name, fault := range unknownOutcomes(graphsim.OpImport) {
		t.Run("import, "+name, func(t *testing.T) {
			t.Parallel()
			field().with(CreateMethodImport).seeded(theirs("C0", "before")).in(t, func(t *testing.T, w *world) {
				w.Inject(fault)
				got, err := w.UpdateDescription(t.Context(), w.stored("C0").ID, "after")
				w.wantCreated(got, err, "C0", "after")
				imports := 2
				if hasEffect(name) {
					imports = 1
				}
				w.wantCounts(map[graphsim.Operation]int{graphsim.OpImport: imports})
			})
		})
	}
}

func TestUpdate_FailuresAreReported(t *testing.T) {
	t.Parallel()
	type test struct {
		tenant tenant
		fault  graphsim.Fault
		is     func(error) bool
	}
	runs(t, map[string]test{
		"PATCH 403":  {documented(), status(graphsim.OpUpdate, http.StatusForbidden, false), IsForbidden},
		"PATCH 400":  {documented(), status(graphsim.OpUpdate, http.StatusBadRequest, false), IsMalformed},
		"import 403": {field(), status(graphsim.OpImport, http.StatusForbidden, false), IsForbidden},
		"import lost twice": {
			field(), always(lost(graphsim.OpImport, false)),
			graph.IsOutcomeUnknown,
		},
		"method create, lost": {documented().with(CreateMethodCreate), lost(graphsim.OpUpdate, false), graph.IsOutcomeUnknown},
		"first GET 403":       {documented(), status(graphsim.OpGet, http.StatusForbidden, false), IsForbidden},
	}, func(t *testing.T, test test) {
		test.tenant.seeded(theirs("C0", "before")).in(t, func(t *testing.T, w *world) {
			w.Inject(test.fault)
			got, err := w.UpdateDescription(t.Context(), w.stored("C0").ID, "after")
			wantServiceError(t, got, err)
			if !test.is(err) || w.stored("C0").Description != "before" {
				t.Errorf("got %v, the tenant has %q", err, w.stored("C0").Description)
			}
		})
	})
}

func TestUpdate_OfAMissingIdentity(t *testing.T) {
	t.Parallel()
	runs(t, map[string]tenant{"documented": documented(), "field": field()}, func(t *testing.T, tn tenant) {
		tn.in(t, func(t *testing.T, w *world) {
			_, err := w.UpdateDescription(t.Context(), "AkMw", "x")
			if !errors.Is(err, ErrNotFound) {
				t.Errorf("got %v", err)
			}
			w.wantOperations(graphsim.OpGet)
		})
	})
}

func TestUpdate_OfAnIdentityThatVanishesBeforeThePatch(t *testing.T) {
	t.Parallel()
	documented().seeded(theirs("C0", "before"), theirs("C1", "before")).in(t, func(t *testing.T, w *world) {
		w.Hook(graphsim.OpUpdate, func(tn *graphsim.Tenant) { tn.Remove("serialNumber", "C0") })
		_, err := w.UpdateDescription(t.Context(), w.stored("C0").ID, "x")
		if !errors.Is(err, ErrNotFound) {
			t.Errorf("got %v", err)
		}
		// The 404 was about the identity: the route is still used.
		got, err := w.UpdateDescription(t.Context(), w.stored("C1").ID, "x")
		w.wantCreated(got, err, "C1", "x")
		w.wantCounts(map[graphsim.Operation]int{graphsim.OpUpdate: 2, graphsim.OpImport: 0})
	})
}

func TestUpdate_WaitsUntilTheChangeIsVisible(t *testing.T) {
	t.Parallel()
	adjust := func(b *graphsim.Behaviour) { b.UpdatesLag = true }
	type test struct {
		tenant      tenant
		description string
		fault       graphsim.Fault
	}
	runs(t, map[string]test{
		"documented":             {documented(adjust), "after", graphsim.Fault{}},
		"field":                  {field(adjust), "after", graphsim.Fault{}},
		"documented, cleared":    {documented(adjust), "", graphsim.Fault{}},
		"field, cleared":         {field(adjust), "", graphsim.Fault{}},
		"documented, lost reply": {documented(adjust), "after", lost(graphsim.OpUpdate, true)},
		"field, lost reply":      {field(adjust), "after", lost(graphsim.OpImport, true)},
		"method create, lost reply": {
			documented(adjust).with(CreateMethodCreate), "after", lost(graphsim.OpUpdate, true),
		},
	}, func(t *testing.T, test test) {
		test.tenant.seeded(theirs("C0", "before")).lagging(15*time.Second).in(t, func(t *testing.T, w *world) {
			if test.fault.Operation != "" {
				w.Inject(test.fault)
			}
			start := time.Now()
			got, err := w.UpdateDescription(t.Context(), w.stored("C0").ID, test.description)
			w.wantCreated(got, err, "C0", test.description)
			if took := time.Since(start); took < 15*time.Second || took > 25*time.Second {
				t.Errorf("took %s", took)
			}
		})
	})
}

func TestUpdate_ADescriptionThatDoesNotChangeIsAnError(t *testing.T) {
	t.Parallel()
	ignored := func(b *graphsim.Behaviour) { b.OverwriteIgnored, b.PatchIgnored = true, true }
	runs(t, map[string]tenant{"documented": documented(ignored), "field": field(ignored)}, func(t *testing.T, tn tenant) {
		tn.seeded(theirs("C0", "before")).in(t, func(t *testing.T, w *world) {
			_, err := w.UpdateDescription(t.Context(), w.stored("C0").ID, "after")
			var notApplied *NotAppliedError
			if want := `Graph accepted the description "after", but the tenant shows "before"`; !errors.As(err, &notApplied) || err.Error() != want {
				t.Errorf("got %v", err)
			}
		})
	})
}

func TestUpdate_TheStoredSpellingIsOverwritten(t *testing.T) {
	t.Parallel()
	const raw = `"Dell, Inc.",Latitude 5440,7801-5131`
	for name, normalise := range map[string]bool{"normalised": true, "raw": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tn := field(func(b *graphsim.Behaviour) { b.NormaliseMMS = normalise })
			tn.in(t, func(t *testing.T, w *world) {
				created, err := w.Create(t.Context(), Wanted{Key: Key{deviceid.TypeManufacturerModelSerial, raw}, Description: "before"})
				if err != nil {
					t.Fatal(err)
				}
				got, err := w.UpdateDescription(t.Context(), created.ID, "after")
				if err != nil || got.ID != created.ID || got.Description.Value != "after" || len(w.Tenant().Identities()) != 1 {
					t.Errorf("got %+v, %v, the tenant has %d", got, err, len(w.Tenant().Identities()))
				}
			})
		})
	}
}
