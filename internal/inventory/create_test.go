package inventory

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/intunetf/terraform-provider-intune/internal/deviceid"
	"github.com/intunetf/terraform-provider-intune/internal/graph"
	"github.com/intunetf/terraform-provider-intune/internal/graphsim"
)

func TestCreate_EveryMethodOnBothProfiles(t *testing.T) {
	t.Parallel()
	type test struct {
		tenant tenant
		want   []graphsim.Operation
	}
	runs(t, map[string]test{
		"documented, auto": {
			documented().with(CreateMethodAuto),
			[]graphsim.Operation{graphsim.OpSearch, graphsim.OpCreate, graphsim.OpGet, graphsim.OpSearch, graphsim.OpCreate, graphsim.OpGet},
		},
		"documented, create": {
			documented().with(CreateMethodCreate),
			[]graphsim.Operation{graphsim.OpSearch, graphsim.OpCreate, graphsim.OpGet, graphsim.OpSearch, graphsim.OpCreate, graphsim.OpGet},
		},
		// The first request of the process shows the service's clock; later ones need no look.
		"documented, import": {
			documented().with(CreateMethodImport),
			[]graphsim.Operation{graphsim.OpSearch, graphsim.OpImport, graphsim.OpGet, graphsim.OpImport, graphsim.OpGet},
		},
		// The refused route is tried once.
		"field, auto": {
			field(),
			[]graphsim.Operation{graphsim.OpSearch, graphsim.OpCreate, graphsim.OpImport, graphsim.OpGet, graphsim.OpImport, graphsim.OpGet},
		},
		"field, import": {
			field().with(CreateMethodImport),
			[]graphsim.Operation{graphsim.OpSearch, graphsim.OpImport, graphsim.OpGet, graphsim.OpImport, graphsim.OpGet},
		},
	}, func(t *testing.T, test test) {
		test.tenant.in(t, func(t *testing.T, w *world) {
			for _, identifier := range []string{"C1", "C2"} {
				got, err := w.Create(t.Context(), serial(identifier, "text"))
				w.wantCreated(got, err, identifier, "text")
				if got.Status == nil || !*got.Status {
					t.Error("the status of the answer was lost")
				}
			}
			w.wantOperations(test.want...)
		})
	})
}

func TestCreate_MethodCreateNeverUsesTheImportAction(t *testing.T) {
	t.Parallel()
	for _, answer := range []graphsim.RouteAnswer{graphsim.RouteRefused, graphsim.RouteUnknownSegment, graphsim.RouteNotAllowed, graphsim.RouteNotImplemented, graphsim.RouteServerError} {
		t.Run(string(answer), func(t *testing.T) {
			t.Parallel()
			field(func(b *graphsim.Behaviour) { b.CreateRoute = answer }).with(CreateMethodCreate).in(t, func(t *testing.T, w *world) {
				for _, identifier := range []string{"C1", "C2"} {
					got, err := w.Create(t.Context(), serial(identifier, ""))
					if answer == graphsim.RouteServerError {
						wantServiceError(t, got, err)
						continue
					}
					refused := wantError[*RouteRefusedError](t, got, err)
					if want := "this tenant refuses POST /deviceManagement/importedDeviceIdentities: Graph answered "; !strings.HasPrefix(refused.Error(), want) {
						t.Errorf("got %s", refused)
					}
				}
				w.wantCounts(map[graphsim.Operation]int{graphsim.OpCreate: 2, graphsim.OpImport: 0})
			})
		})
	}
}

func TestCreate_SendsEveryConfiguredProperty(t *testing.T) {
	t.Parallel()
	documented().in(t, func(t *testing.T, w *world) {
		contact, err := time.Parse(time.RFC3339Nano, "2016-12-31T23:58:44.2908994-08:00")
		if err != nil {
			t.Fatal(err)
		}
		no := false
		got, err := w.Create(t.Context(), Wanted{
			Key: Key{deviceid.TypeIMEI, " 35-545007-577021-2 "}, Description: "text", Platform: "ios",
			EnrollmentState: "enrolled", LastContacted: &contact, Status: &no,
		})
		if err != nil {
			t.Fatal(err)
		}
		stored := w.Tenant().Identities()[0]
		if stored.ImportedDeviceIdentifier != "355450075770212" || stored.Description != "text" || stored.Platform != "ios" ||
			stored.EnrollmentState != "enrolled" || !stored.LastContactedDateTime.Equal(contact) || *stored.Status {
			t.Errorf("stored: %+v", stored)
		}
		// A 201 that echoes the configured false is no failure.
		if got.Status == nil || *got.Status || got.ID != stored.ID || *got.Platform != "ios" || !got.LastContactedDateTime.Equal(contact) {
			t.Errorf("returned: %+v", got)
		}
	})
}

