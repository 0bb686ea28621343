package credential_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/intunetf/terraform-provider-intune/internal/credential"
)

const (
	tenantID = "11111111-1111-1111-1111-111111111111"
	clientID = "22222222-2222-2222-2222-222222222222"
)

// authority is a token endpoint on loopback that also plays the token sources
// of GitHub Actions (/github) and Azure DevOps (/_apis/distributedtask/oidc).
type authority struct {
	*httptest.Server
	caPath string

	mu       sync.Mutex
	forms    []url.Values
	requests []*http.Request // to the CI token sources
	refusal  func(w http.ResponseWriter)
	ciAnswer func(w http.ResponseWriter)
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{tenant}/v2.0/.well-known/openid-configuration", func(w http.ResponseWriter, r *http.Request) {
		root := a.URL + "/" + r.PathValue("tenant")
		writeJSON(w, http.StatusOK, map[string]any{
			"issuer": root + "/v2.0", "authorization_endpoint": root + "/oauth2/v2.0/authorize", "token_endpoint": root + "/oauth2/v2.0/token",
		})
	})
	mux.HandleFunc("POST /{tenant}/oauth2/v2.0/token", a.token)
	mux.HandleFunc("/github", func(w http.ResponseWriter, r *http.Request) { a.ciToken(w, r, "value", "github-assertion") })
	mux.HandleFunc("/_apis/distributedtask/oidc", func(w http.ResponseWriter, r *http.Request) {
		a.ciToken(w, r, "oidcToken", "devops-assertion")
	})
	a.Server = httptest.NewTLSServer(mux)
	t.Cleanup(a.Close)
	a.caPath = filepath.Join(t.TempDir(), "ca.pem")
	writeFile(t, a.caPath, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.Certificate().Raw}))
	return a
}

func (a *authority) token(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	a.mu.Lock()
	a.forms = append(a.forms, r.PostForm)
	count, refusal := len(a.forms), a.refusal
	a.mu.Unlock()
	if refusal != nil {
		refusal(w)
		return
	}
	writeJSON(w, http.StatusOK, map[string]any{"access_token": fmt.Sprintf("token-%d", count), "expires_in": 3600, "token_type": "Bearer"})
}

func (a *authority) ciToken(w http.ResponseWriter, r *http.Request, field, assertion string) {
	a.mu.Lock()
	a.requests = append(a.requests, r)
	answer := a.ciAnswer
	a.mu.Unlock()
	if answer != nil {
		answer(w)
		return
	}
	writeJSON(w, http.StatusOK, map[string]any{field: assertion})
}

// refuse makes the token endpoint answer as Entra does.
func (a *authority) refuse(code int, text string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.refusal = func(w http.ResponseWriter) {
		writeJSON(w, http.StatusUnauthorized, map[string]any{
			"error":             "invalid_client",
			"error_description": fmt.Sprintf("AADSTS%d: %s Trace ID: aaaa Correlation ID: bbbb Timestamp: 2026-01-02 03:04:05Z", code, text),
			"error_codes":       []int{code}, "trace_id": "aaaa", "correlation_id": "bbbb", "timestamp": "2026-01-02 03:04:05Z",
		})
	}
}

func (a *authority) lastForm(t *testing.T) url.Values {
	t.Helper()
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.forms) == 0 {
		t.Fatal("no token was requested")
	}
	return a.forms[len(a.forms)-1]
}

func (a *authority) tokenRequests() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.forms)
}

// settings returns what every method needs to talk to the authority.
func (a *authority) settings() credential.Settings {
	return credential.Settings{
		Environment: "custom", GraphEndpoint: "https://graph.example.com", AuthorityHost: a.URL,
		DisableInstanceDiscovery: true, CACertificatePath: a.caPath, TenantID: tenantID, ClientID: clientID,
	}
}

// open makes a credential the way the provider does.
func open(t *testing.T, s credential.Settings) (*credential.Credential, credential.Cloud) {
	t.Helper()
	cloud, err := credential.ResolveCloud(s)
	if err != nil {
		t.Fatal(err)
	}
	client, err := credential.NewHTTPClient(s)
	if err != nil {
		t.Fatal(err)
	}
	cred, err := credential.New(s, cloud, client)
	if err != nil {
		t.Fatal(err)
	}
	return cred, cloud
}

func getToken(ctx context.Context, cred *credential.Credential, cloud credential.Cloud) (azcore.AccessToken, error) {
	return cred.GetToken(ctx, policy.TokenRequestOptions{Scopes: []string{cloud.Scope}})
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

func writeFile(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

func tempFile(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	writeFile(t, path, []byte(content))
	return path
}

// jwtPart decodes header (0) or claims (1) of an assertion.
func jwtPart(t *testing.T, token string, part int) map[string]any {
	t.Helper()
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		t.Fatalf("not a JSON web token: %q", token)
	}
	raw, err := base64.RawURLEncoding.DecodeString(parts[part])
	if err != nil {
		t.Fatal(err)
	}
	var claims map[string]any
	if err := json.Unmarshal(raw, &claims); err != nil {
		t.Fatal(err)
	}
	return claims
}
