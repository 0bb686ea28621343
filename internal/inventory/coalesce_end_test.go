package inventory

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/intunetf/terraform-provider-intune/internal/graphsim"
)

// Whenever the creates give up, while they queue, linger or are on their way,
// every one of them returns, nothing goes on in the background, and the next
// create is served.
func TestCoalescer_NothingGoesOnWhenAllHaveGivenUp(t *testing.T) {
	t.Parallel()
	for _, after := range []time.Duration{0, 40 * time.Millisecond, 150 * time.Millisecond, 400 * time.Millisecond, 5 * time.Second} {
		t.Run(after.String(), func(t *testing.T) {
			t.Parallel()
			imports(field()).in(t, func(t *testing.T, w *world) {
				w.Inject(graphsim.Fault{Operation: graphsim.OpImport, Delay: time.Hour})
				ctx, cancel := context.WithCancel(t.Context())
				time.AfterFunc(after, cancel)
				start := time.Now()
				atParallelism(30, func(i int) {
					created, err := w.Create(ctx, serial(fmt.Sprintf("C%02d", i), "text"))
					if _, there := w.held()[fmt.Sprintf("C%02d", i)]; there && created.ID == "" {
						t.Errorf("C%02d was created and lost: %v", i, err)
					}
				})
				if took := time.Since(start); took > after+30*time.Second {
					t.Errorf("it went on for %s", took)
				}
				time.Sleep(lingerMost)
				synctest.Wait()
				if w.imports.running || len(w.imports.queue) > 0 || w.imports.creates.Load() != 0 {
					t.Errorf("running %v, %d queued, %d under way", w.imports.running, len(w.imports.queue), w.imports.creates.Load())
				}
				w.ClearFaults()
				if _, err := w.Create(t.Context(), serial("NEXT", "")); err != nil {
					t.Error(err)
				}
			})
		})
	}
}
