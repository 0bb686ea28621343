package graph

import (
	"context"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestRetry_ReadsAreSentAgainAfterTransientFailures(t *testing.T) {
	t.Parallel()
	failures := map[string]answer{
		"500":                {status: 500, body: `{"error":{"code":"InternalServerError","message":"x"}}`},
		"503 HTML":           {status: 503, body: "<html>Service Unavailable</html>", header: map[string]string{"Content-Type": "text/html"}},
		"504 empty message":  {status: 504, body: `{"error":{"code":"UnknownError","message":""}}`},
		"lost connection":    {err: &url.Error{Op: "Get", URL: "https://graph.example.com/x", Err: io.ErrUnexpectedEOF}},
		"200 HTML":           {status: 200, body: "<html>sign in</html>", header: map[string]string{"Content-Type": "text/html"}},
		"200 empty":          {status: 200},
		"200 truncated":      {status: 200, body: oneIdentity[:40]},
		"200 without an id":  {status: 200, body: `{}`},
		"429 no Retry-After": {status: 429, body: `{"error":{"code":"TooManyRequests","message":"Too many requests."}}`},
		"429 Retry-After":    {status: 429, header: map[string]string{"Retry-After": "10"}},
	}
	for name, failure := range failures {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				transport := &scripted{answers: []answer{failure, failure, {status: 200, body: oneIdentity}}}
				identity, err := newTestClient(t, transport).ImportedDeviceIdentities.Get(t.Context(), "AkMw")
				if err != nil || identity.ID != "AkMw" {
					t.Fatalf("got %+v, %v", identity, err)
				}
				if transport.count() != 3 {
					t.Errorf("sent %d times, want 3", transport.count())
				}
			})
		})
	}
}

func TestRetry_WritesAreNotSentAgainWhenTheOutcomeIsUnknown(t *testing.T) {
	t.Parallel()
	failures := map[string]answer{
		"500":             {status: 500},
		"503":             {status: 503, header: map[string]string{"Retry-After": "1"}},
		"lost connection": {err: io.ErrUnexpectedEOF},
		"200 unreadable":  {status: 201, body: "<html>"},
	}
	for name, failure := range failures {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			transport := &scripted{answers: []answer{failure}}
			_, err := newTestClient(t, transport).ImportedDeviceIdentities.Create(t.Context(), NewImportedDeviceIdentity{})
			if !IsOutcomeUnknown(err) {
				t.Errorf("got %v, want an unknown outcome", err)
			}
			if transport.count() != 1 {
				t.Errorf("sent %d times, want 1", transport.count())
			}
		})
	}
}

func TestRetry_WritesAreSentAgainWhenTheyNeverLeft(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		refused := &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")}
		transport := &scripted{answers: []answer{{err: refused}, {status: 429}, {status: 201, body: oneIdentity}}}
		if _, err := newTestClient(t, transport).ImportedDeviceIdentities.Create(t.Context(), NewImportedDeviceIdentity{}); err != nil {
			t.Fatal(err)
		}
		for i, body := range transport.bodies {
			if body != transport.bodies[0] || body == "" {
				t.Errorf("attempt %d sent the body %q, the first %q", i+1, body, transport.bodies[0])
			}
		}
	})
}

func TestRetry_DeletesAreSentAgainAfterALostReply(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		transport := &scripted{answers: []answer{{err: io.ErrUnexpectedEOF}, {status: 400, body: `{"error":{"code":"BadRequest","message":"missing"}}`}}}
		err := newTestClient(t, transport).ImportedDeviceIdentities.Delete(t.Context(), "AkMw")
		if !IsBadRequest(err) || transport.count() != 2 {
			t.Fatalf("got %v after %d attempts", err, transport.count())
		}
	})
}

func TestRetry_HonoursRetryAfterOverAMinuteAndPausesEverybody(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		transport := &scripted{answers: []answer{{status: 429, header: map[string]string{"Retry-After": "120"}}, {status: 200, body: oneIdentity}}}
		client := newTestClient(t, transport).ImportedDeviceIdentities
		start := time.Now()
		done := make(chan error)
		go func() {
			_, err := client.Get(t.Context(), "AkMw")
			done <- err
		}()
		synctest.Wait()
		if _, err := client.Get(t.Context(), "AnOther"); err != nil {
			t.Fatal(err)
		}
		if waited := time.Since(start); waited != 2*time.Minute {
			t.Errorf("another request waited %s, want the pause of 2m0s", waited)
		}
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	})
}

