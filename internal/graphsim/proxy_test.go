package graphsim

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

func newProxyClient(t *testing.T, s *Server, others map[string]http.Handler) (*Proxy, *http.Client) {
	t.Helper()
	proxy, err := s.ListenProxy("127.0.0.1:0", others)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = proxy.Close() })
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(proxy.CAPEM()) {
		t.Fatal("no certificate in CAPEM")
	}
	proxyURL, err := url.Parse(proxy.URL())
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{Proxy: http.ProxyURL(proxyURL), TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}}
	t.Cleanup(transport.CloseIdleConnections)
	return proxy, &http.Client{Transport: transport}
}

func get(t *testing.T, client *http.Client, target string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, target, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := client.Do(req)
	if err != nil {
		return 0, err.Error()
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

func TestProxy_AnswersUnderMicrosoftsNames(t *testing.T) {
	t.Parallel()
	server, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	_, client := newProxyClient(t, server, nil)
	for authority, roots := range cloudRoots() {
		status, body := get(t, client, "https://"+authority+"/"+DefaultTenantID+"/v2.0/.well-known/openid-configuration")
		if want := `"token_endpoint":"https://` + authority + "/" + DefaultTenantID + `/oauth2/v2.0/token"`; status != http.StatusOK || !strings.Contains(body, want) {
			t.Errorf("%s: %d %s", authority, status, body)
		}
		for _, root := range roots {
			if status, body := get(t, client, "https://"+root+"/beta/deviceManagement/importedDeviceIdentities"); status != http.StatusUnauthorized {
				t.Errorf("%s: %d %s", root, status, body)
			}
		}
	}
}

func TestProxy_RefusesOtherHosts(t *testing.T) {
	t.Parallel()
	server, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	proxy, client := newProxyClient(t, server, map[string]http.Handler{
		"ci.example.com": http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, "ci "+r.URL.Path) }),
	})
	if status, body := get(t, client, "https://ci.example.com/token"); status != http.StatusOK || body != "ci /token" {
		t.Errorf("the other host: %d %s", status, body)
	}
	for _, target := range []string{"https://www.example.com/", "https://graph.microsoft.com:8443/"} {
		if status, body := get(t, client, target); status != 0 || !strings.Contains(body, "Forbidden") {
			t.Errorf("%s: %d %s", target, status, body)
		}
	}
	if got := strings.Join(proxy.Connects(), " "); got != "ci.example.com:443 www.example.com:443 graph.microsoft.com:8443" {
		t.Errorf("connects %s", got)
	}
	if n := len(server.Journal()); n != 0 {
		t.Errorf("%d requests reached the tenant", n)
	}
	if _, err := server.ListenProxy("0.0.0.0:0", nil); err == nil {
		t.Error("it listens for everybody")
	}
}

func TestProxy_RefusesARequestForAnotherHostThanTheTunnels(t *testing.T) {
	t.Parallel()
	server, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	_, client := newProxyClient(t, server, nil)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://graph.microsoft.com/beta/", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	req.Host = "graph.microsoft.us"
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusMisdirectedRequest {
		t.Errorf("got %s", resp.Status)
	}
}

func TestAuthorities_OnlyTheTenantsOwnCloudKnowsIt(t *testing.T) {
	t.Parallel()
	server, err := New(Options{Authorities: []string{"login.microsoftonline.us"}})
	if err != nil {
		t.Fatal(err)
	}
	_, client := newProxyClient(t, server, nil)
	for authority, want := range map[string]int{"login.microsoftonline.us": http.StatusOK, "login.microsoftonline.com": http.StatusBadRequest} {
		status, body := get(t, client, "https://"+authority+"/"+DefaultTenantID+"/v2.0/.well-known/openid-configuration")
		if status != want || (want != http.StatusOK) != strings.Contains(body, "AADSTS90002") {
			t.Errorf("%s: %d %s", authority, status, body)
		}
	}
}
