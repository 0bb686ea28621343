package provider

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/intunetf/terraform-provider-intune/internal/graphsim"
)

// What is in this file runs the released provider under the CLI against
// Microsoft's own host names: a proxy answers for them, and nothing but
// HTTPS_PROXY and ca_certificate_path says so.

// internet is a simulated tenant behind a proxy.
type internet struct {
	*graphsim.Server
	proxy  *graphsim.Proxy
	caPath string
}

// newInternet starts a tenant and its proxy. The private hosts lead to the
// tenant as well, the others to handlers of their own.
func newInternet(t *testing.T, options graphsim.Options, others map[string]http.Handler, private ...string) *internet {
	t.Helper()
	server, err := graphsim.New(options)
	if err != nil {
		t.Fatal(err)
	}
	hosts := map[string]http.Handler{}
	maps.Copy(hosts, others)
	for _, host := range private {
		hosts[host] = server
	}
	proxy, err := server.ListenProxy("127.0.0.1:0", hosts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = proxy.Close() })
	caPath := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(caPath, proxy.CAPEM(), 0o600); err != nil {
		t.Fatal(err)
	}
	return &internet{Server: server, proxy: proxy, caPath: caPath}
}

// graphHost is where the requests with a token went.
func (i *internet) graphHost() string {
	var hosts []string
	for _, request := range i.Journal() {
		if request.HasAuthorization && !slices.Contains(hosts, request.Host) {
			hosts = append(hosts, request.Host)
		}
	}
	return strings.Join(hosts, " and ")
}

// session runs the CLI in a workspace and holds everything that comes out of
// it, the log at TRACE above all, against what must not be in it.
type session struct {
	*workspace
	log     string
	secrets []string
}

// session is a run of its own in a folder that may be shared: its environment,
// its state, its log. The proxy is the only way to the network.
func (i *internet) session(w *workspace, secrets []string, env ...string) *session {
	w.t.Helper()
	own := *w
	log := filepath.Join(w.t.TempDir(), "trace.log")
	own.env = append(slices.Clone(w.env),
		"HTTPS_PROXY="+i.proxy.URL(), "TF_VAR_ca_certificate_path="+i.caPath,
		"TF_LOG=TRACE", "TF_LOG_PATH="+log, "AZURE_SDK_GO_LOGGING=all")
	own.env = append(own.env, env...)
	s := &session{workspace: &own, log: log, secrets: secrets}
	w.t.Cleanup(s.scan)
	return s
}

// scan looks for secrets in the log and in every file of the workspace.
func (s *session) scan() {
	content, err := os.ReadFile(s.log)
	if err != nil {
		s.t.Errorf("there is no log to scan: %v", err)
		return
	}
	if !strings.Contains(string(content), "[TRACE]") {
		s.t.Error("the log is not at TRACE: the scan would prove nothing")
	}
	s.scanText("the log", string(content))
	states, err := filepath.Glob(filepath.Join(s.directory, "*.tfstate*"))
	if err != nil {
		s.t.Error(err)
	}
	for _, state := range states {
		s.scanText(filepath.Base(state), s.read(filepath.Base(state)))
	}
}

func (s *session) scanText(place, text string) {
	s.t.Helper()
	for n, secret := range append([]string{"Bearer e"}, s.secrets...) {
		if at := strings.Index(text, secret); secret != "" && at >= 0 {
			s.t.Errorf("secret %d is in %s, after %q", n, place, text[max(0, at-60):at])
		}
	}
	if at := jsonWebToken.FindStringIndex(text); at != nil {
		s.t.Errorf("a token or an assertion is in %s, after %q", place, text[max(0, at[0]-60):at[0]])
	}
}

// attempt runs the CLI and scans what it printed.
func (s *session) attempt(args ...string) (string, error) {
	s.t.Helper()
	output, err := s.try(args...)
	s.scanText("the output", output)
	return output, err
}

// must is an attempt that succeeds.
func (s *session) must(args ...string) string {
	s.t.Helper()
	output, err := s.attempt(args...)
	if err != nil {
		s.t.Fatalf("%s: %v\n%s", strings.Join(args, " "), err, output)
	}
	return output
}

// issuer signs federated tokens, as a CI system does.
type issuer struct {
	url string
	key *rsa.PrivateKey
}

func newIssuer(t *testing.T, url string) *issuer {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return &issuer{url: url, key: key}
}

// trust is the federated credential of an app registration for a subject.
func (i *issuer) trust(subject string) graphsim.FederatedIssuer {
	return graphsim.FederatedIssuer{Issuer: i.url, Subject: subject, Keys: map[string]crypto.PublicKey{"key-1": &i.key.PublicKey}}
}

// token is a federated token of ten minutes, as the CI systems issue it.
func (i *issuer) token(t *testing.T, subject string, now time.Time) string {
	t.Helper()
	claims, err := json.Marshal(map[string]any{
		"iss": i.url, "sub": subject, "aud": "api://AzureADTokenExchange",
		"iat": now.Unix(), "nbf": now.Unix(), "exp": now.Add(10 * time.Minute).Unix(), "jti": rand.Text(),
	})
	if err != nil {
		t.Fatal(err)
	}
	encode := base64.RawURLEncoding.EncodeToString
	signed := encode([]byte(`{"alg":"RS256","kid":"key-1","typ":"JWT"}`)) + "." + encode(claims)
	digest := sha256.Sum256([]byte(signed))
	signature, err := rsa.SignPKCS1v15(rand.Reader, i.key, crypto.SHA256, digest[:])
	if err != nil {
		t.Fatal(err)
	}
	return signed + "." + encode(signature)
}

// keyLine is a part of a private key that must not be seen.
func keyLine(t *testing.T, pemFile string) string {
	t.Helper()
	content, err := os.ReadFile(pemFile)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(string(content), "\n")[1]
}
