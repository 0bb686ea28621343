package graph

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
)

// throttleWindow is the length of the windows in which Intune counts
// (https://learn.microsoft.com/graph/throttling-limits#intune-service-limits).
const throttleWindow = 20 * time.Second

// errPauseTooLong ends an operation whose timeout is nearer than the end of the
// pause that the service asked for.
var errPauseTooLong = errors.New("the service asked for a longer pause than the operation's timeout allows")

// throttlePolicy lets a request pass when the gate does.
type throttlePolicy struct{ gate *throttleGate }

func (p *throttlePolicy) Do(req *policy.Request) (*http.Response, error) {
	method := req.Raw().Method
	write := method != http.MethodGet && method != http.MethodHead
	if err := p.gate.enter(req.Raw().Context(), max(1, operationOf(req).items), write); err != nil {
		return nil, err
	}
	return req.Next()
}

// throttleGate keeps the process below both limits and holds every request while
// the service has asked for a pause.
type throttleGate struct {
	mu         sync.Mutex
	requests   window
	writes     window
	pauseUntil time.Time
}

func newThrottleGate(requestLimit, writeLimit int) *throttleGate {
	return &throttleGate{requests: newWindow(requestLimit), writes: newWindow(writeLimit)}
}

// pause holds every request for d from now; a shorter pause never ends a longer.
func (g *throttleGate) pause(d time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if until := time.Now().Add(d); until.After(g.pauseUntil) {
		g.pauseUntil = until
	}
}

// enter waits for its turn. It returns early when ctx ends, or when it would end
// before the turn comes.
func (g *throttleGate) enter(ctx context.Context, n int, write bool) error {
	for {
		delay := g.tryEnter(time.Now(), n, write)
		if delay <= 0 {
			return nil
		}
		if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) < delay {
			return errors.Join(errPauseTooLong, context.DeadlineExceeded)
		}
		timer := time.NewTimer(delay)
		select {
		case <-ctx.Done():
			timer.Stop()
			return contextError(ctx)
		case <-timer.C:
		}
	}
}

// tryEnter books the request, or says how long to wait before asking again.
func (g *throttleGate) tryEnter(now time.Time, n int, write bool) time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	delay := max(g.pauseUntil.Sub(now), g.requests.delay(now, n))
	if write {
		delay = max(delay, g.writes.delay(now, n))
	}
	if delay > 0 {
		return delay
	}
	g.requests.add(now, n)
	if write {
		g.writes.add(now, n)
	}
	return 0
}

// window remembers when the last requests were sent, as many as the limit, in a
// ring. A zero window has no limit.
type window struct {
	sent []time.Time
	next int
}

func newWindow(limit int) window {
	if limit <= 0 {
		return window{}
	}
	return window{sent: make([]time.Time, limit)}
}

func (w *window) delay(now time.Time, n int) time.Duration {
	if len(w.sent) == 0 {
		return 0
	}
	last := w.sent[(w.next+min(n, len(w.sent))-1)%len(w.sent)]
	if last.IsZero() {
		return 0
	}
	return last.Add(throttleWindow).Sub(now)
}

// add books n; what is more than the limit is booked into later windows.
func (w *window) add(now time.Time, n int) {
	if len(w.sent) == 0 {
		return
	}
	for i := range n {
		w.sent[w.next] = now.Add(time.Duration(i/len(w.sent)) * throttleWindow)
		w.next = (w.next + 1) % len(w.sent)
	}
}