func TestCreate_LeavesOutWhatIsNotConfigured(t *testing.T) {
	t.Parallel()
	runs(t, map[string]tenant{"documented": documented(), "field": field()}, func(t *testing.T, tn tenant) {
		tn.in(t, func(t *testing.T, w *world) {
			if _, err := w.Create(t.Context(), serial("C0", "")); err != nil {
				t.Fatal(err)
			}
			for _, r := range w.Journal() {
				row := r.JSON
				if rows, ok := row["importedDeviceIdentities"].([]any); ok {
					row, _ = rows[0].(map[string]any)
				}
				for _, name := range []string{"description", "platform", "enrollmentState", "lastContactedDateTime", "status"} {
					if value, sent := row[name]; sent {
						t.Errorf("%s sent %s: %v", r.Operation, name, value)
					}
				}
			}
		})
	})
}

func TestCreate_RefusedRoutesAreReplacedByTheImportAction(t *testing.T) {
	t.Parallel()
	for _, answer := range []graphsim.RouteAnswer{
		graphsim.RouteRefused, graphsim.RouteUnknownSegment, graphsim.RouteNotAllowed, graphsim.RouteNotImplemented, graphsim.RouteServerError,
	} {
		t.Run(string(answer), func(t *testing.T) {
			t.Parallel()
			field(func(b *graphsim.Behaviour) { b.CreateRoute = answer }).in(t, func(t *testing.T, w *world) {
				for _, identifier := range []string{"C1", "C2", "C3"} {
					got, err := w.Create(t.Context(), serial(identifier, "text"))
					w.wantCreated(got, err, identifier, "text")
				}
				w.wantCounts(map[graphsim.Operation]int{graphsim.OpCreate: 1, graphsim.OpImport: 3})
			})
		})
	}
}

func TestCreate_ARefusalOfTheIdentityIsNoRefusalOfTheRoute(t *testing.T) {
	t.Parallel()
	documented(func(b *graphsim.Behaviour) { b.CheckIdentifiers = true }).in(t, func(t *testing.T, w *world) {
		got, err := w.Create(t.Context(), Wanted{Key: Key{deviceid.TypeIMEI, "ABC"}})
		if !IsMalformed(err) || got.ID != "" {
			t.Errorf("got %+v, %v", got, err)
		}
		got, err = w.Create(t.Context(), serial("C0", ""))
		w.wantCreated(got, err, "C0", "")
		w.wantCounts(map[graphsim.Operation]int{graphsim.OpCreate: 2, graphsim.OpImport: 0})
	})
}

func TestCreate_RefusalsOfTheImportAreReported(t *testing.T) {
	t.Parallel()
	type test struct {
		tenant tenant
		fault  graphsim.Fault
		is     func(error) bool
		text   string
	}
	reader := field().with(CreateMethodImport)
	reader.permissions = []string{graphsim.PermissionRead}
	runs(t, map[string]test{
		"413":     {field(), status(graphsim.OpImport, http.StatusRequestEntityTooLarge, false), func(err error) bool { return !graph.IsOutcomeUnknown(err) }, "Graph answered 413"},
		"chunked": {field(), graphsim.Fault{Operation: graphsim.OpImport, Status: 400, Message: "A non-empty request body is required."}, IsMalformed, "A non-empty request body is required."},
		"403":     {reader, graphsim.Fault{}, IsForbidden, "must have one of the following scopes"},
		"401":     {field(), status(graphsim.OpImport, http.StatusUnauthorized, false), IsUnauthorized, "Graph answered 401"},
		"full":    {field(func(b *graphsim.Behaviour) { b.TenantLimit = 1 }).seeded(theirs("OLD", "")), graphsim.Fault{}, IsMalformed, "exceeds the limit of 1"},
	}, func(t *testing.T, test test) {
		test.tenant.in(t, func(t *testing.T, w *world) {
			if test.fault.Operation != "" {
				w.Inject(test.fault)
			}
			got, err := w.Create(t.Context(), serial("C0", ""))
			e := wantError[*graph.Error](t, got, err)
			if !test.is(err) || !strings.Contains(e.Error(), test.text) {
				t.Errorf("got %v", err)
			}
			w.wantCounts(map[graphsim.Operation]int{graphsim.OpImport: 1})
		})
	})
}

