package provider

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"software.sslmate.com/src/go-pkcs12"

	"github.com/intunetf/terraform-provider-intune/internal/graphsim"
)

// The examples of the guides are run as they are: the same files, and in the
// environment and on PATH only what the guide says is there. What stands in for
// the other side answers as the real one does, or refuses as the real one would.

const (
	exampleTenant = "contoso.onmicrosoft.com"
	exampleClient = "00000000-0000-0000-0000-000000000000"
	ciBearer      = "ci-system-token-that-is-nowhere"
	pfxPassword   = "pfx-password-that-is-nowhere"
)

// standIn is everything around a run of one example.
type standIn struct {
	t      *testing.T
	net    *internet
	ci     *issuer
	pfx    []byte
	folder string // takes the place of /etc/terraform
	now    func() time.Time

	mu       sync.Mutex
	requests []*http.Request // to the CI system and the metadata service
}

func (s *standIn) note(r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = append(s.requests, r)
}

func (s *standIn) asked() []*http.Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

const (
	githubHost = "run-actions-1-azure-eastus.actions.githubusercontent.com"
	devopsHost = "dev.azure.com"
	connection = "11111111-1111-1111-1111-111111111111"
)

// github answers as GitHub's token endpoint does.
func (s *standIn) github(w http.ResponseWriter, r *http.Request) {
	s.note(r)
	switch query := r.URL.Query(); {
	case r.Method != http.MethodGet:
		w.WriteHeader(http.StatusMethodNotAllowed)
	case r.Header.Get("Authorization") != "Bearer "+ciBearer:
		w.WriteHeader(http.StatusUnauthorized)
	case query.Get("api-version") != "2.0" || query.Get("audience") != "api://AzureADTokenExchange":
		w.WriteHeader(http.StatusBadRequest)
	default:
		s.reply(w, map[string]any{"count": 1, "value": s.federated()})
	}
}

// devops answers as Azure DevOps does: to POST only, for a service connection.
func (s *standIn) devops(w http.ResponseWriter, r *http.Request) {
	s.note(r)
	switch query := r.URL.Query(); {
	case r.Method != http.MethodPost:
		w.WriteHeader(http.StatusMethodNotAllowed)
	case r.Header.Get("Authorization") != "Bearer "+ciBearer:
		w.WriteHeader(http.StatusUnauthorized)
	case query.Get("api-version") != "7.1" || query.Get("serviceConnectionId") != connection:
		w.WriteHeader(http.StatusNotFound)
	default:
		s.reply(w, map[string]any{"oidcToken": s.federated()})
	}
}

