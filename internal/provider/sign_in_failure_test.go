package provider

import (
	"crypto/x509"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/intunetf/terraform-provider-intune/internal/graphsim"
)

const failureModule = requiredProviders + `
provider "intune" {}

resource "intune_imported_device_identity" "test" {
  imported_device_identity_type = "serialNumber"
  imported_device_identifier    = "C02ABC123DEF"
}
`

// signInFailure is one way to fail, and what the user reads then.
type signInFailure struct {
	adjust func(*graphsim.Options)
	faults []graphsim.Fault
	env    func(t *testing.T, net *internet) []string
}

func variables(env ...string) func(*testing.T, *internet) []string {
	return func(*testing.T, *internet) []string { return env }
}

// azSays puts an az on PATH that answers so, and takes the client away, which
// would otherwise be mentioned.
func azSays(script func(net *internet) string) func(*testing.T, *internet) []string {
	return func(t *testing.T, net *internet) []string {
		folder := t.TempDir()
		if err := os.WriteFile(filepath.Join(folder, "az"), []byte("#!/bin/sh\n"+script(net)+"\n"), 0o700); err != nil {
			t.Fatal(err)
		}
		return []string{"ARM_CLIENT_ID=", "ARM_CLIENT_SECRET=", "PATH=" + folder + ":" + os.Getenv("PATH")}
	}
}

const azCLIAppID = "04b07795-8ddb-461a-bbee-02f9e1bf7b46"

func signInFailures(t *testing.T) map[string]signInFailure {
	t.Helper()
	certificate, pemFile := newCertificate(t)
	ci := newIssuer(t, "https://token.actions.githubusercontent.com")
	refusing := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusProxyAuthRequired) }))
	t.Cleanup(refusing.Close)
	return map[string]signInFailure{
		"expired secret": {adjust: func(o *graphsim.Options) { o.ClientSecretExpired = true }},
		"wrong secret":   {env: variables("ARM_CLIENT_SECRET=wrong-secret-of-somebody")},
		"unknown tenant": {env: variables("ARM_TENANT_ID=33333333-cccc-4ccc-8ccc-333333333333")},
		"unknown client": {env: variables("ARM_CLIENT_ID=33333333-cccc-4ccc-8ccc-333333333333")},
		"federated mismatch": {
			adjust: func(o *graphsim.Options) { o.FederatedIssuers = []graphsim.FederatedIssuer{ci.trust(wireSubject)} },
			env: func(t *testing.T, _ *internet) []string {
				return []string{"ARM_CLIENT_SECRET=", "ARM_USE_OIDC=true", "ARM_OIDC_TOKEN=" + ci.token(t, "repo:contoso/devices:pull_request", time.Now())}
			},
		},
		"clock skew": {
			adjust: func(o *graphsim.Options) {
				o.ClientCertificates = []*x509.Certificate{certificate}
				o.Now = func() time.Time { return time.Now().Add(42 * time.Minute) }
			},
			env: variables("ARM_CLIENT_SECRET=", "ARM_CLIENT_CERTIFICATE_PATH="+pemFile),
		},
		"wrong cloud for the tenant": {adjust: func(o *graphsim.Options) { o.Authorities = []string{"login.microsoftonline.us"} }},
		"private authority that Microsoft does not know": {
			env: variables("ARM_ENVIRONMENT=custom", "ARM_MSGRAPH_ENDPOINT=https://graph.example.com", "ARM_ACTIVE_DIRECTORY_AUTHORITY_HOST=https://login.example.com"),
		},
		"CLI not logged in": {env: azSays(func(*internet) string { return "echo \"ERROR: Please run 'az login' to setup account.\" >&2; exit 1" })},
		"CLI user token without Intune scopes": {env: azSays(func(net *internet) string {
			return `echo '{"accessToken":"` + net.UserToken("AuditLog.Read.All Directory.AccessAsUser.All", azCLIAppID) + `","expires_on":4102444800}'`
		})},
		"401 that a new token does not mend": {
			faults: []graphsim.Fault{{Operation: graphsim.OpImport, Count: -1, Status: http.StatusUnauthorized, Code: "InvalidAuthenticationToken", Message: "Access token validation failure. Invalid audience."}},
		},
		"403 without the role": {adjust: func(o *graphsim.Options) { o.Roles = []string{} }},
		"403 with the role": {
			faults: []graphsim.Fault{{Operation: graphsim.OpImport, Count: -1, Status: http.StatusForbidden, Code: "Forbidden", Message: "The tenant has no licence."}},
		},
		"TLS interception without the CA": {env: variables("INTUNE_CA_CERTIFICATE_PATH=")},
		"proxy refused":                   {env: variables("HTTPS_PROXY=" + refusing.URL)},
		"proxy not there":                 {env: variables("HTTPS_PROXY=" + closedProxy(t))},
	}
}

