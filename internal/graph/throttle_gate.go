package graph

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

const (
	// maxPause bounds the backoff after 429s without Retry-After: the windows
	// slide, so there is room again within 20 seconds of the burst that filled
	// them, and a longer step would only overshoot that.
	maxPause = 3 * time.Second
	// fullFlight is how many requests in flight are no longer worth counting.
	fullFlight = 10 * MaxBatch
)

// errPauseTooLong ends an operation whose timeout is nearer than its turn.
var errPauseTooLong = errors.New("the service's limits would hold it back for longer than the operation's timeout allows")

// throttleGate is the one limiter of a process. What it does, in this order:
//
//   - Requests wait in one queue and pass in the order of arrival, as far as both
//     windows have room. Only reads overtake, and only writes that wait for the
//     write window, which is no business of theirs.
//   - The first 429 pauses everybody, for Retry-After or for a backoff that grows
//     with every pause in a row. Other 429s to requests sent before that pause
//     belong to the same event.
//   - After the pause one request goes first; every one that is let through makes
//     room for one more in flight (so 1, 2, 4, 8 …), for a window at most.
//   - The 429 also shrinks the window that it was about; see [window].
//
// The service counts refused requests, too: sending into a 429 makes it last.
type throttleGate struct {
	mu       sync.Mutex
	requests window
	writes   window

	pauseUntil time.Time
	// pauses counts the pauses; a pass says in which the request was sent.
	pauses int
	// inARow counts the pauses since a request was last let through.
	inARow int
	// inFlight counts the requests sent since the last pause and not answered.
	inFlight int
	// flightLimit bounds inFlight; 0 is no bound.
	flightLimit int

	queue []*waiter
	// timer asks again when the first in the queue may have its turn; nobody else
	// needs a timer or a goroutine.
	timer *time.Timer
}

// pass is the leave to send n requests, as one; [throttleGate.leave] gives it back.
type pass struct {
	n      int
	write  bool
	pauses int
}

// waiter stands in the queue until ready is closed; then err or pass is its answer.
type waiter struct {
	n        int
	write    bool
	deadline time.Time // zero for none
	ready    chan struct{}
	pass     pass
	err      error
}

// hold is a reason to wait.
type hold struct {
	on bool
	// wake is when to look again.
	wake time.Time
	// certain means that there is no turn before wake.
	certain bool
}

// newThrottleGate makes a gate of requests and writes per window; 0 is no limit.
func newThrottleGate(requestLimit, writeLimit int) *throttleGate {
	return &throttleGate{requests: newWindow(requestLimit), writes: newWindow(writeLimit)}
}