func TestCreate_AnExistingIdentityIsLeftAlone(t *testing.T) {
	t.Parallel()
	type test struct {
		tenant    tenant
		overwrite bool
		imports   int
	}
	// Exists: the import's row says so; the documented create looks first.
	runs(t, map[string]test{
		"documented, auto":   {documented(), false, 0},
		"documented, create": {documented().with(CreateMethodCreate), false, 0},
		"documented, import": {documented().with(CreateMethodImport), false, 0},
		"field, auto":        {field(), false, 0},
		"field, import":      {field().with(CreateMethodImport), false, 0},
	}, func(t *testing.T, test test) {
		test.tenant.seeded(theirs("OLD", "before")).in(t, func(t *testing.T, w *world) {
			got, err := w.Create(t.Context(), serial(" OLD ", "mine"))
			w.wantExists(got, err, "OLD", "before")
			if want := "the tenant has the identifier already, with the id " + w.stored("OLD").ID; err.Error() != want {
				t.Errorf("got %q", err)
			}
			// Once the process knows the route and the clock, the import's own row decides.
			other, err := w.Create(t.Context(), serial("NEW", ""))
			w.wantCreated(other, err, "NEW", "")
			got, err = w.Create(t.Context(), serial("OLD", "mine"))
			w.wantExists(got, err, "OLD", "before")
		})
	})
}

func TestCreate_OverwriteAdoptsAnExistingIdentity(t *testing.T) {
	t.Parallel()
	runs(t, map[string]tenant{
		"documented, auto":   documented(),
		"documented, create": documented().with(CreateMethodCreate),
		"documented, import": documented().with(CreateMethodImport),
		"field, auto":        field(),
		"field, import":      field().with(CreateMethodImport),
	}, func(t *testing.T, tn tenant) {
		tn.seeded(theirs("OLD", "before"), theirs("OLD2", "before"), theirs("OLD3", "before")).in(t, func(t *testing.T, w *world) {
			for identifier, description := range map[string]string{"OLD": "mine", "OLD2": "", "OLD3": "before"} {
				id := w.stored(identifier).ID
				got, err := w.Create(t.Context(), overwriting(serial(identifier, description)))
				w.wantCreated(got, err, identifier, description)
				if got.ID != id {
					t.Errorf("%s was created anew", identifier)
				}
			}
			got, err := w.Create(t.Context(), overwriting(serial("NEW", "mine")))
			w.wantCreated(got, err, "NEW", "mine")
		})
	})
}

func TestCreate_AConflictThatTheLookDidNotShow(t *testing.T) {
	t.Parallel()
	for _, answer := range []graphsim.CreateExisting{graphsim.ExistingConflict, graphsim.ExistingStatusFalse} {
		for name, overwrite := range map[string]bool{"kept": false, "overwritten": true} {
			t.Run(string(answer)+", "+name, func(t *testing.T) {
				t.Parallel()
				documented(func(b *graphsim.Behaviour) { b.CreateExisting = answer }).in(t, func(t *testing.T, w *world) {
					// Somebody else creates it between the look and the POST.
					w.Hook(graphsim.OpCreate, func(tn *graphsim.Tenant) { tn.Seed(theirs("C0", "theirs")) })
					wanted := serial("C0", "mine")
					wanted.Overwrite = overwrite
					got, err := w.Create(t.Context(), wanted)
					if overwrite {
						w.wantCreated(got, err, "C0", "mine")
					} else {
						w.wantExists(got, err, "C0", "theirs")
					}
					w.wantCounts(map[graphsim.Operation]int{graphsim.OpCreate: 1, graphsim.OpImport: 0})
				})
			})
		}
	}
}

