package credential

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
)

// federationAudience is what Entra expects in the aud claim of a federated
// token, in every cloud.
const federationAudience = "api://AzureADTokenExchange"

const azureDevOpsAPIVersion = "7.1"

// assertionError is a federated token that could not be had. It names the
// attribute to look at.
type assertionError struct {
	attribute, message string
}

func (e *assertionError) Error() string { return e.message }

// oidcMethod is the OIDC method with the source of tokens that the settings
// point at, in the order that [New] documents.
func oidcMethod(s Settings) method {
	m := method{wanted: s.UseOIDC, build: (*builder).oidc}
	switch {
	case s.OIDCToken != "":
		m.name, m.attributes = methodOIDCToken, []string{"oidc_token"}
	case s.OIDCTokenFilePath != "":
		m.name, m.attributes = methodOIDCFile, []string{"oidc_token_file_path"}
	case s.OIDCAzureServiceConnectionID != "":
		m.name, m.attributes = methodAzureDevOps, []string{"oidc_azure_service_connection_id", "oidc_request_url", "oidc_request_token"}
	default:
		m.name, m.attributes = methodGitHub, []string{"oidc_request_url", "oidc_request_token"}
	}
	m.attributes = append(m.attributes, "client_id", "tenant_id")
	return m
}

func (b *builder) oidc() azcore.TokenCredential {
	m := oidcMethod(b.settings)
	tenant, client := b.tenantAndClient(m.name)
	var source func(context.Context) (string, error)
	switch m.name {
	case methodOIDCToken:
		source = b.assertionFromToken()
	case methodOIDCFile:
		source = b.assertionFromFile()
	default:
		source = b.assertionFromRequest(m.name)
	}
	if len(b.problems) > 0 {
		return nil
	}
	// azidentity turns the error of source into text; the attempt keeps it.
	recorded := func(ctx context.Context) (string, error) {
		assertion, err := source(ctx)
		if err != nil {
			recordCause(ctx, err)
		}
		return assertion, err
	}
	credential, err := azidentity.NewClientAssertionCredential(tenant, client, recorded, &azidentity.ClientAssertionCredentialOptions{
		ClientOptions:            b.options(),
		DisableInstanceDiscovery: b.settings.DisableInstanceDiscovery,
	})
	return b.check(m.attributes[0], credential, err)
}

func (b *builder) assertionFromToken() func(context.Context) (string, error) {
	token := strings.TrimSpace(b.valueOrFile("oidc_token", b.settings.OIDCToken, "oidc_token_file_path", b.settings.OIDCTokenFilePath))
	return func(context.Context) (string, error) { return token, nil }
}

// assertionFromFile reads the file for every token: its issuer rotates it.
func (b *builder) assertionFromFile() func(context.Context) (string, error) {
	path := b.settings.OIDCTokenFilePath
	b.readFile("oidc_token_file_path", path) // so that a wrong path is found before a request is made
	return func(context.Context) (string, error) {
		content, err := os.ReadFile(path)
		token := strings.TrimSpace(string(content))
		switch {
		case err != nil:
			return "", &assertionError{"oidc_token_file_path", fmt.Sprintf("the OIDC token file cannot be read: %v", err)}
		case token == "":
			return "", &assertionError{"oidc_token_file_path", fmt.Sprintf("the OIDC token file %q is empty", path)}
		}
		return token, nil
	}
}

