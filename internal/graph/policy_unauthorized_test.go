package graph

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
)

// renewingCredential hands out numbered tokens, the next one after a rejection.
type renewingCredential struct {
	mu      sync.Mutex
	current int
	broken  bool // no second token is to be had
}

func (c *renewingCredential) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.broken && c.current > 0 {
		return azcore.AccessToken{}, errors.New("no token")
	}
	return azcore.AccessToken{Token: c.name(), ExpiresOn: time.Now().Add(time.Hour)}, nil
}

func (c *renewingCredential) name() string { return fmt.Sprintf("token-%d", c.current) }

func (c *renewingCredential) Reject(_ context.Context, token string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if token == c.name() {
		c.current++
	}
}

// acceptingTransport lets a request in with one of the tokens only.
type acceptingTransport struct {
	scripted
	accepted string
	tokens   []string
	ids      []string
}

func (s *acceptingTransport) Do(req *http.Request) (*http.Response, error) {
	sent := req.Header.Get("Authorization")
	s.mu.Lock()
	s.tokens, s.ids = append(s.tokens, sent), append(s.ids, req.Header.Get(clientRequestIDHeader))
	s.mu.Unlock()
	resp, err := s.scripted.Do(req)
	if err == nil && sent != "Bearer "+s.accepted {
		resp.StatusCode, resp.Body = http.StatusUnauthorized, http.NoBody
	}
	return resp, err
}

func TestUnauthorized_WriteIsSentAgainWithANewToken(t *testing.T) {
	t.Parallel()
	transport := &acceptingTransport{accepted: "token-1", scripted: scripted{answers: []answer{{status: 201, body: oneIdentity}}}}
	client := newTestClient(t, transport, func(o *Options) { o.Credential = &renewingCredential{} })
	identity, err := client.ImportedDeviceIdentities.Create(t.Context(), NewImportedDeviceIdentity{})
	if err != nil || identity.ID != "AkMw" {
		t.Fatalf("got %+v, %v", identity, err)
	}
	if want := []string{"Bearer token-0", "Bearer token-1"}; !slices.Equal(transport.tokens, want) {
		t.Errorf("sent %v, want %v", transport.tokens, want)
	}
	if transport.bodies[0] == "" || transport.bodies[0] != transport.bodies[1] {
		t.Errorf("bodies %q, want the same one twice", transport.bodies)
	}
	if transport.ids[0] == transport.ids[1] {
		t.Error("both requests have the same client-request-id")
	}
}

func TestUnauthorized_IsTriedOnceMoreOnly(t *testing.T) {
	t.Parallel()
	transport := &acceptingTransport{accepted: "none", scripted: scripted{answers: []answer{{status: 200, body: oneIdentity}}}}
	client := newTestClient(t, transport, func(o *Options) { o.Credential = &renewingCredential{} })
	_, err := client.ImportedDeviceIdentities.Get(t.Context(), "AkMw")
	if !IsUnauthorized(err) || len(transport.tokens) != 2 {
		t.Errorf("got %v after %v, want a 401 after two tokens", err, transport.tokens)
	}
}

func TestUnauthorized_CredentialWithoutReject_IsNotTriedAgain(t *testing.T) {
	t.Parallel()
	transport := &acceptingTransport{accepted: "none", scripted: scripted{answers: []answer{{status: 200, body: oneIdentity}}}}
	_, err := newTestClient(t, transport).ImportedDeviceIdentities.Get(t.Context(), "AkMw")
	if !IsUnauthorized(err) || len(transport.tokens) != 1 {
		t.Errorf("got %v after %d requests, want a 401 after one", err, len(transport.tokens))
	}
}

// A write that was answered with 401 has had no effect, whatever happens then.
func TestUnauthorized_NoSecondToken_IsNoUnknownOutcome(t *testing.T) {
	t.Parallel()
	transport := &acceptingTransport{accepted: "none", scripted: scripted{answers: []answer{{status: 200}}}}
	client := newTestClient(t, transport, func(o *Options) { o.Credential = &renewingCredential{broken: true} })
	_, err := client.ImportedDeviceIdentities.Create(t.Context(), NewImportedDeviceIdentity{})
	if err == nil || IsOutcomeUnknown(err) || !IsNotSent(err) {
		t.Errorf("got %v, want an error that says that nothing was sent", err)
	}
}

func TestUnauthorized_ConcurrentRequests_TakeOneNewToken(t *testing.T) {
	t.Parallel()
	transport := &acceptingTransport{accepted: "token-1", scripted: scripted{answers: []answer{{status: 200, body: oneIdentity}}}}
	credential := &renewingCredential{}
	client := newTestClient(t, transport, func(o *Options) { o.Credential = credential })
	var wg sync.WaitGroup
	for range 10 {
		wg.Go(func() {
			if _, err := client.ImportedDeviceIdentities.Get(t.Context(), "AkMw"); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if credential.current != 1 {
		t.Errorf("%d tokens were rejected, want 1", credential.current)
	}
}
