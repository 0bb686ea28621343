package credential

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
)

func testCredential(name, attribute string) *Credential {
	return newCredential(method{name: name, attributes: []string{attribute}},
		&builder{settings: Settings{ClientSecret: "hunter22"}}, nil)
}

func urlError(err error) error {
	return &url.Error{Op: "Post", URL: "https://login.example.com/t?code=hunter22", Err: err}
}

func TestExplain_TransportFailures(t *testing.T) {
	t.Parallel()

	refused := &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
	tests := map[string]struct {
		method      string
		cause       error
		cloud       string
		summary     string
		want        string
		isPermanent bool
	}{
		"DNS": {
			cause: &net.DNSError{Err: "no such host", Name: "login.example.com", IsNotFound: true}, cloud: environmentCustom,
			summary: "Unknown Host", want: "The host name login.example.com cannot be resolved. Check the network and DNS; where only a proxy reaches the internet, set HTTPS_PROXY. Check `authority_host` too.",
			isPermanent: true,
		},
		"DNS server down": {cause: &net.DNSError{Err: "timeout", Name: "login.example.com", IsTimeout: true}, summary: "Unknown Host", want: "cannot be resolved"},
		"refused":         {cause: refused, summary: "Host Unreachable", want: "No connection to login.example.com. Check firewall and network"},
		"unreachable":     {cause: syscall.ENETUNREACH, summary: "Host Unreachable", want: "No connection to", isPermanent: true},
		"unknown CA": {
			cause: &tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}}, summary: "Untrusted Certificate",
			want:        "signs it anew: give a PEM file with its certificate authority.\nSetting to look at: `ca_certificate_path` (environment: INTUNE_CA_CERTIFICATE_PATH).\n",
			isPermanent: true,
		},
		"no TLS": {cause: tls.RecordHeaderError{Msg: "first record does not look like a TLS handshake"}, summary: "Untrusted Certificate", want: "not trusted", isPermanent: true},
		"proxy unreachable": {
			cause:   &net.OpError{Op: "proxyconnect", Net: "tcp", Err: refused},
			summary: "Proxy Unreachable", want: "no proxy answers at its address. Check the environment variables HTTPS_PROXY and NO_PROXY.", isPermanent: true,
		},
		"proxy answers":    {cause: &proxyError{proxy: "proxy:3128", status: "407 Proxy Authentication Required"}, summary: "Proxy Refused", want: `the proxy proxy:3128 answered "407 Proxy Authentication Required"`},
		"redirect":         {cause: &redirectError{method: "POST", from: "https://a", to: "https://b"}, summary: "Redirect Refused", want: "Error: https://a answered a POST with a redirect to https://b"},
		"no answer":        {cause: context.DeadlineExceeded, summary: "No Answer", want: "no answer from login.example.com in time"},
		"slow network":     {cause: &net.OpError{Op: "read", Err: os.ErrDeadlineExceeded}, summary: "No Answer", want: "no answer from"},
		"interrupted":      {cause: context.Canceled, summary: "Interrupted", want: "was interrupted"},
		"no metadata":      {method: methodMSI, cause: refused, summary: "No Managed Identity", want: "`use_msi` works only on Azure machines"},
		"something else":   {cause: errors.New("EOF"), summary: "Host Unreachable", want: "Error: login.example.com: EOF"},
		"lost OIDC token":  {cause: &assertionError{"oidc_token_file_path", "the OIDC token file cannot be read"}, summary: "No OIDC Token", want: "Setting to look at: `oidc_token_file_path`"},
		"metadata timeout": {method: methodMSI, cause: metadataTimeout(), summary: "No Managed Identity", want: "Nothing answers", isPermanent: true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			if tt.method == "" {
				tt.method = methodSecret
			}
			cred := testCredential(tt.method, "client_secret")
			cause := urlError(tt.cause)
			err := fmt.Errorf("wrapped: %w", newTokenError(errors.New("text"), failure{cause: cause, host: "login.example.com"}, cred))
			summary, detail := Explain(err, cred, Cloud{Name: tt.cloud, AuthorityHost: "https://login.example.com"})
			if summary != "Unable to Get Access Token: "+tt.summary || !strings.Contains(detail, tt.want) {
				t.Errorf("Explain =\n%s\n%s\nwant %q and\n%s", summary, detail, tt.summary, tt.want)
			}
			if strings.Contains(detail, "hunter22") || strings.Contains(err.Error(), "hunter22") {
				t.Errorf("a secret is shown:\n%v\n%s", err, detail)
			}
			if !errors.Is(err, tt.cause) {
				t.Error("errors.Is does not find the cause")
			}
			if got := isPermanent(cause); got != tt.isPermanent {
				t.Errorf("isPermanent = %t, want %t", got, tt.isPermanent)
			}
		})
	}
}

