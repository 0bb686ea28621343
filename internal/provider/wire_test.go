package provider

import (
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"maps"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/intunetf/terraform-provider-intune/internal/graphsim"
)

const wireModule = requiredProviders + `
variable "environment" {
  type = string
}

variable "ca_certificate_path" {
  type = string
}

provider "intune" {
  environment         = var.environment
  ca_certificate_path = var.ca_certificate_path
  tenant_id           = "` + graphsim.DefaultTenantID + `"
  client_id           = "` + graphsim.DefaultClientID + `"
}

resource "intune_imported_device_identity" "test" {
  imported_device_identity_type = "serialNumber"
  imported_device_identifier    = "C02ABC123DEF"
}
`

// wireSecret is found again wherever it leaks.
const wireSecret = "a-secret-that-is-nowhere-7d1f"

const wireSubject = "repo:contoso/devices:ref:refs/heads/main"

func TestWire_EveryCloudWithEveryCredential(t *testing.T) {
	t.Parallel()
	certificate, pemFile := newCertificate(t)
	ci := newIssuer(t, "https://token.actions.githubusercontent.com")
	workspace := newWorkspace(t, wireModule)
	credentials := []struct {
		name    string
		env     []string
		secrets []string
		check   func(t *testing.T, c wireCell, request graphsim.Request)
	}{
		{"client secret", []string{"ARM_CLIENT_SECRET=" + wireSecret}, []string{wireSecret}, checkSecret},
		{"client certificate", []string{"ARM_CLIENT_CERTIFICATE_PATH=" + pemFile}, []string{keyLine(t, pemFile)}, checkCertificate(certificate)},
		{"OIDC", []string{"ARM_USE_OIDC=true", "ARM_OIDC_TOKEN=" + ci.token(t, wireSubject, time.Now())}, nil, checkFederated(ci.url)},
	}
	var mu sync.Mutex
	var rows []string
	t.Cleanup(func() {
		slices.Sort(rows)
		t.Logf("what was on the wire:\n%-14s  %-18s  %-26s  %-31s  %-48s  %s\n%s",
			"environment", "credential", "authority", "Graph", "scope", "grant", strings.Join(rows, "\n"))
	})
	bleu := []string{"ARM_MSGRAPH_ENDPOINT=https://graph.svc.sovcloud.fr", "ARM_ACTIVE_DIRECTORY_AUTHORITY_HOST=https://login.sovcloud-identity.fr"}
	for _, cloud := range []wireCell{
		{"global", "login.microsoftonline.com", "graph.microsoft.com", nil},
		{"public", "login.microsoftonline.com", "graph.microsoft.com", nil},
		{"usgovernment", "login.microsoftonline.us", "graph.microsoft.us", nil},
		{"usgovernmentl4", "login.microsoftonline.us", "graph.microsoft.us", nil},
		{"usgovernmentl5", "login.microsoftonline.us", "dod-graph.microsoft.us", nil},
		{"dod", "login.microsoftonline.us", "dod-graph.microsoft.us", nil},
		{"china", "login.chinacloudapi.cn", "microsoftgraph.chinacloudapi.cn", nil},
		{"custom", "login.sovcloud-identity.fr", "graph.svc.sovcloud.fr", bleu},
	} {
		for _, credential := range credentials {
			t.Run(cloud.environment+"/"+credential.name, func(t *testing.T) {
				t.Parallel()
				net := newInternet(t, graphsim.Options{
					ClientSecret: wireSecret, ClientCertificates: []*x509.Certificate{certificate},
					FederatedIssuers: []graphsim.FederatedIssuer{ci.trust(wireSubject)}, Authorities: []string{cloud.authority},
				}, nil)
				own := *workspace
				own.t = t
				run := net.session(&own, credential.secrets, append(slices.Concat(credential.env, cloud.env), "TF_VAR_environment="+cloud.environment)...)
				run.must("apply", "-no-color", "-input=false", "-auto-approve", "-state="+filepath.Join(t.TempDir(), "wire.tfstate"))
				if n := len(net.Tenant().Identities()); n != 1 {
					t.Errorf("the tenant holds %d identities, want 1", n)
				}
				tokens := cloud.check(t, net)
				for _, request := range tokens {
					credential.check(t, cloud, request)
				}
				request := tokens[0]
				mu.Lock()
				defer mu.Unlock()
				rows = append(rows, fmt.Sprintf("%-14s  %-18s  %-26s  %-31s  %-48s  %s", cloud.environment, credential.name,
					request.Host, net.graphHost(), strings.Fields(request.Form.Get("scope"))[0], request.Form.Get("grant_type")))
			})
		}
	}
}