// assertionFromRequest asks the CI system for a token. azidentity's own
// AzurePipelinesCredential is not used, because it takes the URL from the
// process environment, whatever the settings say.
func (b *builder) assertionFromRequest(name string) func(context.Context) (string, error) {
	s := b.settings
	endpoint := b.checkRequestSettings(name)
	if len(b.problems) > 0 {
		return nil
	}
	verb, field, query := http.MethodGet, "value", endpoint.Query()
	if name == methodAzureDevOps {
		verb, field = http.MethodPost, "oidcToken"
		query.Set("serviceConnectionId", s.OIDCAzureServiceConnectionID)
		if !query.Has("api-version") {
			query.Set("api-version", azureDevOpsAPIVersion)
		}
	} else if !query.Has("audience") {
		query.Set("audience", federationAudience)
	}
	endpoint.RawQuery = query.Encode()
	options := b.options()
	pipeline := runtime.NewPipeline("credential", "", runtime.PipelineOptions{}, &options)
	return func(ctx context.Context) (string, error) {
		req, err := runtime.NewRequest(ctx, verb, endpoint.String())
		if err != nil {
			return "", err
		}
		req.Raw().Header.Set("Authorization", "Bearer "+s.OIDCRequestToken)
		req.Raw().Header.Set("Accept", "application/json")
		// Azure DevOps answers a wrong token with a sign-in page otherwise.
		req.Raw().Header.Set("X-TFS-FedAuthRedirect", "Suppress")
		resp, err := pipeline.Do(req) //nolint:bodyclose // runtime.Payload in readAssertion closes it
		if err != nil {
			return "", err
		}
		return readAssertion(name, field, resp)
	}
}

// checkRequestSettings returns the URL to ask, or records what is missing.
func (b *builder) checkRequestSettings(name string) *url.URL {
	s := b.settings
	if s.OIDCRequestURL == "" && s.OIDCRequestToken == "" && name == methodGitHub {
		b.problems.add("use_oidc", "Incomplete OIDC Settings",
			"%s is set, and no setting says where the OIDC token comes from. Set %s, or %s, or %s together with %s. "+
				"A GitHub Actions job has the last two when its workflow says \"permissions: id-token: write\".",
			howToSet("use_oidc"), howToSet("oidc_token"), howToSet("oidc_token_file_path"), howToSet("oidc_request_url"), howToSet("oidc_request_token"))
		return nil
	}
	for _, setting := range []struct{ attribute, value string }{
		{"oidc_request_url", s.OIDCRequestURL},
		{"oidc_request_token", s.OIDCRequestToken},
	} {
		if setting.value == "" {
			b.problems.add(setting.attribute, "Incomplete OIDC Settings", "Authentication by %s needs %s. "+
				"GitHub Actions sets it when the workflow says \"permissions: id-token: write\"; "+
				"in Azure DevOps pass it to the step as env, SYSTEM_ACCESSTOKEN: $(System.AccessToken).", name, howToSet(setting.attribute))
		}
	}
	if s.OIDCRequestURL == "" {
		return nil
	}
	endpoint, err := url.Parse(s.OIDCRequestURL)
	if err != nil || endpoint.Scheme != "https" || endpoint.Host == "" {
		b.problems.add("oidc_request_url", "Invalid OIDC Request URL", "%s is not an https URL.", howToSet("oidc_request_url"))
		return nil
	}
	if name == methodGitHub && strings.Contains(endpoint.Path, "/_apis/distributedtask/") {
		b.problems.add("oidc_azure_service_connection_id", "Incomplete OIDC Settings",
			"The OIDC request URL is the one of an Azure DevOps pipeline, which gives out tokens per service connection. Set %s to the id of "+
				"the service connection.", howToSet("oidc_azure_service_connection_id"))
	}
	return endpoint
}

// readAssertion takes the token out of the CI system's answer.
func readAssertion(name, field string, resp *http.Response) (string, error) {
	blame := "oidc_request_url"
	switch {
	case resp.StatusCode == http.StatusUnauthorized || resp.StatusCode == http.StatusForbidden:
		blame = "oidc_request_token"
	case name == methodAzureDevOps:
		blame = "oidc_azure_service_connection_id"
	}
	host := "the OIDC endpoint"
	if resp.Request != nil {
		host = resp.Request.URL.Host
	}
	body, err := runtime.Payload(resp)
	if err != nil {
		return "", err
	}
	if resp.StatusCode != http.StatusOK {
		// The body is left out: nothing says that it is free of secrets.
		return "", &assertionError{blame, fmt.Sprintf("%s answered the request for an OIDC token with %q", host, resp.Status)}
	}
	var answer map[string]any
	if err := json.Unmarshal(body, &answer); err == nil {
		if token, ok := answer[field].(string); ok && token != "" {
			return token, nil
		}
	}
	return "", &assertionError{blame, fmt.Sprintf("the answer of %s to the request for an OIDC token holds no %q", host, field)}
}
