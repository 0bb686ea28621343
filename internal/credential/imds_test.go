package credential_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/intunetf/terraform-provider-intune/internal/credential"
)

// detour sends what is for the metadata service's address to a server of the
// test.
type detour struct{ to *url.URL }

func (d detour) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.URL.Host == "169.254.169.254" {
		req = req.Clone(req.Context())
		req.URL.Host = d.to.Host
	}
	return http.DefaultTransport.RoundTrip(req)
}

func TestGetToken_MetadataServiceOfAVirtualMachine(t *testing.T) {
	t.Parallel()

	for name, client := range map[string]string{"system-assigned": "", "user-assigned": clientID} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			var mu sync.Mutex
			var asked []*http.Request
			service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				mu.Lock()
				defer mu.Unlock()
				asked = append(asked, r)
				writeJSON(w, http.StatusOK, map[string]any{"access_token": "from-imds", "expires_on": "4102444800", "resource": "r", "token_type": "Bearer"})
			}))
			t.Cleanup(service.Close)
			address, err := url.Parse(service.URL)
			if err != nil {
				t.Fatal(err)
			}
			// azidentity keeps such tokens for the whole process: a resource of its
			// own for each run.
			graph := "https://graph.example.com:" + address.Port()
			s := credential.Settings{Environment: "custom", GraphEndpoint: graph, AuthorityHost: "https://login.example.com", UseMSI: true, ClientID: client}
			cloud, err := credential.ResolveCloud(s)
			if err != nil {
				t.Fatal(err)
			}
			cred, err := credential.New(s, cloud, &http.Client{Transport: detour{address}})
			if err != nil {
				t.Fatal(err)
			}
			for range 2 {
				if token, err := getToken(t.Context(), cred, cloud); err != nil || token.Token != "from-imds" {
					t.Fatalf("GetToken = %q, %v", token.Token, err)
				}
			}
			if len(asked) != 1 {
				t.Fatalf("%d requests, want 1", len(asked))
			}
			query := asked[0].URL.Query()
			if asked[0].Method != http.MethodGet || asked[0].Header.Get("Metadata") != "true" || !strings.HasPrefix(asked[0].URL.Path, "/metadata/identity/oauth2/token") ||
				query.Get("resource") != graph || query.Get("client_id") != client || query.Has("client_id") != (client != "") {
				t.Errorf("asked %s %s %v", asked[0].Method, asked[0].URL, asked[0].Header)
			}
		})
	}
}
