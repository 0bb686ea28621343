package credential_test

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"software.sslmate.com/src/go-pkcs12"

	"github.com/intunetf/terraform-provider-intune/internal/credential"
)

const jwtBearer = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

func TestGetToken_ClientSecret_IsSentOnce(t *testing.T) {
	t.Parallel()

	a := newAuthority(t)
	s := a.settings()
	s.ClientSecret = "s3cret"
	cred, cloud := open(t, s)
	var wg sync.WaitGroup
	for _, cae := range []bool{false, true, true, false} {
		wg.Go(func() {
			token, err := cred.GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{cloud.Scope}, EnableCAE: cae})
			if err != nil || token.Token != "token-1" {
				t.Errorf("GetToken = %q, %v", token.Token, err)
			}
		})
	}
	wg.Wait()

	if got := a.tokenRequests(); got != 1 {
		t.Errorf("%d token requests for four callers, want 1", got)
	}
	form := a.lastForm(t)
	for name, want := range map[string]string{"grant_type": "client_credentials", "client_id": clientID, "client_secret": "s3cret"} {
		if got := form.Get(name); got != want {
			t.Errorf("form %s = %q, want %q", name, got, want)
		}
	}
	if scope := form.Get("scope"); !strings.Contains(scope, "https://graph.example.com/.default") {
		t.Errorf("form scope = %q", scope)
	}
}

func TestGetToken_FilePaths_LoseTheirLineBreak(t *testing.T) {
	t.Parallel()

	a := newAuthority(t)
	s := a.settings()
	s.ClientID, s.ClientIDFilePath = "", tempFile(t, clientID+"\n")
	s.ClientSecretFilePath = tempFile(t, "from file \r\n")
	cred, cloud := open(t, s)
	if _, err := getToken(t.Context(), cred, cloud); err != nil {
		t.Fatal(err)
	}
	form := a.lastForm(t)
	if form.Get("client_secret") != "from file " || form.Get("client_id") != clientID {
		t.Errorf("sent client %q, secret %q", form.Get("client_id"), form.Get("client_secret"))
	}
}

func TestGetToken_ClientCertificate_SignsAnAssertion(t *testing.T) {
	t.Parallel()

	leaf, key, ca := testCertificate(t)
	pfx, err := pkcs12.Modern.Encode(key, leaf, []*x509.Certificate{ca}, "pw")
	if err != nil {
		t.Fatal(err)
	}
	a := newAuthority(t)
	inline := a.settings()
	inline.ClientCertificate, inline.ClientCertificatePassword = base64.StdEncoding.EncodeToString(pfx), "pw"
	file := a.settings()
	file.ClientCertificatePath = tempFile(t, string(certificatePEM(t, leaf, key)))
	for name, s := range map[string]credential.Settings{"inline PFX": inline, "PEM file": file} {
		cred, cloud := open(t, s)
		if _, err := getToken(t.Context(), cred, cloud); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		form := a.lastForm(t)
		if got := form.Get("client_assertion_type"); got != jwtBearer {
			t.Errorf("%s: client_assertion_type = %q", name, got)
		}
		assertion := form.Get("client_assertion")
		header, claims := jwtPart(t, assertion, 0), jwtPart(t, assertion, 1)
		if claims["iss"] != clientID || claims["sub"] != clientID {
			t.Errorf("%s: claims iss = %v, sub = %v", name, claims["iss"], claims["sub"])
		}
		if aud, _ := claims["aud"].(string); !strings.HasPrefix(aud, a.URL+"/"+tenantID) {
			t.Errorf("%s: claim aud = %v", name, claims["aud"])
		}
		digest := sha256.Sum256(leaf.Raw)
		if want := base64.StdEncoding.EncodeToString(digest[:]); header["x5t#S256"] != want && header["x5t#S256"] != base64.RawURLEncoding.EncodeToString(digest[:]) {
			t.Errorf("%s: header x5t#S256 = %v, want %s", name, header["x5t#S256"], want)
		}
		chain, _ := header["x5c"].([]any)
		if len(chain) == 0 || chain[0] != base64.StdEncoding.EncodeToString(leaf.Raw) {
			t.Errorf("%s: header x5c does not begin with the certificate", name)
		}
	}
}

func TestGetToken_OIDCToken_IsTheAssertion(t *testing.T) {
	t.Parallel()

	a := newAuthority(t)
	s := a.settings()
	s.UseOIDC, s.OIDCToken = true, " given-assertion\n"
	cred, cloud := open(t, s)
	if _, err := getToken(t.Context(), cred, cloud); err != nil {
		t.Fatal(err)
	}
	form := a.lastForm(t)
	if form.Get("client_assertion") != "given-assertion" || form.Get("client_assertion_type") != jwtBearer {
		t.Errorf("form = %v", form)
	}
}

