package credential_test

import (
	"crypto/tls"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"github.com/intunetf/terraform-provider-intune/internal/credential"
)

// request returns the status of the answer.
func request(t *testing.T, client *http.Client, method, target string) (int, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, target, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer secret")
	resp, err := client.Do(req)
	if err != nil {
		return 0, err
	}
	return resp.StatusCode, resp.Body.Close()
}

func TestNewHTTPClient_Redirects(t *testing.T) {
	t.Parallel()

	foreign := 0
	other := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { foreign++ }))
	t.Cleanup(other.Close)
	a := newAuthority(t)
	mux := http.NewServeMux()
	mux.HandleFunc("/same", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/end", http.StatusTemporaryRedirect)
	})
	mux.HandleFunc("/found", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/end", http.StatusFound) })
	mux.HandleFunc("/other", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, other.URL+"/steal?x=1", http.StatusTemporaryRedirect)
	})
	mux.HandleFunc("/plain", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "http://"+r.Host+"/end", http.StatusTemporaryRedirect)
	})
	mux.HandleFunc("/loop", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/loop", http.StatusTemporaryRedirect)
	})
	mux.HandleFunc("/end", func(w http.ResponseWriter, r *http.Request) { _, _ = w.Write([]byte(r.Method)) })
	a.Config.Handler = mux
	client, err := credential.NewHTTPClient(a.settings())
	if err != nil {
		t.Fatal(err)
	}

	for _, method := range []string{http.MethodGet, http.MethodPost} {
		if status, err := request(t, client, method, a.URL+"/same"); err != nil || status != http.StatusOK {
			t.Errorf("%s on the same host: %v", method, err)
		}
	}
	refused := []struct{ method, path, want string }{
		{http.MethodPost, "/found", a.URL + " answered a POST with a redirect to " + a.URL + ", which was refused"},
		{http.MethodGet, "/other", "a redirect to " + other.URL + ", which was refused: a redirect is followed only on the same host and with the same method, so that the access token goes nowhere else"},
		{http.MethodGet, "/plain", "a redirect to http://"},
		{http.MethodGet, "/loop", "stopped after 10 redirects"},
	}
	for _, r := range refused {
		_, err := request(t, client, r.method, a.URL+r.path)
		if err == nil || !strings.Contains(err.Error(), r.want) {
			t.Errorf("%s %s = %v, want %q", r.method, r.path, err, r.want)
		}
	}
	if foreign > 0 {
		t.Errorf("%d requests reached the other host", foreign)
	}
}

func TestNewHTTPClient_CACertificate(t *testing.T) {
	t.Parallel()

	a := newAuthority(t)
	trusting, err := credential.NewHTTPClient(a.settings())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := request(t, trusting, http.MethodGet, a.URL+"/t/v2.0/.well-known/openid-configuration"); err != nil {
		t.Errorf("with the CA certificate: %v", err)
	}
	plain, err := credential.NewHTTPClient(credential.Settings{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = request(t, plain, http.MethodGet, a.URL)
	if unknown := new(tls.CertificateVerificationError); !errors.As(err, &unknown) {
		t.Errorf("without the CA certificate: %v", err)
	}
}

func TestNewHTTPClient_BadCACertificate_IsExplained(t *testing.T) {
	t.Parallel()

	for name, tt := range map[string]struct{ path, want string }{
		"missing": {filepath.Join(t.TempDir(), "none.pem"), "Unreadable CA Certificate: The file of `ca_certificate_path` (environment: INTUNE_CA_CERTIFICATE_PATH) cannot be read: open "},
		"garbage": {tempFile(t, "garbage"), "holds no certificate in PEM form"},
	} {
		_, err := credential.NewHTTPClient(credential.Settings{CACertificatePath: tt.path})
		problem := new(credential.SettingError)
		if !errors.As(err, &problem) || problem.Attribute != "ca_certificate_path" || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", name, err, tt.want)
		}
	}
}

func TestNewHTTPClient_Transport(t *testing.T) {
	t.Parallel()

	client, err := credential.NewHTTPClient(credential.Settings{})
	if err != nil {
		t.Fatal(err)
	}
	transport, ok := client.Transport.(*http.Transport)
	if !ok {
		t.Fatalf("transport is a %T", client.Transport)
	}
	if !transport.ForceAttemptHTTP2 || transport.TLSClientConfig.MinVersion != tls.VersionTLS12 || transport.MaxIdleConnsPerHost != 64 {
		t.Errorf("transport = %+v", transport)
	}
	if transport == http.DefaultTransport {
		t.Error("the process's default transport is changed")
	}
	if client.Timeout != 0 {
		t.Errorf("timeout = %s, want none: contexts bound requests", client.Timeout)
	}
	metadata := &http.Request{URL: &url.URL{Scheme: "http", Host: "169.254.169.254", Path: "/metadata"}}
	if proxy, err := transport.Proxy(metadata); proxy != nil || err != nil {
		t.Errorf("the metadata service is reached through %v, %v", proxy, err)
	}
	if _, err := transport.Proxy(&http.Request{URL: &url.URL{Scheme: "https", Host: "graph.microsoft.com"}}); err != nil {
		t.Error(err)
	}
}
