package inventory

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/intunetf/terraform-provider-intune/internal/graph"
	"github.com/intunetf/terraform-provider-intune/internal/graphsim"
)

// unknownOutcomes are the answers after which nobody knows what a write did.
func unknownOutcomes(op graphsim.Operation) map[string]graphsim.Fault {
	page := graphsim.HTMLServiceUnavailable
	faults := map[string]graphsim.Fault{}
	for when, after := range map[string]bool{"before": false, "after": true} {
		faults["connection lost "+when] = lost(op, after)
		faults["500 "+when] = status(op, http.StatusInternalServerError, after)
		faults["503 "+when] = status(op, http.StatusServiceUnavailable, after)
		faults["504 "+when] = status(op, http.StatusGatewayTimeout, after)
	}
	faults["unreadable"] = graphsim.Fault{Operation: op, Status: http.StatusOK, RawBody: &page, AfterEffect: true}
	faults["truncated"] = graphsim.Fault{Operation: op, TruncateBody: 40}
	return faults
}

func hasEffect(name string) bool { return !strings.HasSuffix(name, "before") }

func TestCreate_AfterALostReplyOfThePostTheTenantDecides(t *testing.T) {
	t.Parallel()
	for name, fault := range unknownOutcomes(graphsim.OpCreate) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			documented().in(t, func(t *testing.T, w *world) {
				w.Inject(fault)
				got, err := w.Create(t.Context(), serial("C0", "text"))
				w.wantCreated(got, err, "C0", "text")
				imports := 1
				if hasEffect(name) {
					imports = 0
				}
				w.wantCounts(map[graphsim.Operation]int{graphsim.OpCreate: 1, graphsim.OpImport: imports, graphsim.OpSearch: 2})

				// Only a 500 without effect says something of the route.
				got, err = w.Create(t.Context(), serial("C1", ""))
				w.wantCreated(got, err, "C1", "")
				posts := 2
				if name == "500 before" {
					posts = 1
				}
				w.wantCounts(map[graphsim.Operation]int{graphsim.OpCreate: posts})
			})
		})
	}
}

func TestCreate_MethodCreateAfterALostReply(t *testing.T) {
	t.Parallel()
	for name, fault := range unknownOutcomes(graphsim.OpCreate) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			documented().with(CreateMethodCreate).in(t, func(t *testing.T, w *world) {
				w.Inject(fault)
				got, err := w.Create(t.Context(), serial("C0", "text"))
				if hasEffect(name) {
					w.wantCreated(got, err, "C0", "text")
				} else if wantServiceError(t, got, err); len(w.Tenant().Identities()) > 0 || !graph.IsOutcomeUnknown(err) {
					t.Errorf("got %v and %+v", err, w.Tenant().Identities())
				}
				w.wantCounts(map[graphsim.Operation]int{graphsim.OpCreate: 1, graphsim.OpImport: 0})
			})
		})
	}
}

func TestCreate_ARouteThatAlwaysAnswers500AfterTheEffectWorks(t *testing.T) {
	t.Parallel()
	field(func(b *graphsim.Behaviour) { b.CreateRoute = graphsim.RouteLostReply }).in(t, func(t *testing.T, w *world) {
		for _, identifier := range []string{"C1", "C2"} {
			got, err := w.Create(t.Context(), serial(identifier, "text"))
			w.wantCreated(got, err, identifier, "text")
		}
		w.wantCounts(map[graphsim.Operation]int{graphsim.OpCreate: 2, graphsim.OpImport: 0})
	})
}

func TestCreate_AfterALostReplyOfTheImportTheTenantDecides(t *testing.T) {
	t.Parallel()
	for name, fault := range unknownOutcomes(graphsim.OpImport) {
		for kind, known := range map[string]bool{"first request of the process": false, "clock known": true} {
			t.Run(name+", "+kind, func(t *testing.T) {
				t.Parallel()
				field().with(CreateMethodImport).in(t, func(t *testing.T, w *world) {
					if known {
						if _, err := w.Get(t.Context(), "AkMw"); err == nil {
							t.Fatal("the tenant is not empty")
						}
						time.Sleep(300 * time.Millisecond) // within the second of the Date header
					}
					w.Inject(fault)
					got, err := w.Create(t.Context(), serial("C0", "text"))
					w.wantCreated(got, err, "C0", "text")
					imports := 2
					if hasEffect(name) {
						imports = 1
					}
					w.wantCounts(map[graphsim.Operation]int{graphsim.OpImport: imports})
				})
			})
		}
	}
}

