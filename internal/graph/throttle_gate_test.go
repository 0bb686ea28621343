package graph

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// enterAll sends n lone requests to the gate and answers each with v after flight.
// It returns when each was let in.
func enterAll(t *testing.T, gate *throttleGate, n int, flight time.Duration, v verdict) []time.Duration {
	t.Helper()
	var mu sync.Mutex
	var at []time.Duration
	var wg sync.WaitGroup
	start := time.Now()
	for range n {
		wg.Go(func() {
			p, err := gate.enter(t.Context(), 1, true)
			if err != nil {
				t.Error(err)
				return
			}
			mu.Lock()
			at = append(at, time.Since(start))
			mu.Unlock()
			time.Sleep(flight)
			gate.leave(p, v)
		})
	}
	wg.Wait()
	return at
}

func mustEnter(t *testing.T, gate *throttleGate, n int, write bool) pass {
	t.Helper()
	p, err := gate.enter(t.Context(), n, write)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestThrottleGate_RecoversGraduallyAfterAPause(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		gate := newThrottleGate(0, 0)
		throttled(t, gate, 10*time.Second)
		const flight = 100 * time.Millisecond
		at := enterAll(t, gate, 15, flight, verdict{accepted: 1})
		inRound := map[time.Duration]int{}
		for _, d := range at {
			inRound[(d-10*time.Second)/flight]++
		}
		// One, and after each answer that is no 429 one more than before.
		for round, want := range []int{1, 2, 4, 8} {
			if got := inRound[time.Duration(round)]; got != want {
				t.Errorf("%s after the pause %d requests went, want %d (%v)", time.Duration(round)*flight, got, want, at)
			}
		}
	})
}

func TestThrottleGate_TenRefusalsAtOnceAreOneEvent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		gate := newThrottleGate(0, 0)
		var passes []pass
		for range 10 {
			passes = append(passes, mustEnter(t, gate, 1, true))
		}
		for _, p := range passes {
			gate.leave(p, verdict{throttled: true})
		}
		start := time.Now()
		p := mustEnter(t, gate, 1, true)
		if waited := time.Since(start); waited > firstDelay*5/4 {
			t.Errorf("waited %s, want the first step of the backoff", waited)
		}
		// The one that went first is refused, too: now the backoff grows.
		gate.leave(p, verdict{throttled: true})
		start = time.Now()
		mustEnter(t, gate, 1, true)
		if waited := time.Since(start); waited < 2*firstDelay*3/4 {
			t.Errorf("waited %s, want the second step of the backoff", waited)
		}
	})
}

func TestThrottleGate_BackoffStaysBelowItsCap(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		gate := newThrottleGate(0, 0)
		for range 50 {
			start := time.Now()
			gate.leave(mustEnter(t, gate, 1, true), verdict{throttled: true})
			if waited := time.Since(start); waited > maxPause*5/4 {
				t.Errorf("waited %s", waited)
			}
		}
	})
}

func TestThrottleGate_ALateRefusalOfAnEarlierRequestOnlyExtendsThePause(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		gate := newThrottleGate(0, 0)
		late, later := mustEnter(t, gate, 1, true), mustEnter(t, gate, 1, true)
		throttled(t, gate, time.Second)
		time.Sleep(500 * time.Millisecond)
		gate.leave(late, verdict{throttled: true})
		start := time.Now()
		first := mustEnter(t, gate, 1, false)
		if waited := time.Since(start); waited != 500*time.Millisecond {
			t.Errorf("without Retry-After: waited %s", waited)
		}
		gate.leave(first, verdict{accepted: 1})
		gate.leave(later, verdict{throttled: true, retryAfter: 7 * time.Second})
		start = time.Now()
		mustEnter(t, gate, 1, false)
		if waited := time.Since(start); waited != 7*time.Second {
			t.Errorf("with Retry-After: waited %s", waited)
		}
	})
}

func TestThrottleGate_ARequestThatHangsHoldsNobodyForLong(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		gate := newThrottleGate(0, 0)
		throttled(t, gate, time.Second)
		mustEnter(t, gate, 1, true) // and never comes back
		start := time.Now()
		mustEnter(t, gate, 1, true)
		if waited := time.Since(start); waited != throttleWindow {
			t.Errorf("waited %s", waited)
		}
	})
}

func TestThrottleGate_ServesInTheOrderOfArrival(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		gate := newThrottleGate(100, 20)
		mustEnter(t, gate, 20, true)
		var mu sync.Mutex
		var order []string
		var wg sync.WaitGroup
		queue := func(name string, n int, write bool) {
			wg.Go(func() {
				if _, err := gate.enter(t.Context(), n, write); err != nil {
					t.Error(err)
				}
				mu.Lock()
				order = append(order, name)
				mu.Unlock()
			})
			synctest.Wait()
		}
		queue("batch", 20, true)
		queue("write", 1, true)
		queue("read", 1, false) // writes wait for a window that is not a read's
		time.Sleep(heldFor)
		synctest.Wait()
		mu.Lock()
		// Nor did the one write slip in before the batch, which needs all of the window.
		if want := []string{"read", "batch"}; !slices.Equal(order, want) {
			t.Errorf("got %v, want %v", order, want)
		}
		mu.Unlock()
		wg.Wait()
	})
}

