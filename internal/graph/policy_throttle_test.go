package graph

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

func TestThrottleGate_KeepsEveryWindowBelowItsLimit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		transport := &scripted{answers: []answer{{status: http.StatusNoContent}}}
		client := newTestClient(t, transport, func(o *Options) { o.RequestLimit, o.WriteLimit = 10, 4 }).ImportedDeviceIdentities
		for range 12 {
			if err := client.Delete(t.Context(), "AkMw"); err != nil {
				t.Fatal(err)
			}
		}
		for i := 4; i < len(transport.at); i++ {
			if between := transport.at[i].Sub(transport.at[i-4]); between < throttleWindow {
				t.Errorf("writes %d to %d came within %s", i-4, i, between)
			}
		}
		if took := transport.at[11].Sub(transport.at[0]); took != 2*heldFor {
			t.Errorf("12 writes at 4 per window took %s, want %s", took, 2*throttleWindow)
		}
	})
}

func TestThrottleGate_ReadsDoNotCountAsWrites(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		transport := &scripted{answers: []answer{{status: http.StatusOK, body: oneIdentity}}}
		client := newTestClient(t, transport, func(o *Options) { o.WriteLimit = 1 }).ImportedDeviceIdentities
		start := time.Now()
		for range 20 {
			if _, err := client.Get(t.Context(), "AkMw"); err != nil {
				t.Fatal(err)
			}
		}
		if waited := time.Since(start); waited != 0 {
			t.Errorf("reads waited %s", waited)
		}
	})
}

func TestThrottleGate_RefusesAWaitThatTheTimeoutCannotOutlive(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		gate := newThrottleGate(0, 0)
		throttled(t, gate, time.Minute)
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		start := time.Now()
		_, err := gate.enter(ctx, 1, false)
		if !errors.Is(err, errPauseTooLong) || !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != 0 {
			t.Errorf("got %v after %s", err, time.Since(start))
		}
	})
}

func TestThrottleGate_ShorterPauseDoesNotEndALongerOne(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		gate := newThrottleGate(0, 0)
		throttled(t, gate, time.Minute)
		throttled(t, gate, time.Second)
		start := time.Now()
		if _, err := gate.enter(t.Context(), 1, false); err != nil || time.Since(start) != time.Minute {
			t.Errorf("got %v after %s, want the minute", err, time.Since(start))
		}
	})
}

func TestThrottleGate_EndsWithTheContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		gate := newThrottleGate(0, 0)
		throttled(t, gate, time.Minute)
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		start := time.Now()
		if _, err := gate.enter(ctx, 1, true); !errors.Is(err, context.Canceled) || time.Since(start) != time.Second {
			t.Errorf("got %v after %s", err, time.Since(start))
		}
	})
}

// throttled makes the service answer 429 to one request.
func throttled(t *testing.T, gate *throttleGate, after time.Duration) {
	t.Helper()
	p := pass{n: 1, write: true, pauses: gate.pauses}
	gate.inFlight++
	gate.leave(p, verdict{throttled: true, retryAfter: after})
}
