package graph

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
)

// scripted is a transport whose answers are written down one after the other;
// the last one is repeated. It keeps what was sent.
type scripted struct {
	mu      sync.Mutex
	answers []answer
	sent    []*http.Request
	bodies  []string
	at      []time.Time
}

type answer struct {
	status int
	body   string
	header map[string]string
	err    error
}

func (s *scripted) Do(req *http.Request) (*http.Response, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	body := ""
	if req.Body != nil {
		raw, err := io.ReadAll(req.Body)
		if err != nil {
			return nil, err
		}
		body = string(raw)
	}
	a := s.answers[min(len(s.sent), len(s.answers)-1)]
	s.sent = append(s.sent, req)
	s.bodies = append(s.bodies, body)
	s.at = append(s.at, time.Now())
	if a.err != nil {
		return nil, a.err
	}
	resp := &http.Response{
		StatusCode: a.status,
		Header:     http.Header{"Content-Type": {"application/json"}},
		Body:       io.NopCloser(strings.NewReader(a.body)),
		Request:    req,
	}
	for name, value := range a.header {
		resp.Header.Set(name, value)
	}
	return resp, nil
}

func (s *scripted) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.sent)
}

// staticCredential gives one token, or one error.
type staticCredential struct {
	token string
	err   error
}

func (c staticCredential) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	return azcore.AccessToken{Token: c.token, ExpiresOn: time.Now().Add(time.Hour)}, c.err
}

const testToken = "header.payload.signature-that-must-not-be-seen"

func newTestClient(t *testing.T, transport policy.Transporter, adjust ...func(*Options)) *Client {
	t.Helper()
	o := Options{
		Endpoint:   "https://graph.example.com",
		Scope:      "https://graph.example.com/.default",
		Credential: staticCredential{token: testToken},
		Transport:  transport,
		UserAgent:  "test/1",
	}
	for _, f := range adjust {
		f(&o)
	}
	c, err := NewClient(o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func wantError(t *testing.T, err error) *Error {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) {
		t.Fatalf("got %v (%T), want an *Error", err, err)
	}
	if strings.ContainsAny(e.Error(), "\r\n") {
		t.Errorf("the text is not one line: %q", e.Error())
	}
	return e
}

const oneIdentity = `{"id":"AkMw","importedDeviceIdentifier":"C0","importedDeviceIdentityType":"serialNumber","createdDateTime":"2026-01-02T03:04:05Z","lastModifiedDateTime":"2026-01-02T03:04:05Z","lastContactedDateTime":"0001-01-01T00:00:00Z","description":null,"enrollmentState":"notContacted","platform":"unknown"}`

func TestBoundedTransport_RefusesABodyOverTheLimitWithoutRetrying(t *testing.T) {
	t.Parallel()
	transport := &scripted{answers: []answer{{status: http.StatusBadRequest, body: strings.Repeat("x", maxErrorBody+1)}}}
	_, err := newTestClient(t, transport).ImportedDeviceIdentities.Get(t.Context(), "AkMw")
	if _, ok := errors.AsType[*bodyTooLargeError](err); !ok {
		t.Fatalf("got %v, want a bodyTooLargeError", err)
	}
	if transport.count() != 1 {
		t.Errorf("sent %d times, want 1", transport.count())
	}
}

func TestBoundedTransport_AcceptsABodyOfExactlyTheLimit(t *testing.T) {
	t.Parallel()
	padding := maxErrorBody - len(`{"error":{"code":"BadRequest","message":""}}`)
	body := `{"error":{"code":"BadRequest","message":"` + strings.Repeat("x", padding) + `"}}`
	transport := &scripted{answers: []answer{{status: http.StatusBadRequest, body: body}}}
	_, err := newTestClient(t, transport).ImportedDeviceIdentities.Get(t.Context(), "AkMw")
	if e := wantError(t, err); e.Code != "BadRequest" {
		t.Errorf("got code %q", e.Code)
	}
}