// wireCell is what a cloud must look like on the wire.
type wireCell struct {
	environment, authority, graph string
	env                           []string
}

// check holds every request of a run against the cell and returns those for a
// token.
func (c wireCell) check(t *testing.T, net *internet) []graphsim.Request {
	t.Helper()
	var tokens []graphsim.Request
	tenant := "/" + graphsim.DefaultTenantID + "/"
	for _, request := range net.Journal() {
		isRight := request.Host == c.authority && !request.HasAuthorization
		switch request.Operation {
		case graphsim.OpToken:
			tokens = append(tokens, request)
			isRight = isRight && request.Path == tenant+"oauth2/v2.0/token"
		case graphsim.OpDiscovery:
			isRight = isRight && request.Path == tenant+"v2.0/.well-known/openid-configuration"
		case graphsim.OpInstanceDiscovery:
			isRight = isRight && strings.Contains(request.Query, url.QueryEscape("https://"+c.authority+tenant))
		default:
			isRight = request.Host == c.graph && request.HasAuthorization
		}
		if !isRight {
			t.Errorf("%s %s%s?%s, with a bearer token: %t", request.Operation, request.Host, request.Path, request.Query, request.HasAuthorization)
		}
	}
	hosts := slices.Compact(slices.Sorted(slices.Values(net.proxy.Connects())))
	if want := slices.Sorted(slices.Values([]string{c.authority + ":443", c.graph + ":443"})); !slices.Equal(hosts, want) {
		t.Errorf("connections to %v, want %v", hosts, want)
	}
	// An apply starts the provider twice: for the plan, and to apply it.
	if len(tokens) != 2 {
		t.Fatalf("%d tokens were asked for, want 2", len(tokens))
	}
	for _, request := range tokens {
		form := request.Form
		if form.Get("grant_type") != "client_credentials" || form.Get("client_id") != graphsim.DefaultClientID {
			t.Errorf("grant %q of client %q", form.Get("grant_type"), form.Get("client_id"))
		}
		if scopes := strings.Fields(form.Get("scope")); len(scopes) == 0 || scopes[0] != "https://"+c.graph+"/.default" ||
			strings.Count(form.Get("scope"), "https://") != 1 {
			t.Errorf("scope %q", form.Get("scope"))
		}
	}
	return tokens
}

func checkSecret(t *testing.T, _ wireCell, request graphsim.Request) {
	t.Helper()
	if !request.Form.Has("client_secret") || request.Form.Has("client_assertion") {
		t.Errorf("the form has %v", slices.Sorted(maps.Keys(request.Form)))
	}
}

func checkCertificate(certificate *x509.Certificate) func(*testing.T, wireCell, graphsim.Request) {
	return func(t *testing.T, c wireCell, request graphsim.Request) {
		t.Helper()
		claims, header := request.AssertionClaims, request.AssertionHeader
		if want := "https://" + c.authority + "/" + graphsim.DefaultTenantID + "/oauth2/v2.0/token"; claims["aud"] != want {
			t.Errorf("aud %v, want %s", claims["aud"], want)
		}
		if claims["iss"] != graphsim.DefaultClientID || claims["sub"] != graphsim.DefaultClientID || claims["jti"] == nil {
			t.Errorf("claims %v", claims)
		}
		chain, _ := header["x5c"].([]any)
		if len(chain) != 1 || chain[0] != base64.StdEncoding.EncodeToString(certificate.Raw) || header["alg"] != "PS256" {
			t.Errorf("alg %v, %d certificates", header["alg"], len(chain))
		}
	}
}

func checkFederated(issuer string) func(*testing.T, wireCell, graphsim.Request) {
	return func(t *testing.T, _ wireCell, request graphsim.Request) {
		t.Helper()
		claims := request.AssertionClaims
		if claims["iss"] != issuer || claims["sub"] != wireSubject || claims["aud"] != "api://AzureADTokenExchange" {
			t.Errorf("claims %v", claims)
		}
		if kind := request.Form.Get("client_assertion_type"); kind != "urn:ietf:params:oauth:client-assertion-type:jwt-bearer" {
			t.Errorf("client_assertion_type %q", kind)
		}
	}
}
