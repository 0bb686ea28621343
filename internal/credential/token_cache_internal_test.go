package credential

import (
	"context"
	"errors"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
)

// countingSource gives out numbered tokens of an hour.
type countingSource struct {
	calls     int
	takes     time.Duration
	refreshIn time.Duration
	deadline  time.Duration // of the last call's context; 0 for none
	claims    string        // of the last call
	broken    bool
}

func (s *countingSource) GetToken(ctx context.Context, opts policy.TokenRequestOptions) (azcore.AccessToken, error) {
	s.calls++
	s.deadline, s.claims = 0, opts.Claims
	if s.broken {
		return azcore.AccessToken{}, errors.New("no network")
	}
	if deadline, ok := ctx.Deadline(); ok {
		s.deadline = time.Until(deadline)
	}
	select {
	case <-time.After(s.takes):
	case <-ctx.Done():
		return azcore.AccessToken{}, errors.New("killed")
	}
	token := azcore.AccessToken{Token: strconv.Itoa(s.calls), ExpiresOn: time.Now().Add(time.Hour)}
	if s.refreshIn > 0 {
		token.RefreshOn = time.Now().Add(s.refreshIn)
	}
	return token, nil
}

func credentialOf(source azcore.TokenCredential, isTool bool) *Credential {
	return newCredential(method{name: methodCLI, attributes: []string{"use_cli"}, isTool: isTool}, &builder{}, source)
}

func TestGetToken_KeepsATokenUntilFiveMinutesBeforeItsEnd(t *testing.T) {
	t.Parallel()

	synctest.Test(t, func(t *testing.T) {
		source := &countingSource{}
		cred := credentialOf(source, true)
		get := func(opts policy.TokenRequestOptions) string {
			t.Helper()
			token, err := cred.GetToken(t.Context(), opts)
			if err != nil {
				t.Fatal(err)
			}
			return token.Token
		}
		graph := policy.TokenRequestOptions{Scopes: []string{"a"}}
		steps := []struct {
			name string
			wait time.Duration
			opts policy.TokenRequestOptions
			want string
		}{
			{"first", 0, graph, "1"},
			{"again", 54 * time.Minute, graph, "1"},
			{"near its end", 2 * time.Minute, graph, "2"},
			{"another scope", 0, policy.TokenRequestOptions{Scopes: []string{"b"}}, "3"},
			{"another tenant", 0, policy.TokenRequestOptions{Scopes: []string{"a"}, TenantID: "t"}, "4"},
			{"claims challenge", 0, policy.TokenRequestOptions{Scopes: []string{"a"}, Claims: "{}"}, "5"},
			{"after the challenge", 0, graph, "5"},
		}
		for _, step := range steps {
			time.Sleep(step.wait)
			if got := get(step.opts); got != step.want {
				t.Errorf("%s: token %s, want %s", step.name, got, step.want)
			}
		}
		if source.deadline != toolTimeout {
			t.Errorf("a tool has %s, want %s", source.deadline, toolTimeout)
		}
	})
}

func TestGetToken_RefreshesWhenTheIssuerWishes(t *testing.T) {
	t.Parallel()

	synctest.Test(t, func(t *testing.T) {
		source := &countingSource{refreshIn: 10 * time.Minute}
		cred := credentialOf(source, false)
		for range 2 {
			if _, err := cred.GetToken(t.Context(), policy.TokenRequestOptions{}); err != nil {
				t.Fatal(err)
			}
			time.Sleep(11 * time.Minute)
		}
		if source.calls != 2 || source.deadline != 0 {
			t.Errorf("%d calls with a deadline of %s, want 2 without", source.calls, source.deadline)
		}
	})
}

func TestGetToken_WaitingCallerGivesUpWithItsContext(t *testing.T) {
	t.Parallel()

	synctest.Test(t, func(t *testing.T) {
		source := &countingSource{takes: time.Hour}
		cred := credentialOf(source, false)
		first, cancelFirst := context.WithCancel(t.Context())
		done := make(chan error)
		go func() {
			_, err := cred.GetToken(first, policy.TokenRequestOptions{})
			done <- err
		}()
		synctest.Wait()
		waiting, cancelWaiting := context.WithTimeout(t.Context(), time.Second)
		defer cancelWaiting()
		if _, err := cred.GetToken(waiting, policy.TokenRequestOptions{}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("waiting caller: %v", err)
		}
		cancelFirst()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("interrupted caller: %v", err)
		}
	})
}

func TestGetToken_SilentTool_IsStoppedAndExplained(t *testing.T) {
	t.Parallel()

	synctest.Test(t, func(t *testing.T) {
		cred := credentialOf(&countingSource{takes: time.Hour}, true)
		_, err := cred.GetToken(t.Context(), policy.TokenRequestOptions{})
		if summary, _ := Explain(err, cred, Cloud{}); summary != "Unable to Get Access Token: Azure CLI Did Not Answer" {
			t.Errorf("summary = %q", summary)
		}
	})
}

// A token that the service did not accept must not come back, neither from here
// nor from the library below.
func TestReject_GetsANewTokenOnce(t *testing.T) {
	t.Parallel()

	source := &countingSource{}
	cred := credentialOf(source, false)
	get := func(want, claims string) {
		t.Helper()
		token, err := cred.GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{"a"}})
		if err != nil || token.Token != want || source.claims != claims {
			t.Errorf("token %q with claims %q (%v), want %q with %q", token.Token, source.claims, err, want, claims)
		}
	}
	get("1", "")
	cred.Reject(t.Context(), "another")
	get("1", "")
	cred.Reject(t.Context(), "1")
	get("2", noClaims)
	cred.Reject(t.Context(), "1") // a second request that was under way with it
	get("2", noClaims)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	cred.turn <- struct{}{}
	cred.Reject(ended, "2")
	<-cred.turn
	get("2", noClaims)
}

func TestReject_Tool_IsAskedWithoutClaims(t *testing.T) {
	t.Parallel()

	source := &countingSource{}
	cred := credentialOf(source, true)
	for _, want := range []string{"1", "2"} {
		token, err := cred.GetToken(t.Context(), policy.TokenRequestOptions{})
		if err != nil || token.Token != want || source.claims != "" {
			t.Errorf("token %q with claims %q (%v), want %q", token.Token, source.claims, err, want)
		}
		cred.Reject(t.Context(), token.Token)
	}
}

func TestGetToken_FailedRenewal_KeepsAValidToken(t *testing.T) {
	t.Parallel()

	synctest.Test(t, func(t *testing.T) {
		source := &countingSource{refreshIn: 10 * time.Minute}
		cred := credentialOf(source, false)
		get := func() (azcore.AccessToken, error) { return cred.GetToken(t.Context(), policy.TokenRequestOptions{}) }
		if _, err := get(); err != nil {
			t.Fatal(err)
		}
		source.broken = true
		time.Sleep(59 * time.Minute)
		if token, err := get(); err != nil || token.Token != "1" {
			t.Errorf("a minute before its end: %q, %v", token.Token, err)
		}
		time.Sleep(45 * time.Second)
		if _, err := get(); err == nil {
			t.Error("a token in its last moment was handed out")
		}
	})
}
