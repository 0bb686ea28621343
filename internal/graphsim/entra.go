package graphsim

import (
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

var errNoNumber = errors.New("no number")

// entraProblem is a refusal of the token endpoint; number is the AADSTS number.
type entraProblem struct {
	status int
	code   string // OAuth error
	number int
	text   string
}

// entraError writes a problem as Entra does: one line per id, and the number once more in error_codes.
func (s *Server) entraError(c *call, p entraProblem) reply {
	now := s.now().Format("2006-01-02 15:04:05Z")
	trace, correlation := sequenceGUID("trace", c.request.Sequence), c.clientRequestID
	text := p.text
	if p.number != 0 {
		text = fmt.Sprintf("AADSTS%d: %s", p.number, p.text)
	}
	body := map[string]any{
		"error": p.code,
		"error_description": fmt.Sprintf("%s Trace ID: %s Correlation ID: %s Timestamp: %s",
			strings.TrimSpace(text), trace, correlation, now),
		"timestamp": now, "trace_id": trace, "correlation_id": correlation,
	}
	if p.number != 0 {
		body["error_codes"] = []any{p.number}
		body["error_uri"] = fmt.Sprintf("%s/error?code=%d", c.root, p.number)
	}
	rep := jsonReply(p.status, body)
	rep.contentType = "application/json; charset=utf-8"
	return rep
}

func (s *Server) unknownTenant(c *call) *entraProblem {
	isHome := len(s.options.Authorities) == 0 || slices.Contains(s.options.Authorities, hostOf(c.root))
	if isHome && strings.EqualFold(c.route.tenant, s.options.TenantID) {
		return nil
	}
	return &entraProblem{http.StatusBadRequest, "invalid_request", 90002, fmt.Sprintf("Tenant '%s' not found. Check to make sure "+
		"you have the correct tenant ID and are signing into the correct cloud. Check with your subscription administrator, "+
		"this may happen if there are no active subscriptions for the tenant.", c.route.tenant)}
}

// discovery is the OpenID configuration of the tenant, on the host that was called.
func (s *Server) discovery(c *call) reply {
	if p := s.unknownTenant(c); p != nil {
		p.code = "invalid_tenant"
		return s.entraError(c, *p)
	}
	base := c.root + "/" + c.route.tenant
	rep := jsonReply(http.StatusOK, map[string]any{
		"token_endpoint":                        base + "/oauth2/v2.0/token",
		"authorization_endpoint":                base + "/oauth2/v2.0/authorize",
		"device_authorization_endpoint":         base + "/oauth2/v2.0/devicecode",
		"jwks_uri":                              base + "/discovery/v2.0/keys",
		"issuer":                                c.root + "/" + s.options.TenantID + "/v2.0",
		"token_endpoint_auth_methods_supported": []any{"client_secret_post", "private_key_jwt", "client_secret_basic"},
		"response_types_supported":              []any{"code", "id_token", "code id_token", "id_token token"},
		"subject_types_supported":               []any{"pairwise"},
		"id_token_signing_alg_values_supported": []any{"RS256"},
		"scopes_supported":                      []any{"openid", "profile", "email", "offline_access"},
		"cloud_instance_name":                   hostOf(c.root),
		"msgraph_host":                          hostOf(c.root),
	})
	rep.contentType = "application/json; charset=utf-8"
	return rep
}

// instanceDiscovery answers for the host that was called; a client that asks it about another one is refused.
func (s *Server) instanceDiscovery(c *call) reply {
	query, err := url.ParseQuery(c.request.Query)
	endpoint, parseErr := url.Parse(query.Get("authorization_endpoint"))
	if err != nil || parseErr != nil || hostOf("https://"+endpoint.Host) != hostOf(c.root) {
		return s.entraError(c, entraProblem{
			http.StatusBadRequest, "invalid_instance", 50049,
			"Unknown or invalid instance.",
		})
	}
	tenant, _, _ := strings.Cut(strings.TrimPrefix(endpoint.Path, "/"), "/")
	names := authorityNames(endpoint.Host)
	rep := jsonReply(http.StatusOK, map[string]any{
		"tenant_discovery_endpoint": c.root + "/" + tenant + "/v2.0/.well-known/openid-configuration",
		"api-version":               "1.1",
		"metadata": []any{map[string]any{
			"preferred_network": names[0], "preferred_cache": names[0], "aliases": toAny(names),
		}},
	})
	rep.contentType = "application/json; charset=utf-8"
	return rep
}

// authorityNames are the names of an authority, the one that Entra prefers first.
func authorityNames(host string) []string {
	for _, names := range [][]string{
		{"login.microsoftonline.com", "login.windows.net", "login.microsoft.com", "sts.windows.net"},
		{"login.partner.microsoftonline.cn", "login.chinacloudapi.cn"},
		{"login.microsoftonline.us", "login.usgovcloudapi.net"},
	} {
		if slices.Contains(names, host) {
			return names
		}
	}
	return []string{host}
}

func toAny(texts []string) []any {
	values := make([]any, len(texts))
	for i, text := range texts {
		values[i] = text
	}
	return values
}

// token is the client credentials grant.
func (s *Server) token(c *call) reply {
	if p := s.unknownTenant(c); p != nil {
		return s.entraError(c, *p)
	}
	if p := s.checkGrant(c); p != nil {
		return s.entraError(c, *p)
	}
	audience, p := s.audienceOf(c)
	if p != nil {
		return s.entraError(c, *p)
	}
	if p := s.checkClient(c); p != nil {
		return s.entraError(c, *p)
	}
	seconds := int(s.options.TokenLifetime.Seconds())
	rep := jsonReply(http.StatusOK, map[string]any{
		"token_type": "Bearer", "expires_in": seconds, "ext_expires_in": seconds,
		"access_token": s.appToken(audience, s.options.Roles),
	})
	rep.contentType = "application/json; charset=utf-8"
	rep.header.Set("Pragma", "no-cache")
	return rep
}

func (s *Server) checkGrant(c *call) *entraProblem {
	for _, name := range []string{"grant_type", "client_id", "scope"} {
		if c.form.Get(name) == "" {
			return &entraProblem{
				http.StatusBadRequest, "invalid_request", 900144,
				"The request body must contain the following parameter: '" + name + "'.",
			}
		}
	}
	if grant := c.form.Get("grant_type"); grant != "client_credentials" {
		return &entraProblem{
			http.StatusBadRequest, "unsupported_grant_type", 70003,
			fmt.Sprintf("The app requested an unsupported grant type '%s'.", grant),
		}
	}
	if client := c.form.Get("client_id"); !strings.EqualFold(client, s.options.ClientID) {
		return &entraProblem{http.StatusBadRequest, "unauthorized_client", 700016, fmt.Sprintf("Application with identifier '%s' "+
			"was not found in the directory '%s'. This can happen if the application has not been installed by the administrator "+
			"of the tenant or consented to by any user in the tenant. You may have sent your authentication request to the wrong "+
			"tenant.", client, s.options.TenantID)}
	}
	return nil
}

// cloudRoots are the Graph hosts behind each known authority (field notes §5).
func cloudRoots() map[string][]string {
	return map[string][]string{
		"login.microsoftonline.com":        {"graph.microsoft.com"},
		"login.microsoftonline.us":         {"graph.microsoft.us", "dod-graph.microsoft.us"},
		"login.chinacloudapi.cn":           {"microsoftgraph.chinacloudapi.cn"},
		"login.partner.microsoftonline.cn": {"microsoftgraph.chinacloudapi.cn"},
		"login.sovcloud-identity.fr":       {"graph.svc.sovcloud.fr"},
		"login.sovcloud-identity.de":       {"graph.svc.sovcloud.de"},
		"login.sovcloud-identity.sg":       {"graph.svc.sovcloud.sg"},
	}
}

// audienceOf reads the scope: exactly one resource, <root>/.default. A known authority serves its own cloud's Graph only; any
// other host serves every root that is not Microsoft's, its own above all.
func (s *Server) audienceOf(c *call) (string, *entraProblem) {
	scope := resourceScope(c.form.Get("scope"))
	resource, isDefault := strings.CutSuffix(scope, "/.default")
	root, err := url.Parse(strings.TrimSuffix(resource, "/"))
	if !isDefault || err != nil || root.Scheme != "https" || root.Host == "" || strings.ContainsAny(scope, " \t") {
		return "", &entraProblem{http.StatusBadRequest, "invalid_scope", 70011, fmt.Sprintf("The provided request must include a "+
			"'scope' input parameter. The provided value for the input parameter 'scope' is not valid. The scope %s is not valid.", scope)}
	}
	clouds := cloudRoots()
	served, known := clouds[hostOf(c.root)]
	if !known {
		served = []string{hostOf("https://" + root.Host)}
		for _, hosts := range clouds {
			if slices.Contains(hosts, served[0]) {
				served = nil
				break
			}
		}
	}
	if root.Path != "" || !slices.Contains(served, hostOf("https://"+root.Host)) {
		return "", &entraProblem{http.StatusBadRequest, "invalid_resource", 500011, fmt.Sprintf("The resource principal named %s was "+
			"not found in the tenant named %s. This can happen if the application has not been installed by the administrator of "+
			"the tenant or consented to by any user in the tenant.", resource, s.options.TenantID)}
	}
	return "https://" + root.Host, nil
}

// resourceScope leaves out the OpenID scopes, which Entra ignores for client
// credentials and Microsoft's own client library sends along.
func resourceScope(scope string) string {
	return strings.Join(slices.DeleteFunc(strings.Fields(scope), func(s string) bool {
		return s == "openid" || s == "offline_access" || s == "profile"
	}), " ")
}

// checkClient checks the secret or the assertion.
func (s *Server) checkClient(c *call) *entraProblem {
	secret, assertion := c.form.Get("client_secret"), c.form.Get("client_assertion")
	switch {
	case assertion != "":
		return s.checkAssertion(c, assertion)
	case secret == "":
		return &entraProblem{
			http.StatusUnauthorized, "invalid_client", 7000216,
			"'client_assertion', 'client_secret' or 'request' is required for the 'client_credentials' grant type.",
		}
	case subtle.ConstantTimeCompare([]byte(secret), []byte(s.options.ClientSecret)) != 1:
		return &entraProblem{http.StatusUnauthorized, "invalid_client", 7000215, fmt.Sprintf("Invalid client secret provided. Ensure "+
			"the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '%s'.",
			s.options.ClientID)}
	case s.options.ClientSecretExpired:
		return &entraProblem{http.StatusUnauthorized, "invalid_client", 7000222, fmt.Sprintf("The provided client secret keys for "+
			"app '%s' are expired. Visit the Azure portal to create new keys for your app: "+
			"https://aka.ms/NewClientSecret, or consider using certificate credentials for added security: "+
			"https://aka.ms/certCreds.", s.options.ClientID)}
	}
	return nil
}
