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

func TestDelete_IsConfirmedByARead(t *testing.T) {
	t.Parallel()
	runs(t, map[string]tenant{"documented": documented(), "field": field()}, func(t *testing.T, tn tenant) {
		tn.seeded(theirs("C0", ""), theirs("C1", "")).in(t, func(t *testing.T, w *world) {
			id := w.stored("C0").ID
			if err := w.Delete(t.Context(), "", Key{}, id); err != nil {
				t.Fatal(err)
			}
			if left := w.Tenant().Identities(); len(left) != 1 || left[0].ImportedDeviceIdentifier != "C1" {
				t.Errorf("left: %+v", left)
			}
			w.wantOperations(graphsim.OpDelete, graphsim.OpGet)
			if _, err := w.Get(t.Context(), id); !errors.Is(err, ErrNotFound) {
				t.Errorf("get: %v", err)
			}
		})
	})
}

func TestDelete_AMissingIDIsNoError(t *testing.T) {
	t.Parallel()
	type test struct {
		tenant tenant
		want   []graphsim.Operation
	}
	runs(t, map[string]test{
		"404": {documented(), []graphsim.Operation{graphsim.OpDelete}},
		"400": {field(), []graphsim.Operation{graphsim.OpDelete, graphsim.OpGet}},
		"204": {field(func(b *graphsim.Behaviour) { b.DeleteMissing = http.StatusNoContent }), []graphsim.Operation{graphsim.OpDelete, graphsim.OpGet}},
	}, func(t *testing.T, test test) {
		test.tenant.in(t, func(t *testing.T, w *world) {
			start := time.Now()
			if err := w.Delete(t.Context(), "", Key{}, "AkMw"); err != nil || time.Since(start) != 0 {
				t.Errorf("got %v after %s", err, time.Since(start))
			}
			w.wantOperations(test.want...)
		})
	})
}

func TestDelete_WaitsUntilTheIdentityIsGone(t *testing.T) {
	t.Parallel()
	type test struct {
		tenant tenant
		fault  graphsim.Fault
	}
	runs(t, map[string]test{
		"documented":        {documented(), graphsim.Fault{}},
		"field":             {field(), graphsim.Fault{}},
		"field, lost reply": {field(), lost(graphsim.OpDelete, true)},
		"field, 500":        {field(), status(graphsim.OpDelete, http.StatusInternalServerError, true)},
		"field, 504":        {field(), status(graphsim.OpDelete, http.StatusGatewayTimeout, true)},
	}, func(t *testing.T, test test) {
		test.tenant.seeded(theirs("C0", "")).lagging(50*time.Second).in(t, func(t *testing.T, w *world) {
			if test.fault.Operation != "" {
				w.Inject(test.fault)
			}
			start := time.Now()
			id := w.stored("C0").ID
			if err := w.Delete(t.Context(), "", Key{}, id); err != nil {
				t.Fatal(err)
			}
			if waited := time.Since(start); waited < 50*time.Second || waited > time.Minute {
				t.Errorf("waited %s", waited)
			}
		})
	})
}

func TestDelete_ALostReply(t *testing.T) {
	t.Parallel()
	for name, tn := range map[string]tenant{"documented": documented(), "field": field()} {
		for kind, fault := range unknownOutcomes(graphsim.OpDelete) {
			t.Run(name+", "+kind, func(t *testing.T) {
				t.Parallel()
				tn.seeded(theirs("C0", "")).in(t, func(t *testing.T, w *world) {
					w.Inject(fault)
					if err := w.Delete(t.Context(), "", Key{}, w.stored("C0").ID); err != nil {
						t.Errorf("got %v", err)
					}
					if left := w.Tenant().Identities(); len(left) > 0 {
						t.Errorf("left: %+v", left)
					}
				})
			})
		}
	}
}

func TestDelete_EveryReplyLost(t *testing.T) {
	t.Parallel()
	for name, after := range map[string]bool{"with effect": true, "without": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			documented().seeded(theirs("C0", "")).in(t, func(t *testing.T, w *world) {
				w.Inject(always(status(graphsim.OpDelete, http.StatusServiceUnavailable, after)))
				err := w.Delete(t.Context(), "", Key{}, w.stored("C0").ID)
				if after && err != nil || !after && (!graph.IsOutcomeUnknown(err) || !strings.Contains(err.Error(), "(last of 8 attempts)")) {
					t.Errorf("got %v", err)
				}
			})
		})
	}
}