// enter waits for the turn of n requests that are sent as one. It returns early
// when ctx ends, and at once when ctx would end before the turn comes
// ([errPauseTooLong]).
func (g *throttleGate) enter(ctx context.Context, n int, write bool) (pass, error) {
	if ctx.Err() != nil {
		return pass{}, contextError(ctx)
	}
	w := &waiter{n: n, write: write, ready: make(chan struct{})}
	w.deadline, _ = ctx.Deadline()
	g.mu.Lock()
	g.queue = append(g.queue, w)
	g.dispatch(time.Now())
	g.mu.Unlock()
	select {
	case <-w.ready:
		return w.pass, w.err
	case <-ctx.Done():
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if i := slices.Index(g.queue, w); i >= 0 {
		g.queue = slices.Delete(g.queue, i, i+1)
		g.dispatch(time.Now())
		return pass{}, contextError(ctx)
	}
	// The turn came in the same moment: the request that finds ctx ended leaves again.
	return w.pass, w.err
}

// leave tells what became of the requests of a pass.
func (g *throttleGate) leave(p pass, v verdict) {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := time.Now()
	if v.accepted > 0 {
		g.requests.pass(now, v.accepted)
		if p.write {
			g.writes.pass(now, v.accepted)
		}
	}
	sinceLastPause := p.pauses == g.pauses
	if sinceLastPause {
		g.inFlight -= p.n
		if v.accepted > 0 {
			g.inARow = 0
			g.widen(v.accepted)
		}
	}
	switch {
	case v.throttled && sinceLastPause:
		g.pause(now, p.write, v.retryAfter)
	case v.throttled && v.retryAfter > 0:
		g.extend(now.Add(v.retryAfter))
	}
	g.dispatch(now)
}

// widen lets n more requests fly at a time.
func (g *throttleGate) widen(n int) {
	if g.flightLimit == 0 {
		return
	}
	if g.flightLimit += n; g.flightLimit > fullFlight {
		g.flightLimit = 0
	}
}

// pause begins a new pause, of the length asked for or else of a backoff.
func (g *throttleGate) pause(now time.Time, write bool, asked time.Duration) {
	g.pauses++
	g.inARow++
	g.inFlight, g.flightLimit = 0, 1
	if asked == 0 {
		asked = backoff(g.inARow, maxPause)
	}
	g.extend(now.Add(asked))
	switch {
	case g.inARow > 1:
		// The request that went first was refused: that the pause was too short
		// says nothing new about how much passes.
	case write && g.writes.limit > 0:
		g.writes.shrink(now, g.pauseUntil)
	default:
		g.requests.shrink(now, g.pauseUntil)
	}
}

// extend holds everybody until then; a shorter pause never ends a longer one.
func (g *throttleGate) extend(until time.Time) {
	if until.After(g.pauseUntil) {
		g.pauseUntil = until
	}
}

// dispatch lets pass whoever may, refuses whoever cannot wait so long, and winds
// the timer for the others.
func (g *throttleGate) dispatch(now time.Time) {
	var everybody, writes hold
	kept := g.queue[:0]
	for _, w := range g.queue {
		if !everybody.on {
			everybody = g.holdEverybody(now, w.n)
		}
		if !everybody.on && !writes.on && w.write {
			writes = holdUntil(now, g.writes.free(now, w.n))
		}
		h := everybody
		if !h.on && w.write {
			h = writes
		}
		switch {
		case !h.on:
			g.admit(now, w)
		case h.certain && !w.deadline.IsZero() && w.deadline.Before(h.wake):
			w.err = fmt.Errorf("%w (%w)", errPauseTooLong, context.DeadlineExceeded)
			close(w.ready)
		default:
			kept = append(kept, w)
		}
	}
	clear(g.queue[len(kept):])
	g.queue = kept
	g.wind(now, everybody, writes)
}

// holdEverybody is why not even a read of n requests may be sent now.
func (g *throttleGate) holdEverybody(now time.Time, n int) hold {
	if g.pauseUntil.After(now) {
		return holdUntil(now, g.pauseUntil)
	}
	if g.flightLimit > 0 && g.inFlight > 0 && g.inFlight+n > g.flightLimit {
		// Answers end this hold. Should they not come, time does: one request that
		// hangs must not hold the process.
		if end := g.pauseUntil.Add(throttleWindow); end.After(now) {
			return hold{on: true, wake: end}
		}
		g.flightLimit = 0
	}
	return holdUntil(now, g.requests.free(now, n))
}

func holdUntil(now, at time.Time) hold {
	if !at.After(now) {
		return hold{}
	}
	return hold{on: true, wake: at, certain: true}
}

func (g *throttleGate) admit(now time.Time, w *waiter) {
	g.requests.book(now, w.n)
	if w.write {
		g.writes.book(now, w.n)
	}
	g.inFlight += w.n
	w.pass = pass{n: w.n, write: w.write, pauses: g.pauses}
	close(w.ready)
}

// wind sets the timer to the first of the holds' ends, or stops it when nobody
// waits.
func (g *throttleGate) wind(now time.Time, holds ...hold) {
	if g.timer != nil {
		g.timer.Stop()
	}
	if len(g.queue) == 0 {
		return
	}
	var wake time.Time
	for _, h := range holds {
		if h.on && (wake.IsZero() || h.wake.Before(wake)) {
			wake = h.wake
		}
	}
	g.timer = time.AfterFunc(wake.Sub(now), func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.dispatch(time.Now())
	})
}

// share is how many of at most n writes best go together: so many that the
// allowance divides into equal parts, or what the windows have left where that is
// not much less. A batch that does not fit waits, and room for 19 is wasted on 20.
func (g *throttleGate) share(n int) int {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := time.Now()
	for _, w := range []*window{&g.requests, &g.writes} {
		if w.limit == 0 {
			continue
		}
		allowed := w.allowance(now)
		parts := (allowed + n - 1) / n
		n = (allowed + parts - 1) / parts
		if room := w.room(now); room < n && 2*room >= n {
			n = room
		}
	}
	return n
}