func TestCreate_AConflictThatNobodyCanExplainIsShownAsItIs(t *testing.T) {
	t.Parallel()
	documented().in(t, func(t *testing.T, w *world) {
		w.Inject(status(graphsim.OpCreate, http.StatusConflict, false))
		got, err := w.Create(t.Context(), serial("C0", ""))
		wantServiceError(t, got, err)
		if !graph.IsConflict(err) {
			t.Errorf("got %v", err)
		}
	})
}

func TestCreate_A201WithStatusFalseCreatedNothing(t *testing.T) {
	t.Parallel()
	documented().in(t, func(t *testing.T, w *world) {
		w.Inject(graphsim.Fault{Operation: graphsim.OpCreate, Body: func(body map[string]any) map[string]any {
			w.Tenant().Remove("serialNumber", "C0")
			body["status"] = false
			return body
		}})
		got, err := w.Create(t.Context(), serial("C0", ""))
		rejected := wantError[*RejectedError](t, got, err)
		if want := "Graph answered 201 with status false: it did not take the identifier"; rejected.Error() != want || rejected.Key.String() != "serialNumber/C0" {
			t.Errorf("got %s about %s", rejected, rejected.Key)
		}
	})
}

func TestCreate_WaitsUntilTheIdentityIsVisible(t *testing.T) {
	t.Parallel()
	runs(t, map[string]tenant{
		"documented": documented(), "field": field(), "field, import": field().with(CreateMethodImport),
	}, func(t *testing.T, tn tenant) {
		tn.lagging(50*time.Second).in(t, func(t *testing.T, w *world) {
			start := time.Now()
			got, err := w.Create(t.Context(), serial("C0", "text"))
			w.wantCreated(got, err, "C0", "text")
			if waited := time.Since(start); waited < 50*time.Second || waited > time.Minute {
				t.Errorf("waited %s", waited)
			}
			if got.Status == nil {
				t.Error("the status of the answer was lost")
			}
		})
	})
}

func TestCreate_AnIdentityThatNeverShowsIsReturnedWithAnError(t *testing.T) {
	t.Parallel()
	runs(t, map[string]tenant{"documented": documented(), "field": field()}, func(t *testing.T, tn tenant) {
		tn.lagging(time.Hour).in(t, func(t *testing.T, w *world) {
			got, err := w.Create(t.Context(), serial("C0", "text"))
			var notApplied *NotAppliedError
			if !errors.As(err, &notApplied) || got.ID != w.stored("C0").ID || notApplied.ID != got.ID {
				t.Fatalf("got %+v, %v", got, err)
			}
			if want := "but the tenant does not show it after 1m0s"; !strings.HasSuffix(err.Error(), want) {
				t.Errorf("got %s", err)
			}
		})
	})
}

func TestCreate_AReadBackThatFailsIsUnconfirmed(t *testing.T) {
	t.Parallel()
	runs(t, map[string]tenant{"documented": documented(), "field": field()}, func(t *testing.T, tn tenant) {
		tn.in(t, func(t *testing.T, w *world) {
			w.Inject(always(status(graphsim.OpGet, http.StatusForbidden, false)))
			got, err := w.Create(t.Context(), serial("C0", "text"))
			var unconfirmed *UnconfirmedError
			if !errors.As(err, &unconfirmed) || got.ID != w.stored("C0").ID || got.Description.Value != "text" || !IsForbidden(err) {
				t.Fatalf("got %+v, %v", got, err)
			}
			if want := "Graph accepted the identifier, but reading it back failed: Graph answered 403"; !strings.HasPrefix(err.Error(), want) {
				t.Errorf("got %s", err)
			}
		})
	})
}