func metadataTimeout() error {
	return &net.OpError{Op: "dial", Net: "tcp", Addr: &net.TCPAddr{IP: net.IPv4(169, 254, 169, 254), Port: 80}, Err: os.ErrDeadlineExceeded}
}

func answered(status int, body string) *azidentity.AuthenticationFailedError {
	return &azidentity.AuthenticationFailedError{RawResponse: &http.Response{StatusCode: status, Body: io.NopCloser(bytes.NewBufferString(body))}}
}

func TestExplain_EntraCodes(t *testing.T) {
	t.Parallel()

	tests := map[string]struct {
		summary    string
		attributes string
	}{
		"AADSTS7000222": {"Expired Client Secret", "`client_secret` (environment: ARM_CLIENT_SECRET)"},
		"AADSTS90002":   {"Unknown Tenant", "`tenant_id` (environment: ARM_TENANT_ID, AZURE_TENANT_ID) or `environment` (environment: ARM_ENVIRONMENT)"},
		"AADSTS700016":  {"Unknown Client", "`client_id` (environment: ARM_CLIENT_ID, AZURE_CLIENT_ID) or `tenant_id`"},
		"AADSTS7000112": {"Disabled Client", "`client_id`"},
		"AADSTS70021":   {"Wrong Federated Identity", "`client_secret`"},
		"AADSTS700024":  {"Expired OIDC Token", "`client_secret`"},
		"AADSTS50049":   {"Unknown Authority", "`authority_host`"},
		"AADSTS500011":  {"Wrong Environment", "`environment`"},
		"AADSTS53003":   {"Blocked by Conditional Access", "`client_id`"},
		"AADSTS50034":   {"Unknown User", "`tenant_id`"},
		"AADSTS50076":   {"Multifactor Authentication Needed", "`client_secret`"},
		"AADSTS999999":  {"Sign-In Refused", "`client_secret`"},
	}
	for code, tt := range tests {
		t.Run(code, func(t *testing.T) {
			t.Parallel()

			cred := testCredential(methodSecret, "client_secret")
			body := `{"error":"x","error_description":"` + code + `: Text.\r\nTrace ID: t\r\nCorrelation ID: c","trace_id":"t"}`
			err := newTokenError(answered(http.StatusBadRequest, body), failure{}, cred)
			summary, detail := Explain(err, cred, Cloud{})
			if summary != "Unable to Get Access Token: "+tt.summary || !strings.Contains(detail, "Setting to look at: "+tt.attributes) ||
				!strings.HasSuffix(detail, "Entra answered: "+code+": Text.\nTrace ID: t") {
				t.Errorf("Explain =\n%s\n%s", summary, detail)
			}
			if err.Code != code || err.Trace != "Trace ID: t" {
				t.Errorf("Code = %q, Trace = %q", err.Code, err.Trace)
			}
		})
	}
}