func TestDelete_RefusalsAreReported(t *testing.T) {
	t.Parallel()
	type test struct {
		faults []graphsim.Fault
		is     func(error) bool
		within time.Duration
	}
	refused := graphsim.Fault{Operation: graphsim.OpDelete, Status: 404, Message: "Resource not found for the segment 'importedDeviceIdentities'.", Count: -1}
	runs(t, map[string]test{
		"400 with the object still there": {
			[]graphsim.Fault{status(graphsim.OpDelete, http.StatusBadRequest, false)}, graph.IsBadRequest, 20 * time.Second,
		},
		"400 and no way to look": {
			[]graphsim.Fault{status(graphsim.OpDelete, http.StatusBadRequest, false), always(status(graphsim.OpGet, http.StatusForbidden, false))}, graph.IsBadRequest, 0,
		},
		"403":                           {[]graphsim.Fault{status(graphsim.OpDelete, http.StatusForbidden, false)}, IsForbidden, 0},
		"the route is not there at all": {[]graphsim.Fault{refused}, graph.IsRouteRefused, 0},
		"the route is refused": {
			[]graphsim.Fault{{Operation: graphsim.OpDelete, Status: 400, Code: "No method match route template", Count: -1}}, graph.IsRouteRefused, 0,
		},
	}, func(t *testing.T, test test) {
		field().seeded(theirs("C0", "")).in(t, func(t *testing.T, w *world) {
			w.Inject(test.faults...)
			start := time.Now()
			err := w.Delete(t.Context(), "", Key{}, w.stored("C0").ID)
			if !test.is(err) || time.Since(start) > test.within {
				t.Errorf("got %v after %s", err, time.Since(start))
			}
			w.wantCounts(map[graphsim.Operation]int{graphsim.OpDelete: 1})
		})
	})
}

func TestDelete_OneThatIsNeverDoneIsAnError(t *testing.T) {
	t.Parallel()
	field().seeded(theirs("C0", "")).lagging(time.Hour).in(t, func(t *testing.T, w *world) {
		id := w.stored("C0").ID
		err := w.Delete(t.Context(), "", Key{}, id)
		var notApplied *NotAppliedError
		if want := "Graph accepted the deletion, but the identifier is still there after 2m0s"; !errors.As(err, &notApplied) || err.Error() != want || notApplied.ID != id {
			t.Errorf("got %v", err)
		}
	})
}

func TestDelete_AReadThatFailsAfterwards(t *testing.T) {
	t.Parallel()
	field().seeded(theirs("C0", "")).in(t, func(t *testing.T, w *world) {
		w.Inject(always(status(graphsim.OpGet, http.StatusForbidden, false)))
		err := w.Delete(t.Context(), "", Key{}, w.stored("C0").ID)
		if want := "Graph accepted the deletion, but whether the identifier is gone could not be read: Graph answered 403"; err == nil || !strings.HasPrefix(err.Error(), want) || !IsForbidden(err) {
			t.Errorf("got %v", err)
		}
	})
}

func TestDelete_AReplacementDoesNotCollide(t *testing.T) {
	t.Parallel()
	runs(t, map[string]tenant{"documented": documented(), "field": field()}, func(t *testing.T, tn tenant) {
		tn.seeded(theirs("C0", "before")).lagging(20*time.Second).in(t, func(t *testing.T, w *world) {
			if err := w.Delete(t.Context(), "", Key{}, w.stored("C0").ID); err != nil {
				t.Fatal(err)
			}
			got, err := w.Create(t.Context(), serial("C0", "after"))
			w.wantCreated(got, err, "C0", "after")
		})
	})
}

func TestDelete_OneThatSomebodyElseHasJustDone(t *testing.T) {
	t.Parallel()
	field().seeded(theirs("C0", "")).lagging(10*time.Second).in(t, func(t *testing.T, w *world) {
		id := w.stored("C0").ID
		if err := w.identities.Delete(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		if err := w.Delete(t.Context(), "", Key{}, id); err != nil || time.Since(start) < 10*time.Second {
			t.Errorf("got %v after %s", err, time.Since(start))
		}
	})
}