func TestCreate_AnAdoptionThatCannotBeReadBackIsUnconfirmed(t *testing.T) {
	t.Parallel()
	runs(t, map[string]CreateMethod{"auto": CreateMethodAuto, "import": CreateMethodImport}, func(t *testing.T, method CreateMethod) {
		field().with(method).seeded(theirs("OLD", "before")).in(t, func(t *testing.T, w *world) {
			if _, err := w.Create(t.Context(), serial("FIRST", "")); err != nil {
				t.Fatal(err)
			}
			// Not a failure: without the identity there would be neither an error nor a state.
			w.Inject(always(status(graphsim.OpGet, http.StatusForbidden, false)))
			got, err := w.Create(t.Context(), overwriting(serial("OLD", "mine")))
			var unconfirmed *UnconfirmedError
			if !errors.As(err, &unconfirmed) || got.ID != w.stored("OLD").ID {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	})
}

func TestCreate_WhatTheServiceDoesNotTakeIsNamed(t *testing.T) {
	t.Parallel()
	type test struct {
		tenant tenant
		wanted Wanted
		text   string
	}
	long := strings.Repeat("x", 129)
	runs(t, map[string]test{
		"description cut, field": {
			field(func(b *graphsim.Behaviour) { b.LongDescription = graphsim.LongCut }),
			serial("C0", long), `Graph accepted the description "` + long + `", but the tenant shows "` + long[:128] + `"`,
		},
		"description cut, documented": {
			documented(func(b *graphsim.Behaviour) { b.LongDescription = graphsim.LongCut }),
			serial("C0", long), `Graph accepted the description "` + long + `", but the tenant shows "` + long[:128] + `"`,
		},
		"overwriting ignored": {
			field(func(b *graphsim.Behaviour) { b.OverwriteIgnored = true }).with(CreateMethodImport).seeded(theirs("C0", "theirs")),
			overwriting(serial("C0", "mine")), `Graph accepted the description "mine", but the tenant shows "theirs"`,
		},
	}, func(t *testing.T, test test) {
		test.tenant.in(t, func(t *testing.T, w *world) {
			got, err := w.Create(t.Context(), test.wanted)
			var notApplied *NotAppliedError
			if !errors.As(err, &notApplied) || err.Error() != test.text {
				t.Fatalf("got %v", err)
			}
			// What was there before must not reach the state of a failed create: the
			// next apply would delete it.
			created := w.stored("C0")
			if test.wanted.Overwrite {
				created = graphsim.Identity{}
			}
			if got.ID != created.ID || got.Description.Value != created.Description {
				t.Errorf("got %+v", got)
			}
		})
	})
}

func TestCreate_AnIgnoredPatchDoesNotAdopt(t *testing.T) {
	t.Parallel()
	documented(func(b *graphsim.Behaviour) { b.PatchIgnored = true }).seeded(theirs("C0", "theirs")).in(t, func(t *testing.T, w *world) {
		got, err := w.Create(t.Context(), overwriting(serial("C0", "mine")))
		e := wantError[*NotAppliedError](t, got, err)
		if e.ID != w.stored("C0").ID {
			t.Errorf("got %+v", e)
		}
	})
}

func TestCreate_A201WithStatusFalseThatCreatedIsTaken(t *testing.T) {
	t.Parallel()
	documented().in(t, func(t *testing.T, w *world) {
		w.Inject(graphsim.Fault{Operation: graphsim.OpCreate, Body: func(body map[string]any) map[string]any {
			body["status"] = false
			return body
		}})
		got, err := w.Create(t.Context(), serial("C0", "text"))
		w.wantCreated(got, err, "C0", "text")
	})
}

func TestCreate_IsThrottledAndGoesOn(t *testing.T) {
	t.Parallel()
	for name, retryAfter := range map[string]string{"with Retry-After": "90", "without": ""} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			field().in(t, func(t *testing.T, w *world) {
				w.Inject(graphsim.Fault{Operation: graphsim.OpImport, Status: http.StatusTooManyRequests, RetryAfter: retryAfter, Count: 2})
				start := time.Now()
				got, err := w.Create(t.Context(), serial("C0", "text"))
				w.wantCreated(got, err, "C0", "text")
				if waited := time.Since(start); (waited >= 3*time.Minute) != (retryAfter != "") {
					t.Errorf("waited %s", waited)
				}
				w.wantCounts(map[graphsim.Operation]int{graphsim.OpImport: 3})
			})
		})
	}
}

func TestCreate_ThrottledUntilItsTimeoutEnds(t *testing.T) {
	t.Parallel()
	field().with(CreateMethodImport).in(t, func(t *testing.T, w *world) {
		w.Inject(always(graphsim.Fault{Operation: graphsim.OpImport, Status: http.StatusTooManyRequests, RetryAfter: "90"}))
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
		defer cancel()
		got, err := w.Create(ctx, serial("C0", "text"))
		wantServiceError(t, got, err)
		if want := "Graph answered 429 Too Many Requests (last of 4 attempts); gave up because the operation's timeout ended"; !IsThrottled(err) || err.Error() != want {
			t.Errorf("got %v", err)
		}
	})
}