func TestRetry_GivesUpWithTheLastRealError(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		answers []answer
		timeout time.Duration
		want    string
		elapsed time.Duration
	}{
		"timeout while retrying": {
			answers: []answer{{status: 503, body: `{"error":{"code":"ServiceUnavailable","message":"Try later."}}`}},
			timeout: 10 * time.Second,
			want:    "Graph answered 503 Service Unavailable: Try later. (last of",
		},
		"Retry-After beyond the timeout": {
			answers: []answer{{status: 429, header: map[string]string{"Retry-After": "600"}, body: `{"error":{"code":"TooManyRequests","message":"Too many requests."}}`}},
			timeout: time.Minute,
			want:    "Graph answered 429 Too Many Requests: Too many requests.; gave up because the operation's timeout ended",
		},
		"attempts run out": {
			answers: []answer{{status: 200, body: "<html>sign in</html>", header: map[string]string{"Content-Type": "text/html; charset=utf-8"}}},
			timeout: 5 * time.Minute,
			want:    `Graph answered 200 with a body that could not be read: no valid JSON object: invalid character '<' looking for beginning of value (a body of type text/html that starts with "<html>sign in</html>") (last of 4 attempts)`,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), test.timeout)
				defer cancel()
				_, err := newTestClient(t, &scripted{answers: test.answers}).ImportedDeviceIdentities.Get(ctx, "AkMw")
				if text := wantError(t, err).Error(); !strings.HasPrefix(text, test.want) {
					t.Errorf("got  %s\nwant %s…", text, test.want)
				}
			})
		})
	}
}

func TestRetry_EndsAtOnceWhenInterrupted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		transport := &scripted{answers: []answer{{status: 503}}}
		client := newTestClient(t, transport).ImportedDeviceIdentities
		start := time.Now()
		time.AfterFunc(100*time.Millisecond, cancel)
		_, err := client.Get(ctx, "AkMw")
		if !errors.Is(err, context.Canceled) || time.Since(start) != 100*time.Millisecond {
			t.Errorf("got %v after %s", err, time.Since(start))
		}
	})
}

func TestRetry_DoesNotRepeatWhatCannotMendItself(t *testing.T) {
	t.Parallel()
	failures := map[string]struct {
		answer     answer
		credential staticCredential
	}{
		"untrusted certificate": {answer: answer{err: x509.UnknownAuthorityError{}}, credential: staticCredential{token: testToken}},
		"no token":              {answer: answer{status: 200}, credential: staticCredential{err: errors.New("no token")}},
		"forbidden":             {answer: answer{status: 403}, credential: staticCredential{token: testToken}},
		"not found":             {answer: answer{status: 404}, credential: staticCredential{token: testToken}},
	}
	for name, failure := range failures {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			transport := &scripted{answers: []answer{failure.answer}}
			client := newTestClient(t, transport, func(o *Options) { o.Credential = failure.credential })
			_, err := client.ImportedDeviceIdentities.Get(t.Context(), "AkMw")
			_ = wantError(t, err)
			if transport.count() > 1 {
				t.Errorf("sent %d times", transport.count())
			}
		})
	}
}

func TestBackoff_GrowsWithJitterUpToItsCap(t *testing.T) {
	t.Parallel()
	for attempt := range 100 {
		want := maxDelay
		if attempt < 6 {
			want = firstDelay << attempt
		}
		got := backoff(attempt+1, maxDelay)
		if got < want*3/4 || got > want*5/4 {
			t.Errorf("attempt %d: %s is not within 25 %% of %s", attempt+1, got, want)
		}
	}
}

func TestRetryAfter_ReadsBothForms(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for value, want := range map[string]time.Duration{
		"":                              0,
		"0":                             0,
		"-1":                            0,
		"soon":                          0,
		"15":                            15 * time.Second,
		"Thu, 01 Jan 2026 00:01:00 GMT": time.Minute,
		"Wed, 31 Dec 2025 00:01:00 GMT": 0,
	} {
		if got := retryAfter(http.Header{"Retry-After": {value}}, now); got != want {
			t.Errorf("%q: got %s, want %s", value, got, want)
		}
	}
}
