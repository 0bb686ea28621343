package graphsim_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/intunetf/terraform-provider-intune/internal/graphsim"
)

const authority = "https://login.microsoftonline.com"

// grant is a good token request, with changes: name, value pairs; an empty value removes.
func grant(changes ...string) url.Values {
	form := url.Values{
		"grant_type": {"client_credentials"}, "client_id": {graphsim.DefaultClientID},
		"client_secret": {graphsim.DefaultClientSecret}, "scope": {root + "/.default"},
	}
	for i := 0; i+1 < len(changes); i += 2 {
		form.Set(changes[i], changes[i+1])
		if changes[i+1] == "" {
			form.Del(changes[i])
		}
	}
	return form
}

func askToken(t *testing.T, s *graphsim.Server, authorityRoot, tenant string, form url.Values) answer {
	t.Helper()
	address := authorityRoot + "/" + tenant + "/oauth2/v2.0/token"
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := s.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	return read(t, resp)
}

// tokenFor gets a token for a Graph root from its own authority.
func tokenFor(t *testing.T, s *graphsim.Server, graphRoot string) string {
	t.Helper()
	host := map[string]string{root: authority, "https://graph.microsoft.us": "https://login.microsoftonline.us"}[graphRoot]
	a := askToken(t, s, host, graphsim.DefaultTenantID, grant("scope", graphRoot+"/.default"))
	token, _ := a.json["access_token"].(string)
	if a.status != http.StatusOK || token == "" {
		t.Fatalf("token: %d %s", a.status, a.text)
	}
	return token
}

func TestToken_ClientSecret(t *testing.T) {
	t.Parallel()
	sim := newSimulator(t, graphsim.Options{TokenLifetime: 10 * time.Minute})
	a := askToken(t, sim.Server, authority, graphsim.DefaultTenantID, grant()).want(t, 200, "")
	equal(t, "expires_in", a.json["expires_in"], any(600.0))
	equal(t, "token_type", a.json["token_type"], any("Bearer"))
	sim.token, _ = a.json["access_token"].(string)
	sim.get(collectionPath).want(t, 200, "")
}

func TestToken_OpenIDScopesBesideTheResource(t *testing.T) {
	t.Parallel()
	sim := field(t, nil)
	form := grant("scope", root+"/.default openid offline_access profile") // what Microsoft's library sends
	askToken(t, sim.Server, authority, graphsim.DefaultTenantID, form).want(t, 200, "")
}

func TestToken_AuthorityAndGraphOnOneHost(t *testing.T) {
	t.Parallel()
	sim := field(t, nil)
	local := "https://127.0.0.1:8443"
	a := askToken(t, sim.Server, local, graphsim.DefaultTenantID, grant("scope", local+"/.default")).want(t, 200, "")
	token, _ := a.json["access_token"].(string)
	sim.token = token
	sim.get(collectionPath).want(t, 401, "InvalidAuthenticationToken") // it is not for graph.microsoft.com
	req := sim.request(http.MethodGet, collectionPath, "")
	req.URL.Host, req.Host = "127.0.0.1:8443", ""
	sim.do(req).want(t, 200, "")
}

func TestToken_Refusals(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		authority, tenant string
		form              url.Values
		status            int
		code, number      string
	}{
		"wrong secret":     {form: grant("client_secret", "nope"), status: 401, code: "invalid_client", number: "AADSTS7000215: "},
		"no secret":        {form: grant("client_secret", ""), status: 401, code: "invalid_client", number: "AADSTS7000216: "},
		"unknown tenant":   {tenant: "contoso", form: grant(), status: 400, code: "invalid_request", number: "AADSTS90002: "},
		"unknown client":   {form: grant("client_id", "nobody"), status: 400, code: "unauthorized_client", number: "AADSTS700016: "},
		"no scope":         {form: grant("scope", ""), status: 400, code: "invalid_request", number: "AADSTS900144: "},
		"no default scope": {form: grant("scope", root+"/User.Read"), status: 400, code: "invalid_scope", number: "AADSTS70011: "},
		"two scopes":       {form: grant("scope", root+"/.default https://other.example/.default"), status: 400, code: "invalid_scope", number: "AADSTS70011: "},
		"other cloud": {
			form: grant("scope", "https://graph.microsoft.us/.default"), status: 400, code: "invalid_resource", number: "AADSTS500011: ",
		},
		"cloud of a custom authority": {
			authority: "https://127.0.0.1:1", form: grant(), status: 400, code: "invalid_resource", number: "AADSTS500011: ",
		},
		"grant":           {form: grant("grant_type", "password"), status: 400, code: "unsupported_grant_type", number: "AADSTS70003: "},
		"no form at all":  {form: url.Values{}, status: 400, code: "invalid_request", number: "AADSTS900144: "},
		"bad assertion":   {form: assertionForm("a.b.c"), status: 401, code: "invalid_client", number: "AADSTS50027: "},
		"type of nothing": {form: grant("client_assertion", "x"), status: 400, code: "invalid_request", number: "AADSTS900144: "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sim := field(t, nil)
			host, tenant := authority, graphsim.DefaultTenantID
			if c.authority != "" {
				host = c.authority
			}
			if c.tenant != "" {
				tenant = c.tenant
			}
			askToken(t, sim.Server, host, tenant, c.form).wantEntra(t, c.status, c.code, c.number)
		})
	}
}