func TestGetToken_OIDCTokenFile_IsReadForEveryToken(t *testing.T) {
	t.Parallel()

	a := newAuthority(t)
	s := a.settings()
	s.UseOIDC, s.OIDCTokenFilePath = true, tempFile(t, "first\n")
	cred, cloud := open(t, s)
	if _, err := getToken(t.Context(), cred, cloud); err != nil {
		t.Fatal(err)
	}
	if got := a.lastForm(t).Get("client_assertion"); got != "first" {
		t.Errorf("client_assertion = %q", got)
	}
	writeFile(t, s.OIDCTokenFilePath, []byte("second"))
	other := policy.TokenRequestOptions{Scopes: []string{"https://other.example.com/.default"}}
	if _, err := cred.GetToken(t.Context(), other); err != nil {
		t.Fatal(err)
	}
	if got := a.lastForm(t).Get("client_assertion"); got != "second" {
		t.Errorf("client_assertion after the rotation = %q", got)
	}
}

func TestGetToken_AKSWorkloadIdentity_UsesTheMountedToken(t *testing.T) {
	t.Parallel()

	a := newAuthority(t)
	s := a.settings()
	s.UseAKSWorkloadIdentity, s.FederatedTokenFile = true, tempFile(t, "pod-token")
	cred, cloud := open(t, s)
	if _, err := getToken(t.Context(), cred, cloud); err != nil {
		t.Fatal(err)
	}
	if got := a.lastForm(t).Get("client_assertion"); got != "pod-token" {
		t.Errorf("client_assertion = %q", got)
	}
}

func TestGetToken_GitHubActions_AsksForTheEntraAudience(t *testing.T) {
	t.Parallel()

	a := newAuthority(t)
	s := a.settings()
	s.UseOIDC, s.OIDCRequestURL, s.OIDCRequestToken = true, a.URL+"/github?run=7", "request-token"
	cred, cloud := open(t, s)
	if _, err := getToken(t.Context(), cred, cloud); err != nil {
		t.Fatal(err)
	}
	if got := a.lastForm(t).Get("client_assertion"); got != "github-assertion" {
		t.Errorf("client_assertion = %q", got)
	}
	req := a.requests[0]
	query := req.URL.Query()
	if req.Method != http.MethodGet || query.Get("audience") != "api://AzureADTokenExchange" || query.Get("run") != "7" {
		t.Errorf("asked %s %s", req.Method, req.URL)
	}
	if got := req.Header.Get("Authorization"); got != "Bearer request-token" {
		t.Errorf("Authorization = %q", got)
	}
}

func TestGetToken_AzureDevOps_NamesTheServiceConnection(t *testing.T) {
	t.Parallel()

	a := newAuthority(t)
	s := a.settings()
	s.UseOIDC, s.OIDCRequestURL, s.OIDCRequestToken = true, a.URL+"/_apis/distributedtask/oidc", "system-token"
	s.OIDCAzureServiceConnectionID = "connection 1"
	cred, cloud := open(t, s)
	if _, err := getToken(t.Context(), cred, cloud); err != nil {
		t.Fatal(err)
	}
	if got := a.lastForm(t).Get("client_assertion"); got != "devops-assertion" {
		t.Errorf("client_assertion = %q", got)
	}
	req := a.requests[0]
	query := req.URL.Query()
	if req.Method != http.MethodPost || query.Get("serviceConnectionId") != "connection 1" || query.Get("api-version") != "7.1" {
		t.Errorf("asked %s %s", req.Method, req.URL)
	}
	if req.Header.Get("Authorization") != "Bearer system-token" || req.Header.Get("X-TFS-FedAuthRedirect") != "Suppress" {
		t.Errorf("headers = %v", req.Header)
	}
}

