package provider

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/intunetf/terraform-provider-intune/internal/graphsim"
)

// TestMain turns the framework's log off, as main does: it is quadratic in the
// size of collections.
func TestMain(m *testing.M) {
	if os.Getenv("TF_LOG_SDK_FRAMEWORK") == "" {
		if err := os.Setenv("TF_LOG_SDK_FRAMEWORK", "ERROR"); err != nil {
			panic(err)
		}
	}
	os.Exit(m.Run())
}

// factories serve the provider in process to the Terraform CLI.
func factories() map[string]func() (tfprotov6.ProviderServer, error) {
	return map[string]func() (tfprotov6.ProviderServer, error){
		"intune": providerserver.NewProtocol6WithError(New("test")()),
	}
}

// tenant is a simulated tenant behind a loopback HTTPS listener, reached as the
// real service is: by URL, with a certificate authority of its own.
type tenant struct {
	*graphsim.Server
	url, caPath string
}

func newTenant(t *testing.T, profile graphsim.Profile, adjust ...func(*graphsim.Options)) *tenant {
	t.Helper()
	options := graphsim.Options{Profile: profile}
	for _, f := range adjust {
		f(&options)
	}
	server, err := graphsim.New(options)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := server.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	caPath := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(caPath, listener.CAPEM(), 0o600); err != nil {
		t.Fatal(err)
	}
	return &tenant{Server: server, url: listener.URL(), caPath: caPath}
}

// eachProfile runs a test against both readings of the service.
func eachProfile(t *testing.T, f func(t *testing.T, profile graphsim.Profile)) {
	t.Helper()
	for _, profile := range []graphsim.Profile{graphsim.ProfileField, graphsim.ProfileDocumented} {
		t.Run(string(profile), func(t *testing.T) {
			t.Parallel()
			f(t, profile)
		})
	}
}

// provider is the provider block that reaches the tenant; further lines are
// added as they are.
func (s *tenant) provider(lines ...string) string {
	return fmt.Sprintf(`
provider "intune" {
  environment                = "custom"
  graph_endpoint             = %[1]q
  authority_host             = %[1]q
  disable_instance_discovery = true
  ca_certificate_path        = %[2]q
  tenant_id                  = %[3]q
  client_id                  = %[4]q
  client_secret              = %[5]q
  %[6]s
}
`, s.url, s.caPath, graphsim.DefaultTenantID, graphsim.DefaultClientID, graphsim.DefaultClientSecret, strings.Join(lines, "\n  "))
}

// config is a provider block and one resource named "test".
func (s *tenant) config(resourceLines ...string) string {
	return s.provider() + resourceBlock(resourceLines...)
}

func resourceBlock(lines ...string) string {
	return "\nresource \"intune_imported_device_identity\" \"test\" {\n  " + strings.Join(lines, "\n  ") + "\n}\n"
}

const resourceAddress = "intune_imported_device_identity.test"

// routes counts the Graph requests that the tenant saw, by operation.
func (s *tenant) routes() map[graphsim.Operation]int {
	counts := map[graphsim.Operation]int{}
	for _, request := range s.Journal() {
		switch request.Operation {
		case graphsim.OpToken, graphsim.OpDiscovery, graphsim.OpInstanceDiscovery:
		default:
			counts[request.Operation]++
		}
	}
	return counts
}

// requests are the requests of one operation.
func (s *tenant) requests(op graphsim.Operation) []graphsim.Request {
	return slices.DeleteFunc(s.Journal(), func(r graphsim.Request) bool { return r.Operation != op })
}

// only returns the tenant's one identity.
func (s *tenant) only(t *testing.T) graphsim.Identity {
	t.Helper()
	identities := s.Tenant().Identities()
	if len(identities) != 1 {
		t.Fatalf("the tenant holds %d identities, want 1: %+v", len(identities), identities)
	}
	return identities[0]
}

// isEmpty is a CheckDestroy in the terms of the tenant.
func (s *tenant) isEmpty() error {
	if identities := s.Tenant().Identities(); len(identities) > 0 {
		return fmt.Errorf("the tenant still holds %+v", identities)
	}
	return nil
}

func wantEqual(what, got, want string) error {
	if got != want {
		return fmt.Errorf("%s: got %q, want %q", what, got, want)
	}
	return nil
}

func wantDescription(got graphsim.Identity, want string) error {
	return wantEqual("description", got.Description, want)
}