func TestThrottleGate_ReadsDoNotStarveABatch(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		gate := newThrottleGate(40, 0)
		ctx, cancel := context.WithCancel(t.Context())
		var readers sync.WaitGroup
		for range 50 {
			readers.Go(func() {
				for {
					if _, err := gate.enter(ctx, 1, false); err != nil {
						return
					}
				}
			})
		}
		synctest.Wait()
		start := time.Now()
		mustEnter(t, gate, 20, true)
		if waited := time.Since(start); waited > 3*heldFor {
			t.Errorf("the batch waited %s behind reads", waited)
		}
		cancel()
		readers.Wait()
	})
}

func TestThrottleGate_BooksManyAtOnceAndMoreThanAWindow(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		gate := newThrottleGate(0, 5)
		start := time.Now()
		mustEnter(t, gate, 3, true)
		mustEnter(t, gate, 3, true)
		if waited := time.Since(start); waited != heldFor {
			t.Errorf("more than what is left: waited %s", waited)
		}
		mustEnter(t, gate, 12, true) // 5 + 5 + 2
		if waited := time.Since(start); waited != 2*heldFor {
			t.Errorf("more than a window: waited %s", waited)
		}
		mustEnter(t, gate, 3, true)
		if waited := time.Since(start); waited != 3*heldFor+throttleWindow {
			t.Errorf("after more than a window: waited %s", waited)
		}
	})
}

func TestThrottleGate_CancellationIsImmediateAndLetsTheNextPass(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		gate := newThrottleGate(0, 20)
		mustEnter(t, gate, 10, true)
		ctx, cancel := context.WithCancelCause(t.Context())
		ended := make(chan error, 1)
		go func() {
			_, err := gate.enter(ctx, 20, true)
			ended <- err
		}()
		synctest.Wait()
		start := time.Now()
		small := make(chan time.Duration, 1)
		go func() {
			mustEnter(t, gate, 1, true)
			small <- time.Since(start)
		}()
		time.Sleep(time.Second)
		stop := errors.New("the provider is stopping")
		cancel(stop)
		if err := <-ended; !errors.Is(err, stop) {
			t.Errorf("got %v", err)
		}
		if waited := <-small; waited != time.Second {
			t.Errorf("the next waited %s, want until the one before it gave up", waited)
		}
		if len(gate.queue) > 0 || gate.timer != nil && gate.timer.Stop() {
			t.Error("the gate still waits for somebody")
		}
	})
}

func TestThrottleGate_LearnsASmallerLimitAndForgetsIt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		gate := newThrottleGate(0, 100)
		for range 40 {
			gate.leave(mustEnter(t, gate, 1, true), verdict{accepted: 1})
		}
		throttled(t, gate, throttleWindow)
		now := time.Now()
		for _, test := range []struct {
			after time.Duration
			want  int
		}{
			{0, 40},
			{throttleWindow, 40}, // the pause
			{2 * throttleWindow, 90},
			{time.Minute, 100},
		} {
			if got := gate.writes.allowance(now.Add(test.after)); got != test.want {
				t.Errorf("%s after the 429: %d, want %d", test.after, got, test.want)
			}
		}
		time.Sleep(2 * throttleWindow)
		// Refused again before twice that time: the next growth takes four times as long.
		for range 40 {
			gate.leave(mustEnter(t, gate, 1, true), verdict{accepted: 1})
		}
		throttled(t, gate, throttleWindow)
		if got := gate.writes.allowance(time.Now().Add(2 * throttleWindow)); got != 40+100/8 {
			t.Errorf("%d", got)
		}
	})
}

func TestThrottleGate_ARefusalWithoutEvidenceShrinksNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		gate := newThrottleGate(0, 100)
		throttled(t, gate, time.Second) // another process used up the window
		if got := gate.writes.allowance(time.Now()); got != 100 {
			t.Errorf("nothing passed before: %d", got)
		}
		time.Sleep(time.Second)
		for range 95 {
			gate.leave(mustEnter(t, gate, 1, true), verdict{accepted: 1})
		}
		throttled(t, gate, time.Second)
		if got := gate.writes.allowance(time.Now()); got != 100 {
			t.Errorf("nearly all passed: %d", got)
		}
	})
}

func TestThrottleGate_ErrorsAreOneLine(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		transport := &scripted{answers: []answer{{status: http.StatusOK, body: oneIdentity}}}
		client := newTestClient(t, transport, func(o *Options) { o.RequestLimit = 1 }).ImportedDeviceIdentities
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		_, _ = client.Get(ctx, "AkMw")
		_, err := client.Get(ctx, "AkMw")
		if e := wantError(t, err); !IsNotSent(e) || !errors.Is(e, context.DeadlineExceeded) || transport.count() != 1 {
			t.Errorf("got %v after %d requests", err, transport.count())
		}
	})
}
