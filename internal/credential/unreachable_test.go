package credential_test

import (
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/intunetf/terraform-provider-intune/internal/credential"
)

// explained asks for a token that will not come.
func explained(t *testing.T, s credential.Settings, client *http.Client) (summary, detail string) {
	t.Helper()
	cloud, err := credential.ResolveCloud(s)
	if err != nil {
		t.Fatal(err)
	}
	cred, err := credential.New(s, cloud, client)
	if err != nil {
		t.Fatal(err)
	}
	_, err = getToken(t.Context(), cred, cloud)
	if err == nil {
		t.Fatal("want an error")
	}
	var failed *credential.TokenError
	if !errors.As(err, &failed) || strings.Contains(err.Error(), "\n") {
		t.Errorf("error = %T %q, want a TokenError on one line", err, err)
	}
	return credential.Explain(err, cred, cloud)
}

func newClient(t *testing.T, s credential.Settings) *http.Client {
	t.Helper()
	client, err := credential.NewHTTPClient(s)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func TestExplain_UntrustedAuthority_IsToldWithoutRetries(t *testing.T) {
	t.Parallel()

	var connections atomic.Int32
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	server.StartTLS()
	t.Cleanup(server.Close)
	s := credential.Settings{
		Environment: "custom", GraphEndpoint: "https://graph.example.com", AuthorityHost: server.URL,
		DisableInstanceDiscovery: true, TenantID: tenantID, ClientID: clientID, ClientSecret: "hunter22",
	}
	summary, detail := explained(t, s, newClient(t, s))
	if summary != "Unable to Get Access Token: Untrusted Certificate" || !strings.Contains(detail, "`ca_certificate_path`") {
		t.Errorf("Explain =\n%s\n%s", summary, detail)
	}
	if got := connections.Load(); got != 1 {
		t.Errorf("%d connections, want 1: an untrusted certificate stays untrusted", got)
	}
}

func TestExplain_AuthorityThatRedirects(t *testing.T) {
	t.Parallel()

	a := newAuthority(t)
	s := a.settings()
	s.ClientSecret = "hunter22"
	a.refusal = func(w http.ResponseWriter) {
		w.Header().Set("Location", "https://sign-in.example.com/page")
		w.WriteHeader(http.StatusFound)
	}
	summary, detail := explained(t, s, newClient(t, s))
	if summary != "Unable to Get Access Token: Redirect Refused" ||
		!strings.Contains(detail, "Error: "+a.URL+" answered a POST with a redirect to https://sign-in.example.com, which was refused") {
		t.Errorf("Explain =\n%s\n%s", summary, detail)
	}
	if got := a.tokenRequests(); got != 1 {
		t.Errorf("%d token requests, want 1", got)
	}
}

func TestExplain_ProxyThatRefuses(t *testing.T) {
	t.Parallel()

	var connects atomic.Int32
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodConnect {
			connects.Add(1)
		}
		w.WriteHeader(http.StatusProxyAuthRequired)
	}))
	t.Cleanup(proxy.Close)
	s := credential.Settings{TenantID: tenantID, ClientID: clientID, ClientSecret: "hunter22", DisableInstanceDiscovery: true}
	client := newClient(t, s)
	transport, ok := client.Transport.(*http.Transport)
	if !ok {
		t.Fatalf("transport is a %T", client.Transport)
	}
	// net/http reads HTTPS_PROXY once per process, so that a test cannot set it.
	transport.Proxy = func(*http.Request) (*url.URL, error) { return url.Parse(proxy.URL) }
	summary, detail := explained(t, s, client)
	if summary != "Unable to Get Access Token: Proxy Refused" || !strings.Contains(detail, `answered "407 Proxy Authentication Required"`) {
		t.Errorf("Explain =\n%s\n%s", summary, detail)
	}
	if got := connects.Load(); got != 1 {
		t.Errorf("%d attempts at the proxy, want 1", got)
	}
}

func TestExplain_OIDCTokenFileThatVanished(t *testing.T) {
	t.Parallel()

	a := newAuthority(t)
	for name, spoil := range map[string]func(path string) error{
		"removed": os.Remove,
		"emptied": func(path string) error { return os.WriteFile(path, nil, 0o600) },
	} {
		s := a.settings()
		s.UseOIDC, s.OIDCTokenFilePath = true, tempFile(t, "first")
		cred, cloud := open(t, s)
		if err := spoil(s.OIDCTokenFilePath); err != nil {
			t.Fatal(err)
		}
		_, err := getToken(t.Context(), cred, cloud)
		summary, detail := credential.Explain(err, cred, cloud)
		if summary != "Unable to Get Access Token: No OIDC Token" || !strings.Contains(detail, "Setting to look at: `oidc_token_file_path`") {
			t.Errorf("%s: Explain =\n%s\n%s", name, summary, detail)
		}
	}
}

// A managed identity is found through the process's environment.
func TestGetToken_ManagedIdentity(t *testing.T) {
	var query url.Values
	status := http.StatusOK
	endpoint := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		query = r.URL.Query()
		if status != http.StatusOK {
			writeJSON(w, status, map[string]any{"error": "invalid_request", "error_description": "Identity not found"})
			return
		}
		writeJSON(w, status, map[string]any{"access_token": "from-msi", "expires_on": "4102444800", "resource": "r", "token_type": "Bearer"})
	}))
	t.Cleanup(endpoint.Close)
	t.Setenv("IDENTITY_ENDPOINT", endpoint.URL)
	t.Setenv("IDENTITY_HEADER", "h")

	// azidentity keeps such tokens for the whole process, so each run of the
	// test asks for a resource of its own.
	graph := "https://graph.example.com:" + endpoint.URL[strings.LastIndex(endpoint.URL, ":")+1:]
	cred, cloud := open(t, credential.Settings{
		Environment: "custom", GraphEndpoint: graph, AuthorityHost: "https://login.example.com", UseMSI: true, ClientID: clientID,
	})
	token, err := getToken(t.Context(), cred, cloud)
	if err != nil || token.Token != "from-msi" {
		t.Fatalf("GetToken = %q, %v", token.Token, err)
	}
	if query.Get("resource") != graph || query.Get("client_id") != clientID {
		t.Errorf("asked for %v", query)
	}

	status = http.StatusBadRequest
	_, err = cred.GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{graph + "/other/.default"}})
	summary, detail := credential.Explain(err, cred, cloud)
	if summary != "Unable to Get Access Token: No Managed Identity" || !strings.Contains(detail, "`use_msi` (environment: ARM_USE_MSI)") {
		t.Errorf("Explain =\n%s\n%s", summary, detail)
	}
}