// Entra's answers, as a user reads them.
func TestExplain_RefusedToken_NamesSettingAndCode(t *testing.T) {
	t.Parallel()

	a := newAuthority(t)
	a.refuse(7000215, "Invalid client secret provided.")
	s := a.settings()
	s.ClientSecret = "s3cret"
	cred, cloud := open(t, s)
	_, err := getToken(t.Context(), cred, cloud)
	if err == nil {
		t.Fatal("want an error")
	}
	summary, detail := credential.Explain(err, cred, cloud)
	wantDetail := "The client secret is not one of this application. Give the secret's value, which the portal shows once when it is made, " +
		"not the secret's id, and check that it belongs to the application of `client_id`.\n" +
		"Setting to look at: `client_secret` (environment: ARM_CLIENT_SECRET).\n\n" +
		"Authentication method: client secret, authority: " + a.URL + ", tenant: " + tenantID + ", client: " + clientID + "\n" +
		"Entra answered: AADSTS7000215: Invalid client secret provided.\n" +
		"Trace ID: aaaa, Correlation ID: bbbb, Timestamp: 2026-01-02 03:04:05Z"
	if summary != "Unable to Get Access Token: Wrong Client Secret" || detail != wantDetail {
		t.Errorf("Explain =\n%s\n%s\nwant\n%s", summary, detail, wantDetail)
	}
	if want := "no access token from authentication by client secret: AADSTS7000215: Invalid client secret provided."; err.Error() != want {
		t.Errorf("error = %q, want %q", err, want)
	}
}

func TestExplain_FederatedMismatch_BlamesTheTokenSource(t *testing.T) {
	t.Parallel()

	a := newAuthority(t)
	a.refuse(700213, "No matching federated identity record found for presented assertion subject 'repo:o/r:ref:refs/heads/x'.")
	s := a.settings()
	s.UseOIDC, s.OIDCToken = true, "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.c2ln"
	cred, cloud := open(t, s)
	_, err := getToken(t.Context(), cred, cloud)
	summary, detail := credential.Explain(err, cred, cloud)
	if summary != "Unable to Get Access Token: Wrong Federated Identity" {
		t.Errorf("summary = %q", summary)
	}
	for _, want := range []string{"`oidc_token` (environment: ARM_OIDC_TOKEN) or `client_id`", "subject 'repo:o/r:ref:refs/heads/x'"} {
		if !strings.Contains(detail, want) {
			t.Errorf("detail misses %q:\n%s", want, detail)
		}
	}
	if strings.Contains(detail, "eyJ") {
		t.Errorf("detail shows the assertion:\n%s", detail)
	}
}

func TestExplain_ClientCertificateRefused_ShowsTheThumbprint(t *testing.T) {
	t.Parallel()

	leaf, key, _ := testCertificate(t)
	a := newAuthority(t)
	a.refuse(700027, "Client assertion failed signature validation.")
	s := a.settings()
	s.ClientCertificatePath = tempFile(t, string(certificatePEM(t, leaf, key)))
	cred, cloud := open(t, s)
	_, err := getToken(t.Context(), cred, cloud)
	summary, detail := credential.Explain(err, cred, cloud)
	if summary != "Unable to Get Access Token: Client Certificate Refused" {
		t.Errorf("summary = %q", summary)
	}
	if want := "Certificate: subject \"CN=intune-test\", thumbprint " + thumbprint(leaf); !strings.Contains(detail, want) {
		t.Errorf("detail misses %q:\n%s", want, detail)
	}
}

func TestExplain_CITokenRefused_BlamesWhatTheCISystemWasGiven(t *testing.T) {
	t.Parallel()

	tests := map[string]struct {
		connection string
		answer     func(w http.ResponseWriter)
		attribute  string
		want       string
	}{
		"GitHub, wrong token": {
			answer:    func(w http.ResponseWriter) { http.Error(w, "request-token is wrong", http.StatusForbidden) },
			attribute: "oidc_request_token", want: `answered the request for an OIDC token with "403 Forbidden"`,
		},
		"GitHub, no token in it": {
			answer:    func(w http.ResponseWriter) { writeJSON(w, http.StatusOK, map[string]any{"other": 1}) },
			attribute: "oidc_request_url", want: `holds no "value"`,
		},
		"Azure DevOps, wrong connection": {
			connection: "c", answer: func(w http.ResponseWriter) { http.Error(w, "no", http.StatusNotFound) },
			attribute: "oidc_azure_service_connection_id", want: `"404 Not Found"`,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			a := newAuthority(t)
			a.ciAnswer = tt.answer
			s := a.settings()
			s.UseOIDC, s.OIDCRequestURL, s.OIDCRequestToken, s.OIDCAzureServiceConnectionID = true, a.URL+"/github", "request-token", tt.connection
			cred, cloud := open(t, s)
			_, err := getToken(t.Context(), cred, cloud)
			summary, detail := credential.Explain(err, cred, cloud)
			if summary != "Unable to Get Access Token: No OIDC Token" || !strings.Contains(detail, tt.want) ||
				!strings.Contains(detail, "Setting to look at: `"+tt.attribute+"`") || strings.Contains(detail, "request-token") {
				t.Errorf("Explain =\n%s\n%s", summary, detail)
			}
		})
	}
}

func certificatePEM(t *testing.T, leaf *x509.Certificate, key any) []byte {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: leaf.Raw}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})...)
}
