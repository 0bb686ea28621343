package graphsim

import (
	"context"
	"time"
)

// wallClock is the default of Options.Now and the clock of the listener's certificate, which the other side checks
// against its own wall clock whatever the tenant's clock says.
func wallClock() time.Time { return time.Now() }

// pause waits in wall-clock time, or until the caller has gone.
func pause(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