// identity answers as the identity endpoint of App Service does.
func (s *standIn) identity(w http.ResponseWriter, r *http.Request) {
	s.note(r)
	query := r.URL.Query()
	if r.Header.Get("X-IDENTITY-HEADER") != ciBearer || query.Get("resource") != "https://graph.microsoft.com" || query.Get("api-version") != "2019-08-01" {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	s.reply(w, map[string]any{
		"access_token": s.net.Token(), "expires_on": fmt.Sprint(time.Now().Add(time.Hour).Unix()),
		"resource": query.Get("resource"), "token_type": "Bearer", "client_id": query.Get("client_id"),
	})
}

func (s *standIn) reply(w http.ResponseWriter, body any) {
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(body); err != nil {
		s.t.Error(err)
	}
}

// tool puts a shell script on PATH that writes down what it was called with.
func (s *standIn) tool(name, answer string) string {
	s.t.Helper()
	path := filepath.Join(s.folder, name)
	script := "#!/bin/sh\nprintf '%s\\n' \"$*\" >>'" + s.folder + "/calls'\ncat '" + s.folder + "/answer'\n"
	for file, content := range map[string]string{path: script, filepath.Join(s.folder, "answer"): answer} {
		if err := os.WriteFile(file, []byte(content), 0o700); err != nil {
			s.t.Fatal(err)
		}
	}
	return "PATH=" + s.folder + string(os.PathListSeparator) + os.Getenv("PATH")
}

// calls are the command lines of the tool, each one once.
func (s *standIn) calls() []string {
	s.t.Helper()
	content, err := os.ReadFile(filepath.Join(s.folder, "calls"))
	if err != nil {
		s.t.Fatal(err)
	}
	return slices.Compact(strings.Split(strings.TrimSpace(string(content)), "\n"))
}

func (s *standIn) file(name string, content []byte) string {
	s.t.Helper()
	path := filepath.Join(s.folder, name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		s.t.Fatal(err)
	}
	return path
}

func (s *standIn) wantRequests(method, host string) {
	s.t.Helper()
	requests := s.asked()
	if len(requests) == 0 {
		s.t.Errorf("%s was not asked", host)
	}
	for _, r := range requests {
		if r.Method != method || r.Host != host {
			s.t.Errorf("%s %s was asked, want %s %s", r.Method, r.Host, method, host)
		}
	}
}

func (s *standIn) wantCalls(want string) {
	s.t.Helper()
	if got := s.calls(); len(got) != 1 || got[0] != want {
		s.t.Errorf("called with %q, want %q", got, want)
	}
}

// authentication is an example with its surroundings, and what must have been
// asked of these.
type authentication struct {
	folder string
	env    func(s *standIn) []string
	check  func(s *standIn)
}

func authentications() map[string]authentication {
	soon := time.Now().Add(time.Hour)
	return map[string]authentication{
		"client secret": {"client-secret", func(*standIn) []string { return []string{"ARM_CLIENT_SECRET=" + wireSecret} }, nil},
		"client certificate": {"client-certificate", func(s *standIn) []string {
			s.file("intune.pfx", s.pfx)
			return []string{"ARM_CLIENT_CERTIFICATE_PASSWORD=" + pfxPassword}
		}, nil},
		"OIDC token file": {"oidc-token-file", func(s *standIn) []string {
			s.file("id-token", []byte(s.federated()+"\n"))
			return nil
		}, nil},
		"GitHub Actions": {"github-actions", func(*standIn) []string {
			return []string{
				"ACTIONS_ID_TOKEN_REQUEST_URL=https://" + githubHost + "/42//idtoken/1/2?api-version=2.0",
				"ACTIONS_ID_TOKEN_REQUEST_TOKEN=" + ciBearer,
			}
		}, func(s *standIn) { s.wantRequests(http.MethodGet, githubHost) }},
		"Azure DevOps": {"azure-devops", func(*standIn) []string {
			return []string{
				"SYSTEM_OIDCREQUESTURI=https://" + devopsHost + "/contoso/p/_apis/distributedtask/hubs/build/plans/1/jobs/2/oidctoken",
				"SYSTEM_ACCESSTOKEN=" + ciBearer,
			}
		}, func(s *standIn) { s.wantRequests(http.MethodPost, devopsHost) }},
		"AKS workload identity": {"aks-workload-identity", func(s *standIn) []string {
			return []string{
				"AZURE_TENANT_ID=" + exampleTenant, "AZURE_CLIENT_ID=" + exampleClient, "AZURE_AUTHORITY_HOST=https://login.microsoftonline.com/",
				"AZURE_FEDERATED_TOKEN_FILE=" + s.file("azure-identity-token", []byte(s.federated())),
			}
		}, nil},
		"managed identity": {"managed-identity", func(s *standIn) []string {
			endpoint := httptest.NewServer(http.HandlerFunc(s.identity))
			s.t.Cleanup(endpoint.Close)
			return []string{"IDENTITY_ENDPOINT=" + endpoint.URL, "IDENTITY_HEADER=" + ciBearer}
		}, func(s *standIn) {
			for _, r := range s.asked() {
				if got := r.URL.Query().Get("client_id"); got != exampleClient {
					s.t.Errorf("asked for the identity %q", got)
				}
			}
		}},
		"Azure CLI": {"azure-cli", func(s *standIn) []string {
			return []string{s.tool("az", fmt.Sprintf(`{"accessToken":%q,"expires_on":%d}`, s.net.Token(), soon.Unix()))}
		}, func(s *standIn) {
			s.wantCalls("account get-access-token -o json --resource https://graph.microsoft.com --tenant " + exampleTenant)
		}},
		"Azure CLI in a national cloud": {"azure-cli", func(s *standIn) []string {
			return []string{"ARM_ENVIRONMENT=usgovernment", s.tool("az", fmt.Sprintf(`{"accessToken":%q,"expires_on":%d}`, s.net.Token(), soon.Unix()))}
		}, func(s *standIn) {
			s.wantCalls("account get-access-token -o json --resource https://graph.microsoft.us --tenant " + exampleTenant)
		}},
		"Azure Developer CLI": {"azure-developer-cli", func(s *standIn) []string {
			return []string{s.tool("azd", fmt.Sprintf(`{"token":%q,"expiresOn":%q}`, s.net.Token(), soon.UTC().Format(time.RFC3339)))}
		}, func(s *standIn) {
			s.wantCalls("auth token -o json --no-prompt --scope https://graph.microsoft.com/.default --tenant-id " + exampleTenant)
		}},
		"Azure PowerShell": {"azure-powershell", func(s *standIn) []string {
			return []string{s.tool("pwsh", fmt.Sprintf(`{"Token":%q,"ExpiresOn":%d}`, s.net.Token(), soon.Unix()))}
		}, checkPowerShell},
	}
}

// checkPowerShell reads the script that pwsh was given: base64 of UTF-16.
func checkPowerShell(s *standIn) {
	s.t.Helper()
	for _, call := range s.calls() {
		_, encoded, _ := strings.Cut(call, "-EncodedCommand ")
		script, err := base64.StdEncoding.DecodeString(strings.TrimSpace(encoded))
		if err != nil {
			s.t.Fatalf("%v in %q", err, call)
		}
		text := strings.ReplaceAll(string(script), "\x00", "")
		for _, want := range []string{"ResourceUrl   = 'https://graph.microsoft.com'", exampleTenant} {
			if !strings.Contains(text, want) {
				s.t.Errorf("%q is not in the script", want)
			}
		}
	}
}

func TestAuthentication_EveryExampleSignsInAndApplies(t *testing.T) {
	t.Parallel()
	certificate, pemFile := newCertificate(t)
	pfx := newPFX(t, certificate, pemFile)
	ci := newIssuer(t, "https://token.actions.githubusercontent.com")
	tests := authentications()
	folders := map[string]bool{}
	for name, test := range tests {
		folders[test.folder] = true
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &standIn{t: t, ci: ci, pfx: pfx, folder: t.TempDir(), now: time.Now}
			s.net = newInternet(t, graphsim.Options{
				TenantID: exampleTenant, ClientID: exampleClient, ClientSecret: wireSecret,
				ClientCertificates: []*x509.Certificate{certificate}, FederatedIssuers: []graphsim.FederatedIssuer{ci.trust(wireSubject)},
			}, map[string]http.Handler{githubHost: http.HandlerFunc(s.github), devopsHost: http.HandlerFunc(s.devops)})
			files := readFolder(t, filepath.Join(examples, "authentication", test.folder))
			for file, content := range files {
				files[file] = strings.ReplaceAll(content, "/etc/terraform", s.folder)
			}
			files["device.tf"] = resourceBlock(serialLines...)
			env := append(test.env(s), "INTUNE_CA_CERTIFICATE_PATH="+s.net.caPath)
			run := s.net.session(newWorkspaceOf(t, files), []string{wireSecret, ciBearer, pfxPassword, keyLine(t, pemFile)}, env...)
			run.must("apply", "-no-color", "-input=false", "-auto-approve")
			if n := len(s.net.Tenant().Identities()); n != 1 {
				t.Errorf("the tenant holds %d identities, want 1", n)
			}
			if test.check != nil {
				test.check(s)
			}
		})
	}
	entries, err := os.ReadDir(filepath.Join(examples, "authentication"))
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if !folders[entry.Name()] {
			t.Errorf("the example %s is not run", entry.Name())
		}
	}
}

// newPFX packs a certificate and its key as current tools do.
func newPFX(t *testing.T, certificate *x509.Certificate, pemFile string) []byte {
	t.Helper()
	content, err := os.ReadFile(pemFile)
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(content)
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	pfx, err := pkcs12.Modern.Encode(key, certificate, nil, pfxPassword)
	if err != nil {
		t.Fatal(err)
	}
	return pfx
}
