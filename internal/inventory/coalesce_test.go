package inventory

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/intunetf/terraform-provider-intune/internal/deviceid"
	"github.com/intunetf/terraform-provider-intune/internal/graphsim"
)

// atParallelism runs n operations, ten at a time, as Terraform does.
func atParallelism(n int, operation func(i int)) {
	var group sync.WaitGroup
	slots := make(chan struct{}, 10)
	for i := range n {
		slots <- struct{}{}
		group.Go(func() {
			defer func() { <-slots }()
			operation(i)
		})
	}
	group.Wait()
}

func imports(tn tenant) tenant { return tn.with(CreateMethodImport) }

// The budgets of design §8: 200 creates in at most 60 requests, 500 in at most
// 120, at ten side by side and 50 ms a call.
func TestCoalescer_CreatesShareCalls(t *testing.T) {
	t.Parallel()
	for n, most := range map[int]int{200: 60, 500: 120} {
		tn := field()
		tn.Latency = 50 * time.Millisecond
		tn.in(t, func(t *testing.T, w *world) {
			atParallelism(n, func(i int) {
				name := fmt.Sprintf("SERIAL%04d", i)
				identity, err := w.Create(t.Context(), serial(name, "text"))
				if err != nil || identity.ImportedDeviceIdentifier != name || identity.Description.Value != "text" {
					t.Errorf("%s: got %+v, %v", name, identity, err)
				}
			})
			if got := len(w.Journal()); got > most {
				t.Errorf("%d creates took %d requests, want at most %d", n, got, most)
			} else {
				t.Logf("%d creates took %d requests", n, got)
			}
			if got := len(w.Tenant().Identities()); got != n {
				t.Errorf("the tenant holds %d identities", got)
			}
		})
	}
}

// Terraform begins the next ten when ten have ended, the first of them a little
// before the others: it must not go alone.
func TestCoalescer_TheFirstOfTheNextTenWaitsForTheOthers(t *testing.T) {
	t.Parallel()
	tn := imports(field())
	tn.Latency = 50 * time.Millisecond
	tn.in(t, func(t *testing.T, w *world) {
		const tens = 5
		for ten := range tens {
			atParallelism(10, func(i int) {
				if i > 0 {
					time.Sleep(5 * time.Millisecond)
				}
				if _, err := w.Create(t.Context(), serial(fmt.Sprintf("SERIAL%d%d", ten, i), "")); err != nil {
					t.Error(err)
				}
			})
		}
		// The very first one cannot know that others follow.
		if got := w.count(graphsim.OpImport); got > tens+1 {
			t.Errorf("%d import calls for %d times ten creates", got, tens)
		}
	})
}

func TestCoalescer_ALoneCreateIsNotDelayed(t *testing.T) {
	t.Parallel()
	imports(field()).in(t, func(t *testing.T, w *world) {
		start := time.Now()
		if _, err := w.Create(t.Context(), serial("C0", "")); err != nil {
			t.Fatal(err)
		}
		if waited := time.Since(start); waited > 0 {
			t.Errorf("waited %s", waited)
		}
	})
}

// One row that the service refuses must not fail those beside it.
func TestCoalescer_OneBadRowSpoilsNoOther(t *testing.T) {
	t.Parallel()
	imports(field(func(b *graphsim.Behaviour) { b.IMEILengthChecked = true })).in(t, func(t *testing.T, w *world) {
		failed := 0
		var mu sync.Mutex
		atParallelism(10, func(i int) {
			identifier := fmt.Sprintf("35545007577%04d", i)
			if i == 7 {
				identifier = "666"
			}
			_, err := w.Create(t.Context(), Wanted{Key: Key{deviceid.TypeIMEI, identifier}})
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				failed++
				if i != 7 || !IsMalformed(err) {
					t.Errorf("%s: %v", identifier, err)
				}
			}
		})
		if failed != 1 || len(w.Tenant().Identities()) != 9 {
			t.Errorf("%d failed, the tenant holds %d", failed, len(w.Tenant().Identities()))
		}
	})
}

func TestCoalescer_TypesAndOverwritingDoNotMix(t *testing.T) {
	t.Parallel()
	tn := imports(field()).seeded(theirs("OLD", "theirs"))
	tn.in(t, func(t *testing.T, w *world) {
		wanted := []Wanted{
			serial("NEW1", "a"), serial("NEW2", "b"), overwriting(serial("OLD", "mine")),
			{Key: Key{deviceid.TypeIMEI, "355450075770212"}},
			{Key: Key{deviceid.TypeManufacturerModelSerial, "Dell,Latitude,1"}},
		}
		atParallelism(len(wanted), func(i int) {
			if _, err := w.Create(t.Context(), wanted[i]); err != nil {
				t.Errorf("%s: %v", wanted[i].Key, err)
			}
		})
		for _, r := range w.Journal() {
			if r.Operation != graphsim.OpImport {
				continue
			}
			rows, _ := r.JSON["importedDeviceIdentities"].([]any)
			types := map[any]bool{}
			for _, row := range rows {
				if object, ok := row.(map[string]any); ok {
					types[object["importedDeviceIdentityType"]] = true
				}
			}
			if len(types) != 1 || r.JSON["overwriteImportedDeviceIdentities"] == true && len(rows) != 1 {
				t.Errorf("a call mixes %v, overwrite %v, %d rows", types, r.JSON["overwriteImportedDeviceIdentities"], len(rows))
			}
		}
	})
}

func TestCoalescer_TooLargeCallsAreHalved(t *testing.T) {
	t.Parallel()
	tn := imports(field(func(b *graphsim.Behaviour) { b.RowsPerCall, b.RowsPerCallError = 3, http.StatusRequestEntityTooLarge }))
	tn.in(t, func(t *testing.T, w *world) {
		atParallelism(10, func(i int) {
			if _, err := w.Create(t.Context(), serial(fmt.Sprintf("C%d", i), "")); err != nil {
				t.Errorf("C%d: %v", i, err)
			}
		})
		if len(w.Tenant().Identities()) != 10 {
			t.Errorf("the tenant holds %d", len(w.Tenant().Identities()))
		}
	})
}

func TestCoalescer_ALostAnswerLosesNoRow(t *testing.T) {
	t.Parallel()
	for _, after := range []bool{true, false} {
		imports(field()).in(t, func(t *testing.T, w *world) {
			w.Inject(graphsim.Fault{Operation: graphsim.OpImport, AfterEffect: after, Drop: true, Skip: 1})
			atParallelism(30, func(i int) {
				if _, err := w.Create(t.Context(), serial(fmt.Sprintf("C%02d", i), "text")); err != nil {
					t.Errorf("C%02d: %v", i, err)
				}
			})
			if len(w.Tenant().Identities()) != 30 {
				t.Errorf("the tenant holds %d", len(w.Tenant().Identities()))
			}
		})
	}
}

func TestCoalescer_OneThatGivesUpDoesNotTakeTheOthersAlong(t *testing.T) {
	t.Parallel()
	tn := imports(field())
	tn.Latency = time.Second
	tn.in(t, func(t *testing.T, w *world) {
		short, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		defer cancel()
		atParallelism(10, func(i int) {
			ctx := t.Context()
			if i == 5 {
				ctx = short
			}
			identity, err := w.Create(ctx, serial(fmt.Sprintf("C%d", i), "text"))
			if i != 5 && err != nil {
				t.Errorf("C%d: %v", i, err)
			}
			if i == 5 && err == nil && identity.ID == "" || i == 5 && err != nil && !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("the one with little time: %+v, %v", identity, err)
			}
		})
	})
}
