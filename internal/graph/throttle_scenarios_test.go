package graph_test

import (
	"context"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/intunetf/terraform-provider-intune/internal/graph"
	"github.com/intunetf/terraform-provider-intune/internal/graphsim"
)

// serviceWindow is the window of the service (and of the simulator).
const serviceWindow = 20 * time.Second

// road is the way to the service; each request needs between min and max.
type road struct {
	next     policy.Transporter
	min, max time.Duration

	mu  sync.Mutex
	rng *rand.Rand
}

func (r *road) Do(req *http.Request) (*http.Response, error) {
	r.mu.Lock()
	transit := r.min
	if r.max > r.min {
		transit += time.Duration(r.rng.Int64N(int64(r.max - r.min)))
	}
	r.mu.Unlock()
	timer := time.NewTimer(transit)
	defer timer.Stop()
	select {
	case <-timer.C:
		return r.next.Do(req)
	case <-req.Context().Done():
		return nil, req.Context().Err()
	}
}

// throttleScenario is n deletions in a tenant that allows so many writes a window.
type throttleScenario struct {
	name string
	n    int
	// told is the limit in the client's options, real is the service's.
	told, real int
	// before is what another process used up one second ago; others is what
	// another tool uses in every window, evenly.
	before, others int
	// min and max are what a request needs to the service.
	min, max time.Duration
	// every so many-th write is refused although there is room, with this Retry-After.
	every      int
	retryAfter string
	// worst is the ratio to ideal that the scenario may have.
	worst float64
}

// ideal is the time in which a client that knows everything is done: it uses
// every slot in the moment in which it becomes free. Refusals that come whatever
// the client does use slots, too.
func (sc *throttleScenario) ideal() time.Duration {
	rest := sc.n - (sc.real - sc.before - sc.others)
	ideal := sc.min
	if sc.every > 0 {
		rest += sc.n / sc.every
	}
	if rest > 0 {
		perWindow := sc.real - sc.others
		ideal += time.Duration((rest+perWindow-1)/perWindow) * serviceWindow
	}
	if sc.before > 0 {
		ideal -= time.Second
	}
	return ideal
}

// run deletes everything, in batches or one by one from ten workers as Terraform
// does, and counts the writes that were refused, and the batches.
func (sc *throttleScenario) run(t *testing.T, form graphsim.RetryAfterForm, batch bool) (took time.Duration, refused, batches int) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		tn := newTenant(t, graphsim.Options{
			Seed: manySerials(sc.n), WriteLimit: sc.real, RequestLimit: 10 * sc.real,
			Behaviour: func(b *graphsim.Behaviour) { b.RetryAfter = form },
		}, func(o *graph.Options) {
			o.Transport = &road{next: o.Transport, min: sc.min, max: sc.max, rng: rand.New(rand.NewPCG(1, 2))}
			o.WriteLimit, o.RequestLimit = sc.told, 10*sc.told
		})
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		sc.disturb(ctx, t, tn)
		ids := tn.ids()
		start := time.Now()
		if batch {
			for i, err := range tn.identities.DeleteBatch(t.Context(), ids) {
				if err != nil {
					t.Errorf("%d: %v", i, err)
				}
			}
		} else {
			deleteSingly(t, tn.identities, ids)
		}
		took = time.Since(start)
		if left := len(tn.Tenant().Identities()); left > 0 {
			t.Errorf("%d are left", left)
		}
		batches = len(tn.requests(graphsim.OpBatch))
		for _, r := range tn.requests(graphsim.OpDelete) {
			if r.Status == http.StatusTooManyRequests && r.Header.Get(otherTool) == "" {
				refused++
			}
		}
	})
	return took, refused, batches
}