func (a answer) wantEntra(t *testing.T, status int, code, number string) {
	t.Helper()
	equal(t, "status", a.status, status)
	equal(t, "error", a.json["error"], any(code))
	description, _ := a.json["error_description"].(string)
	if !strings.HasPrefix(description, number) {
		t.Errorf("description %q, want %s", description, number)
	}
	for _, line := range []string{" Trace ID: ", " Correlation ID: ", " Timestamp: "} {
		if !strings.Contains(description, line) {
			t.Errorf("description without %q: %q", line, description)
		}
	}
	if codes, _ := a.json["error_codes"].([]any); len(codes) != 1 {
		t.Errorf("error_codes %v", a.json["error_codes"])
	}
}

func TestToken_ExpiredSecret(t *testing.T) {
	t.Parallel()
	sim := newSimulator(t, graphsim.Options{ClientSecretExpired: true})
	askToken(t, sim.Server, authority, graphsim.DefaultTenantID, grant()).wantEntra(t, 401, "invalid_client", "AADSTS7000222: ")
	wrong := grant("client_secret", "nope")
	askToken(t, sim.Server, authority, graphsim.DefaultTenantID, wrong).wantEntra(t, 401, "invalid_client", "AADSTS7000215: ")
}

func TestDiscovery(t *testing.T) {
	t.Parallel()
	sim := field(t, nil)
	sim.token = ""
	path := "/" + graphsim.DefaultTenantID + "/v2.0/.well-known/openid-configuration"
	a := sim.call(http.MethodGet, path, "").want(t, 200, "")
	equal(t, "issuer", a.json["issuer"], any(root+"/"+graphsim.DefaultTenantID+"/v2.0"))
	equal(t, "token endpoint", a.json["token_endpoint"], any(root+"/"+graphsim.DefaultTenantID+"/oauth2/v2.0/token"))
	sim.call(http.MethodGet, "/contoso/v2.0/.well-known/openid-configuration", "").
		wantEntra(t, 400, "invalid_tenant", "AADSTS90002: ")

	query := "/common/discovery/instance?api-version=1.1&authorization_endpoint="
	a = sim.call(http.MethodGet, query+url.QueryEscape(root+"/contoso/oauth2/v2.0/authorize"), "").want(t, 200, "")
	equal(t, "tenant discovery", a.json["tenant_discovery_endpoint"], any(root+"/contoso/v2.0/.well-known/openid-configuration"))
	sim.call(http.MethodGet, query+url.QueryEscape("https://evil.example/contoso"), "").
		wantEntra(t, 400, "invalid_instance", "AADSTS50049: ")
}

func TestToken_SecretsStayOutOfTheJournal(t *testing.T) {
	t.Parallel()
	sim := field(t, nil)
	form := assertionForm("eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJtZSJ9.c2lnbmF0dXJl")
	form.Set("client_secret", "hidden-secret")
	askToken(t, sim.Server, authority, graphsim.DefaultTenantID, form)
	entry := sim.Journal()[0]
	equal(t, "secret", entry.Form.Get("client_secret"), "<redacted>")
	equal(t, "assertion", entry.Form.Get("client_assertion"), "<redacted>")
	equal(t, "client", entry.Form.Get("client_id"), graphsim.DefaultClientID)
	equal(t, "alg", entry.AssertionHeader["alg"], any("RS256"))
	equal(t, "iss", entry.AssertionClaims["iss"], any("me"))
	equal(t, "body", len(entry.Body), 0)
	equal(t, "operation", entry.Operation, graphsim.OpToken)
	equal(t, "status", entry.Status, 401)
}
