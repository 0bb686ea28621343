package inventory

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/intunetf/terraform-provider-intune/internal/graphsim"
)

// Several rows of one call, stored in a form that the rows of the answer show:
// none may be called missing.
func TestCoalescer_RowsInAFormOfTheServicesOwnAreFound(t *testing.T) {
	t.Parallel()
	tn := imports(field(func(b *graphsim.Behaviour) { b.SerialForm = graphsim.SerialStripped }))
	tn.in(t, func(t *testing.T, w *world) {
		start := time.Now()
		atParallelism(10, func(i int) {
			identity, err := w.Create(t.Context(), serial(fmt.Sprintf("C02-ABC-%d", i), "text"))
			if want := fmt.Sprintf("C02ABC%d", i); err != nil || identity.ImportedDeviceIdentifier != want {
				t.Errorf("got %+v, %v, want %s", identity, err, want)
			}
		})
		if took := time.Since(start); took > time.Second {
			t.Errorf("took %s: rows were looked for that the answer held", took)
		}
		if n := len(w.Tenant().Identities()); n != 10 {
			t.Errorf("the tenant holds %d", n)
		}
	})
}

// A row without a status says neither "created" nor "was there".
func TestImport_ARowWithoutAStatusIsJudgedByItsDate(t *testing.T) {
	t.Parallel()
	for _, description := range []string{"mine", "theirs"} {
		tn := imports(field()).seeded(theirs("C0", "theirs"))
		tn.in(t, func(t *testing.T, w *world) {
			w.Inject(always(graphsim.Fault{Operation: graphsim.OpImport, Rows: func(rows []map[string]any) []map[string]any {
				for _, row := range rows {
					delete(row, "status")
				}
				return rows
			}}))
			// An earlier create of the run has shown the service's clock, so that no
			// look goes before this one.
			if got, err := w.Create(t.Context(), serial("FIRST", "")); err != nil || got.ID == "" {
				t.Fatalf("an identity of our own: %+v, %v", got, err)
			}
			got, err := w.Create(t.Context(), serial("C0", description))
			var exists *ExistsError
			if !errors.As(err, &exists) || got.ID != "" || exists.Existing.Description.Value != "theirs" {
				t.Errorf("%s: got %+v, %v, want an ExistsError", description, got, err)
			}
		})
	}
}

// A deletion that meets a create of the same key waits until it is known whether
// the create has taken the identity over.
func TestClaims_ADeletionWaitsForACreateUnderWay(t *testing.T) {
	t.Parallel()
	for _, overwrite := range []bool{true, false} {
		tn := imports(field()).seeded(theirs("C0", "theirs"))
		tn.Latency = time.Second
		tn.in(t, func(t *testing.T, w *world) {
			id := w.stored("C0").ID
			wanted := serial("C0", "mine")
			wanted.Owner, wanted.Overwrite = "new", overwrite
			var group sync.WaitGroup
			group.Go(func() {
				_, err := w.Create(t.Context(), wanted)
				var exists *ExistsError
				if overwrite && err != nil || !overwrite && !errors.As(err, &exists) {
					t.Errorf("create: %v", err)
				}
			})
			time.Sleep(100 * time.Millisecond)
			if err := w.Delete(t.Context(), "old", wanted.Key, id); err != nil {
				t.Errorf("delete: %v", err)
			}
			group.Wait()
			if kept := len(w.Tenant().Identities()) == 1; kept != overwrite {
				t.Errorf("overwrite %v: the tenant holds %+v", overwrite, w.Tenant().Identities())
			}
		})
	}
}

func TestConfirm_AnOmittedDescriptionIsNoProofOfAnything(t *testing.T) {
	t.Parallel()
	imports(field()).in(t, func(t *testing.T, w *world) {
		w.Inject(always(graphsim.Fault{Operation: graphsim.OpGet, Body: func(body map[string]any) map[string]any {
			delete(body, "description")
			return body
		}}))
		got, err := w.Create(t.Context(), serial("C0", "text"))
		var unconfirmed *UnconfirmedError
		if !errors.As(err, &unconfirmed) || got.ID == "" {
			t.Errorf("create: %+v, %v", got, err)
		}
		if _, err := w.UpdateDescription(t.Context(), got.ID, "other"); !errors.Is(err, errDescriptionOmitted) {
			t.Errorf("update: %v", err)
		}
	})
}