func deleteSingly(t *testing.T, client *graph.ImportedDeviceIdentitiesClient, ids []string) {
	t.Helper()
	work := make(chan string)
	var workers sync.WaitGroup
	for range 10 {
		workers.Go(func() {
			for id := range work {
				if err := client.Delete(t.Context(), id); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for _, id := range ids {
		work <- id
	}
	close(work)
	workers.Wait()
}

const otherTool = "X-Other-Tool"

// disturb lets others use the tenant's budget, and the service refuse.
func (sc *throttleScenario) disturb(ctx context.Context, t *testing.T, tn *tenant) {
	t.Helper()
	write := func() {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodDelete, endpoint+collection+"/other", nil)
		if err != nil {
			t.Error(err)
			return
		}
		req.Header.Set("Authorization", "Bearer "+tn.Token())
		req.Header.Set(otherTool, "1")
		resp, err := tn.Do(req)
		if err != nil {
			t.Error(err)
			return
		}
		_ = resp.Body.Close()
	}
	for range sc.before {
		write()
	}
	if sc.before > 0 {
		time.Sleep(time.Second)
	}
	if sc.others > 0 {
		go func() {
			ticker := time.NewTicker(serviceWindow / time.Duration(sc.others))
			defer ticker.Stop()
			for {
				select {
				case <-ticker.C:
					write()
				case <-ctx.Done():
					return
				}
			}
		}()
		time.Sleep(serviceWindow)
	}
	if sc.every > 0 {
		var writes atomic.Int64
		tn.Inject(graphsim.Fault{
			Operation: graphsim.OpDelete, Count: -1, Status: http.StatusTooManyRequests, RetryAfter: sc.retryAfter,
			Match: func(graphsim.Request) bool { return writes.Add(1)%int64(sc.every) == 0 },
		})
	}
}

// TestThrottle_StaysNearWhatTheLimitsImpose prints the simulated wall time as a
// ratio to the ideal. Backoffs have a jitter, so that the ratios differ a little
// from run to run where 429s carry no Retry-After.
func TestThrottle_StaysNearWhatTheLimitsImpose(t *testing.T) {
	t.Parallel()
	const near, ms = 50 * time.Millisecond, time.Millisecond
	scenarios := []throttleScenario{
		{name: "documented limits", n: 1000, told: 100, real: 100, min: near, worst: 1.05},
		{name: "documented limits, jitter on the way", n: 1000, told: 100, real: 100, min: 20 * ms, max: 300 * ms, worst: 1.05},
		{name: "the run before used up the window", n: 1000, told: 100, real: 100, before: 100, min: near, worst: 1.15},
		{name: "the run before used half of the window", n: 1000, told: 100, real: 100, before: 50, min: near, worst: 1.15},
		{name: "every 200th write refused for 10 s", n: 1000, told: 100, real: 100, every: 200, retryAfter: "10", min: near, worst: 1.15},
		{name: "every 200th write refused, no Retry-After", n: 1000, told: 100, real: 100, every: 200, min: near, worst: 1.15},
		// Nobody told the client these limits: it finds them by being refused.
		{name: "another tool uses a tenth", n: 1000, told: 100, real: 100, others: 10, min: near, worst: 1.25},
		{name: "another tool uses half", n: 1000, told: 100, real: 100, others: 50, min: near, worst: 1.4},
		{name: "the limit is half of what we were told", n: 1000, told: 100, real: 50, min: near, worst: 1.4},
	}
	forms := []graphsim.RetryAfterForm{graphsim.RetryAfterAlways, graphsim.RetryAfterNever, graphsim.RetryAfterAlternate}
	for _, sc := range scenarios {
		t.Run(sc.name, func(t *testing.T) {
			t.Parallel()
			forms := forms
			if sc.every > 0 {
				forms = forms[:1] // those refusals have a form of their own
			}
			for _, batch := range []bool{false, true} {
				for _, form := range forms {
					took, refused, batches := sc.run(t, form, batch)
					ratio := float64(took) / float64(sc.ideal())
					t.Logf("batch %-5t Retry-After %-9s: %7s of ideal %s, ratio %.3f, %d refused, %d batches", batch, form, took.Round(time.Millisecond), sc.ideal(), ratio, refused, batches)
					if refused == 0 && batches > (sc.n+graph.MaxBatch-1)/graph.MaxBatch {
						t.Errorf("%d batches for %d deletions", batches, sc.n)
					}
					if ratio > sc.worst {
						t.Errorf("ratio %.3f, want at most %.2f", ratio, sc.worst)
					}
				}
			}
		})
	}
}