// closedProxy is the address of a proxy that is not running.
func closedProxy(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = listener.Close()
	return "http://" + listener.Addr().String()
}

// TestSignIn_EveryFailureIsExplained holds every message as a user reads it, in
// testdata/sign_in_failures.golden.txt; UPDATE_GOLDEN=1 writes it.
func TestSignIn_EveryFailureIsExplained(t *testing.T) {
	t.Parallel()
	workspace := newWorkspace(t, failureModule)
	var mu sync.Mutex
	messages := map[string]string{}
	t.Cleanup(func() { compareMessages(t, messages) })
	for name, failure := range signInFailures(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			options := graphsim.Options{ClientSecret: wireSecret}
			if failure.adjust != nil {
				failure.adjust(&options)
			}
			net := newInternet(t, options, nil, "login.example.com", "graph.example.com")
			net.Inject(failure.faults...)
			env := []string{
				"INTUNE_CA_CERTIFICATE_PATH=" + net.caPath, "ARM_TENANT_ID=" + graphsim.DefaultTenantID,
				"ARM_CLIENT_ID=" + graphsim.DefaultClientID, "ARM_CLIENT_SECRET=" + wireSecret,
			}
			if failure.env != nil {
				env = append(env, failure.env(t, net)...)
			}
			own := *workspace
			own.t = t
			run := net.session(&own, []string{wireSecret, "wrong-secret-of-somebody"}, env...)
			output, err := run.attempt("apply", "-no-color", "-input=false", "-auto-approve", "-state="+filepath.Join(t.TempDir(), "failed.tfstate"))
			_, message, found := strings.Cut(output, "Error: ")
			if err == nil || !found || strings.Contains(message, "Error: Error") || len(net.Tenant().Identities()) > 0 {
				t.Fatalf("got %v\n%s", err, output)
			}
			mu.Lock()
			defer mu.Unlock()
			messages[name] = steady("Error: " + message)
		})
	}
}

// steady takes out of a message what is different in every run.
func steady(message string) string {
	message, _, _ = strings.Cut(message, "\nrequest-id: ")
	message, _, _ = strings.Cut(message, "\nTrace ID: ")
	message = strings.ReplaceAll(message, "registry.opentofu.org/", "registry.terraform.io/")
	message = regexp.MustCompile(`thumbprint\s+[0-9A-F]{40}, valid from\s+\S+\s+to\s+\S+`).ReplaceAllString(message, "thumbprint THUMBPRINT, valid from DATE to DATE.")
	message = regexp.MustCompile(`127\.0\.0\.1:\d+`).ReplaceAllString(message, "127.0.0.1:PORT")
	return regexp.MustCompile(`Current time:\s+\S+`).ReplaceAllString(message, "Current time: NOW.")
}

func compareMessages(t *testing.T, messages map[string]string) {
	t.Helper()
	var all strings.Builder
	for _, name := range slices.Sorted(maps.Keys(messages)) {
		all.WriteString("=== " + name + "\n\n" + strings.TrimSpace(messages[name]) + "\n\n")
	}
	got := strings.TrimSpace(all.String()) + "\n"
	file := filepath.Join("testdata", "sign_in_failures.golden.txt")
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if len(messages) != strings.Count(string(want), "=== ") {
		return // only some of the failures were run
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
		t.Errorf("messages (-want +got):\n%s", diff)
	}
}