func TestCreate_AnImportThatIsAlwaysLostEnds(t *testing.T) {
	t.Parallel()
	field().with(CreateMethodImport).in(t, func(t *testing.T, w *world) {
		w.Inject(always(status(graphsim.OpImport, http.StatusGatewayTimeout, false)))
		got, err := w.Create(t.Context(), serial("C0", "text"))
		wantServiceError(t, got, err)
		if want := "Graph answered 504 Gateway Timeout (UnknownError)"; err.Error() != want {
			t.Errorf("got %s", err)
		}
		w.wantCounts(map[graphsim.Operation]int{graphsim.OpImport: maxImports})
	})
}

func TestCreate_ALookThatFailsAfterALostReplyStopsTheCreate(t *testing.T) {
	t.Parallel()
	type test struct {
		tenant tenant
		op     graphsim.Operation
	}
	runs(t, map[string]test{
		"documented": {documented(), graphsim.OpCreate},
		"import":     {field().with(CreateMethodImport), graphsim.OpImport},
	}, func(t *testing.T, test test) {
		test.tenant.in(t, func(t *testing.T, w *world) {
			searches := status(graphsim.OpSearch, http.StatusUnauthorized, false)
			searches.Skip = 1
			w.Inject(lost(test.op, false), always(searches))
			got, err := w.Create(t.Context(), serial("C0", ""))
			if got.ID != "" || !graph.IsOutcomeUnknown(err) || !strings.Contains(err.Error(), "Graph answered 401") || !strings.Contains(err.Error(), "no answer came from Graph") {
				t.Errorf("got %+v, %v", got, err)
			}
			w.wantCounts(map[graphsim.Operation]int{test.op: 1})
		})
	})
}

func TestCreate_WhatWasThereBeforeALostReplyIsTheirs(t *testing.T) {
	t.Parallel()
	for name, overwrite := range map[string]bool{"kept": false, "overwritten": true} {
		for kind, fault := range map[string]graphsim.Fault{
			"before": lost(graphsim.OpImport, false), "after": lost(graphsim.OpImport, true),
			"500": status(graphsim.OpImport, http.StatusInternalServerError, false),
		} {
			t.Run(kind+", "+name, func(t *testing.T) {
				t.Parallel()
				// Another identity's create has shown the clock, so this one is not looked at before the import.
				field().seeded(theirs("OLD", "before")).in(t, func(t *testing.T, w *world) {
					if _, err := w.Create(t.Context(), serial("FIRST", "")); err != nil {
						t.Fatal(err)
					}
					w.Inject(fault)
					wanted := serial("OLD", "mine")
					wanted.Overwrite = overwrite
					got, err := w.Create(t.Context(), wanted)
					if overwrite {
						w.wantCreated(got, err, "OLD", "mine")
					} else {
						w.wantExists(got, err, "OLD", "before")
					}
				})
			})
		}
	}
}

func TestCreate_WithinTheSecondOfTheServicesClock(t *testing.T) {
	t.Parallel()
	// Somebody's identity is created in the second of our last reply's Date, just before our import is lost.
	for description, isOurs := range map[string]bool{"theirs": false, "": false, "mine": true} {
		t.Run("description "+description, func(t *testing.T) {
			t.Parallel()
			field().with(CreateMethodImport).in(t, func(t *testing.T, w *world) {
				if _, err := w.Create(t.Context(), serial("FIRST", "")); err != nil {
					t.Fatal(err)
				}
				time.Sleep(400 * time.Millisecond)
				w.Tenant().Seed(graphsim.Identity{
					ImportedDeviceIdentityType: "serialNumber", ImportedDeviceIdentifier: "C0", Description: description, CreatedDateTime: time.Now(),
				})
				time.Sleep(400 * time.Millisecond)
				w.Inject(lost(graphsim.OpImport, false))
				got, err := w.Create(t.Context(), serial("C0", "mine"))
				if isOurs {
					w.wantCreated(got, err, "C0", "mine")
				} else {
					w.wantExists(got, err, "C0", description)
				}
			})
		})
	}
}

