package graph

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
)

const (
	// firstDelay doubles with every attempt up to maxDelay, with jitter.
	firstDelay = 500 * time.Millisecond
	maxDelay   = 30 * time.Second
	// maxTransientAttempts bounds a repeated 5xx or lost connection of a read to
	// about a minute; a 429 is bounded by the operation's timeout only.
	maxTransientAttempts = 8
	// maxUnreadableAttempts is lower: a proxy's sign-in page does not go away.
	maxUnreadableAttempts = 4
)

// retryPolicy sends an operation again where that cannot do harm, and keeps the
// last real error for the user.
type retryPolicy struct{}

func (retryPolicy) Do(req *policy.Request) (*http.Response, error) {
	op := operationOf(req)
	ctx := req.Raw().Context()
	var last *Error
	for attempts := 1; ; attempts++ {
		resp, err := attempt(req, op)
		if err == nil {
			return resp, nil
		}
		// An attempt that the end of the context cut short says nothing new; what
		// the service said before does.
		ended := endedBy(ctx, err)
		if ended != nil && last != nil && err.failure != failureAnswer {
			last.ended = ended
			if err.failure != failureNotSent {
				last.Attempts, last.cutShort = attempts, true
			}
			return nil, last
		}
		err.Attempts = attempts
		last = err
		if ended != nil {
			last.ended = ended
			return nil, last
		}
		if !shouldRetry(op, last, attempts) {
			return nil, last
		}
		// After a 429 the gate holds every request of the process: it does the waiting.
		if last.StatusCode != http.StatusTooManyRequests {
			if waitErr := sleep(ctx, retryDelay(last, attempts)); waitErr != nil {
				last.ended = waitErr
				return nil, last
			}
		}
		if rewindErr := req.RewindBody(); rewindErr != nil {
			return nil, last
		}
	}
}

func shouldRetry(op operation, e *Error, attempts int) bool {
	switch e.failure {
	case failureNotSent:
		return isTransient(e.err) && attempts < maxTransientAttempts
	case failureUnreadable:
		return op.effect != effectWrite && attempts < maxUnreadableAttempts
	case failureTransport:
		return op.effect != effectWrite && isTransient(e.err) && attempts < maxTransientAttempts
	default:
		if e.StatusCode == http.StatusTooManyRequests {
			return true
		}
		return op.effect != effectWrite && isTransientStatus(e.StatusCode) && attempts < maxTransientAttempts
	}
}

// isTransientStatus follows https://learn.microsoft.com/graph/errors.
func isTransientStatus(status int) bool {
	switch status {
	case http.StatusRequestTimeout, http.StatusInternalServerError, http.StatusBadGateway,
		http.StatusServiceUnavailable, http.StatusGatewayTimeout, 509:
		return true
	default:
		return false
	}
}

// isTransient reports whether asking again may help. Certificates, guards and
// tokens do not mend themselves (the credential has retried already).
func isTransient(err error) bool {
	var foreign *foreignHostError
	var large *bodyTooLargeError
	var final interface{ NonRetriable() }
	return !isTLSFailure(err) && !errors.As(err, &foreign) && !errors.As(err, &large) &&
		!errors.As(err, &final) && !errors.Is(err, errPauseTooLong)
}

// endedBy is what ended the operation's time: its context, or the gate's
// knowledge that the context will end before the request's turn.
func endedBy(ctx context.Context, err *Error) error {
	if ctx.Err() != nil {
		return contextError(ctx)
	}
	if errors.Is(err.err, errPauseTooLong) {
		return context.DeadlineExceeded
	}
	return nil
}

// retryDelay is what the service asked for, else a backoff.
func retryDelay(e *Error, attempts int) time.Duration {
	if e.retryAfter > 0 {
		return e.retryAfter
	}
	return backoff(attempts, maxDelay)
}

// sleep refuses a wait that ctx cannot outlive at its beginning.
func sleep(ctx context.Context, delay time.Duration) error {
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) < delay {
		return context.DeadlineExceeded
	}
	timer := time.NewTimer(delay)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return contextError(ctx)
	case <-timer.C:
		return nil
	}
}

// backoff doubles from firstDelay up to the limit, with a jitter of ±25 %, so that
// several processes that were throttled together do not come back together.
func backoff(attempts int, limit time.Duration) time.Duration {
	delay := limit
	if shift := attempts - 1; shift < 10 {
		delay = min(firstDelay<<shift, limit)
	}
	return time.Duration(float64(delay) * (0.75 + rand.Float64()/2)) //nolint:gosec // jitter needs no secrecy
}
