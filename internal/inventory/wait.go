package inventory

import (
	"context"
	"time"
)

// waits bounds how long the service may take to show what it accepted. There is
// only weak evidence of such a delay: a helpdesk application sleeps 5 s after an
// import and verifies deletions for up to 50 s.
type waits struct {
	// visible: until a created identity can be read.
	visible time.Duration
	// changed: until a changed description can be read.
	changed time.Duration
	// gone: until a deleted identity can no longer be read.
	gone time.Duration
	// recovery: what an interrupted create may use to learn what became of it.
	recovery time.Duration
}

var defaultWaits = waits{visible: time.Minute, changed: 20 * time.Second, gone: 2 * time.Minute, recovery: 20 * time.Second}

// poll asks done until it says yes, at once and then at growing distances, for
// at most patience and within ctx. It reports whether done said yes.
func poll(ctx context.Context, patience time.Duration, done func() bool) bool {
	deadline := time.Now().Add(patience)
	for delay := 250 * time.Millisecond; ; delay = min(2*delay, 4*time.Second) {
		if done() {
			return true
		}
		left := time.Until(deadline)
		if left <= 0 || !sleep(ctx, min(delay, left)) {
			return false
		}
	}
}

// sleep reports whether it slept through.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