func TestCreate_TheLocalClockDecidesNothing(t *testing.T) {
	t.Parallel()
	for name, skew := range map[string]time.Duration{"behind": -40 * time.Minute, "ahead": 40 * time.Minute} {
		for kind, tn := range map[string]tenant{"documented": documented(), "import": field().with(CreateMethodImport)} {
			t.Run(kind+", "+name, func(t *testing.T) {
				t.Parallel()
				tn.Now = func() time.Time { return time.Now().Add(skew) }
				tn.in(t, func(t *testing.T, w *world) {
					w.Tenant().Seed(graphsim.Identity{
						ImportedDeviceIdentityType: "serialNumber", ImportedDeviceIdentifier: "OLD", Description: "theirs", CreatedDateTime: tn.Now(),
					})
					time.Sleep(time.Minute)
					w.Inject(lost(graphsim.OpImport, true), lost(graphsim.OpCreate, true))
					got, err := w.Create(t.Context(), serial("C0", "mine"))
					w.wantCreated(got, err, "C0", "mine")
					w.ClearFaults()
					w.Inject(lost(graphsim.OpImport, true))
					got, err = w.Create(t.Context(), serial("OLD", "mine"))
					w.wantExists(got, err, "OLD", "theirs")
				})
			})
		}
	}
}

func TestCreate_ALostReplyAndALateTenant(t *testing.T) {
	t.Parallel()
	late := func(b *graphsim.Behaviour) { b.SearchLags = true }
	type test struct {
		tenant tenant
		op     graphsim.Operation
	}
	runs(t, map[string]test{
		"documented, auto":                {documented(late), graphsim.OpCreate},
		"documented, create":              {documented(late).with(CreateMethodCreate), graphsim.OpCreate},
		"documented, import":              {documented(late).with(CreateMethodImport), graphsim.OpImport},
		"field":                           {field(late), graphsim.OpImport},
		"field, search knows it at once":  {field(), graphsim.OpImport},
		"create, search knows it at once": {documented().with(CreateMethodCreate), graphsim.OpCreate},
	}, func(t *testing.T, test test) {
		test.tenant.lagging(12*time.Second).in(t, func(t *testing.T, w *world) {
			w.Inject(lost(test.op, true))
			got, err := w.Create(t.Context(), serial("C0", "text"))
			w.wantCreated(got, err, "C0", "text")
			if left := w.Tenant().Identities(); len(left) != 1 {
				t.Errorf("the tenant holds %+v", left)
			}
		})
	})
}

func TestCreate_EveryReplyLostAndALateTenant(t *testing.T) {
	t.Parallel()
	late := func(b *graphsim.Behaviour) { b.SearchLags = true }
	field(late).with(CreateMethodImport).lagging(40*time.Second).in(t, func(t *testing.T, w *world) {
		w.Inject(always(lost(graphsim.OpImport, true)))
		got, err := w.Create(t.Context(), serial("C0", "text"))
		w.wantCreated(got, err, "C0", "text")
		w.wantCounts(map[graphsim.Operation]int{graphsim.OpImport: maxImports})
	})
}

func TestCreate_ALostReplyAndACutDescription(t *testing.T) {
	t.Parallel()
	cut := func(b *graphsim.Behaviour) { b.LongDescription = graphsim.LongCut }
	type test struct {
		tenant tenant
		op     graphsim.Operation
	}
	runs(t, map[string]test{
		"documented": {documented(cut), graphsim.OpCreate},
		"import":     {field(cut).with(CreateMethodImport), graphsim.OpImport},
	}, func(t *testing.T, test test) {
		test.tenant.in(t, func(t *testing.T, w *world) {
			// Seen to be absent before, so it is ours although it is not what was sent.
			w.Inject(lost(test.op, true))
			got, err := w.Create(t.Context(), serial("C0", strings.Repeat("x", 129)))
			var notApplied *NotAppliedError
			if !errors.As(err, &notApplied) || got.ID != w.stored("C0").ID {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	})
}
