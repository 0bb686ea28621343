package inventory

import (
	"context"
	"sync"
)

// verdict is what is known about a documented route of this tenant.
type verdict int

const (
	routeUnknown verdict = iota
	routeWorks
	routeRefused
)

// route finds out once per process whether the tenant has a documented route.
// The first caller probes with its own request; concurrent callers wait for what
// it learns, so that one refused request is sent and not one per resource.
type route struct {
	mu      sync.Mutex
	verdict verdict
	// probing is closed when the probe ends; nil when none is under way.
	probing chan struct{}
}

func newRoute() *route { return &route{} }

// enter returns the verdict. With routeUnknown the caller is the probe and must
// call settle, with routeUnknown again if it learnt nothing; the next caller
// then probes.
func (r *route) enter(ctx context.Context) (verdict, error) {
	for {
		r.mu.Lock()
		if r.verdict != routeUnknown {
			defer r.mu.Unlock()
			return r.verdict, nil
		}
		if r.probing == nil {
			r.probing = make(chan struct{})
			r.mu.Unlock()
			return routeUnknown, nil
		}
		probing := r.probing
		r.mu.Unlock()
		select {
		case <-probing:
		case <-ctx.Done():
			return routeUnknown, context.Cause(ctx)
		}
	}
}

// settle ends the caller's probe. A route that was found refused stays refused,
// whatever a request that was sent before says.
func (r *route) settle(v verdict) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if v == routeRefused || r.verdict == routeUnknown {
		r.verdict = v
	}
	if r.probing != nil {
		close(r.probing)
		r.probing = nil
	}
}

// refused reports whether the route is known not to work, without probing.
func (r *route) refused() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.verdict == routeRefused
}
