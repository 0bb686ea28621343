package inventory

import (
	"context"
	"errors"
	"time"
)

// waits bounds how long the service may take to show what it accepted. There is
// only weak evidence of such a delay: a helpdesk application sleeps 5 s after an
// import and verifies deletions for up to 50 s.
type waits struct {
	// visible: until a created identity can be read.
	visible time.Duration
	// lost: until what a write with a lost answer created can be found, where no
	// later answer would name it.
	lost time.Duration
	// changed: until a changed description can be read.
	changed time.Duration
	// gone: until a deleted identity can no longer be read.
	gone time.Duration
	// recovery: what an interrupted create may use to learn what became of it.
	recovery time.Duration
}

var defaultWaits = waits{visible: time.Minute, lost: 15 * time.Second, changed: 20 * time.Second, gone: 2 * time.Minute, recovery: 20 * time.Second}

// poll asks done until it says yes, at once and then at growing distances, for
// at most patience and within ctx. It reports whether done said yes.
func poll(ctx context.Context, patience time.Duration, done func() bool) bool {
	deadline := time.Now().Add(patience) //nolint:forbidigo // bounds a wait; no date of the service is compared
	for delay := 250 * time.Millisecond; ; delay = min(2*delay, 4*time.Second) {
		if done() {
			return true
		}
		left := time.Until(deadline) //nolint:forbidigo // see above
		if left <= 0 || !sleep(ctx, min(delay, left)) {
			return false
		}
	}
}

// endedEarly is the error of a wait that the end of ctx cut short; seen is what
// the tenant showed last. What the end of the patience would have proved is not
// proved then.
func endedEarly(ctx context.Context, seen string) error {
	reason := "the operation was interrupted"
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		reason = "the operation's timeout ended"
	}
	return &endedEarlyError{text: reason + " too early: " + seen, cause: context.Cause(ctx)}
}

type endedEarlyError struct {
	text  string
	cause error
}

func (e *endedEarlyError) Error() string { return e.text }

func (e *endedEarlyError) Unwrap() error { return e.cause }

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