// An assertion outside of its lifetime is the clock's fault where this machine
// has signed it, and may be where it was given.
func TestExplain_ClockSkew(t *testing.T) {
	t.Parallel()

	const body = `{"error":"invalid_client","error_description":"AADSTS700024: Client assertion is not within its valid time range."}`
	tests := map[string]struct {
		method, attribute string
		skew              time.Duration
		summary, want     string
	}{
		"certificate, behind": {
			methodCertificate, "client_certificate_path", -42 * time.Minute, "Wrong Clock",
			"Entra found an assertion that this machine signed a moment ago outside of its time of validity. Set the clock of this machine. It is about 42m behind Entra's.\n\nAuthentication method",
		},
		"certificate, ahead": {methodCertificate, "client_certificate_path", 90 * time.Minute, "Wrong Clock", "It is about 1h30m ahead of Entra's."},
		"OIDC, right clock":  {methodOIDCToken, "oidc_token", 0, "Expired OIDC Token", "Check the clock of this machine too.\nSetting to look at: `oidc_token`"},
		"OIDC, ahead":        {methodOIDCToken, "oidc_token", 10 * time.Minute, "Expired OIDC Token", "Check the clock of this machine too. It is about 10m ahead of Entra's."},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			refusal := answered(http.StatusUnauthorized, body)
			refusal.RawResponse.Header = http.Header{"Date": {time.Now().Add(-tt.skew).UTC().Format(http.TimeFormat)}}
			cred := testCredential(tt.method, tt.attribute)
			summary, detail := Explain(newTokenError(refusal, failure{}, cred), cred, Cloud{})
			if summary != "Unable to Get Access Token: "+tt.summary || !strings.Contains(detail, tt.want) {
				t.Errorf("Explain =\n%s\n%s\nwant %s", summary, detail, tt.want)
			}
		})
	}
}

func TestExplain_OtherAnswers(t *testing.T) {
	t.Parallel()

	tests := map[string]struct {
		method        string
		err           error
		summary, want string
	}{
		"a proxy's page":        {methodSecret, answered(http.StatusBadGateway, "<html>hunter22</html>"), ": Sign-In Refused", "Entra answered: HTTP 502 Bad Gateway"},
		"an error without text": {methodSecret, answered(http.StatusBadRequest, `{"error":"temporarily_unavailable"}`), ": Sign-In Refused", "Entra answered: temporarily_unavailable"},
		"identity not assigned": {methodMSI, answered(http.StatusBadRequest, `{"error":"invalid_request","error_description":"Identity not found"}`), ": No Managed Identity", "The metadata service answered: Identity not found"},
		"text of the library":   {methodSecret, errors.New("ClientSecretCredential: something hunter22. To troubleshoot, visit https://aka.ms/x"), ": Sign-In Refused", "Entra answered: something (redacted)."},
		"a long text":           {methodSecret, errors.New(strings.Repeat("é", 1000)), ": Sign-In Refused", "é…"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			cred := testCredential(tt.method, "client_secret")
			summary, detail := Explain(newTokenError(tt.err, failure{}, cred), cred, Cloud{})
			if summary != "Unable to Get Access Token"+tt.summary || !strings.Contains(detail, tt.want) || len(detail) > 1500 || strings.Contains(detail, "hunter22") {
				t.Errorf("Explain =\n%s\n%s", summary, detail)
			}
		})
	}
}

func TestExplain_ForeignErrors(t *testing.T) {
	t.Parallel()

	if summary, detail := Explain(nil, nil, Cloud{}); summary != "" || detail != "" {
		t.Errorf("Explain(nil) = %q, %q", summary, detail)
	}
	err := errors.New("boom hunter22\nsecond line")
	if _, detail := Explain(err, nil, Cloud{}); detail != "boom hunter22" {
		t.Errorf("without credential: %q", detail)
	}
	if summary, detail := Explain(err, testCredential(methodSecret, "client_secret"), Cloud{}); summary != "Unable to Get Access Token" || detail != "boom (redacted)" {
		t.Errorf("Explain = %q, %q", summary, detail)
	}
	failed := newTokenError(answered(http.StatusBadRequest, `{}`), failure{}, testCredential(methodSecret, "client_secret"))
	if _, detail := Explain(failed, nil, Cloud{}); !strings.Contains(detail, "Authentication method: client secret") {
		t.Errorf("token error without credential: %q", detail)
	}
}
