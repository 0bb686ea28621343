package provider

import (
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/intunetf/terraform-provider-intune/internal/graphsim"
)

// clock is the service's; it jumps while an apply is running.
type clock struct{ ahead atomic.Int64 }

func (c *clock) now() time.Time { return time.Now().Add(time.Duration(c.ahead.Load())) }

func (c *clock) jump(d time.Duration) { c.ahead.Add(int64(d)) }

const longModule = requiredProviders + `
provider "intune" {}

resource "intune_imported_device_identity" "first" {
  imported_device_identity_type = "serialNumber"
  imported_device_identifier    = "C02ABC123DEF"
}

resource "intune_imported_device_identity" "second" {
  imported_device_identity_type = "serialNumber"
  imported_device_identifier    = "C02ABC123DEG"
  depends_on                    = [intune_imported_device_identity.first]
}
`

// A token that ends between two resources of an apply is renewed, and what it is
// renewed with is asked for anew: the CI system's token has long ended as well.
func TestSignIn_TokenThatEndsDuringAnApplyIsRenewed(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		env func(s *standIn) []string
		// renew is what the CI system does at the time of the jump.
		renew func(s *standIn)
	}{
		"client secret": {func(*standIn) []string { return []string{"ARM_CLIENT_SECRET=" + wireSecret} }, nil},
		"GitHub Actions": {func(*standIn) []string {
			return []string{
				"ARM_USE_OIDC=true", "ACTIONS_ID_TOKEN_REQUEST_TOKEN=" + ciBearer,
				"ACTIONS_ID_TOKEN_REQUEST_URL=https://" + githubHost + "/1//idtoken/2/3?api-version=2.0",
			}
		}, nil},
		"Azure DevOps": {func(*standIn) []string {
			return []string{
				"ARM_USE_OIDC=true", "ARM_OIDC_AZURE_SERVICE_CONNECTION_ID=" + connection, "SYSTEM_ACCESSTOKEN=" + ciBearer,
				"SYSTEM_OIDCREQUESTURI=https://" + devopsHost + "/o/p/_apis/distributedtask/hubs/build/plans/1/jobs/2/oidctoken",
			}
		}, nil},
		"rotated OIDC token file": {
			func(s *standIn) []string {
				return []string{"ARM_USE_OIDC=true", "ARM_OIDC_TOKEN_FILE_PATH=" + s.file("id-token", []byte(s.federated()))}
			},
			func(s *standIn) { s.file("id-token", []byte(s.federated())) },
		},
	}
	workspace := newWorkspace(t, longModule)
	ci := newIssuer(t, "https://token.actions.githubusercontent.com")
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := &clock{}
			s := &standIn{t: t, ci: ci, folder: t.TempDir(), now: c.now}
			var once sync.Once
			options := graphsim.Options{
				Now: c.now, ClientSecret: wireSecret, FederatedIssuers: []graphsim.FederatedIssuer{ci.trust(wireSubject)},
				OnRequest: func(r graphsim.Request) {
					if r.Operation == graphsim.OpImport && r.Status == http.StatusOK {
						once.Do(func() {
							c.jump(2 * time.Hour)
							if test.renew != nil {
								test.renew(s)
							}
						})
					}
				},
			}
			s.net = newInternet(t, options, map[string]http.Handler{githubHost: http.HandlerFunc(s.github), devopsHost: http.HandlerFunc(s.devops)})
			own := *workspace
			own.t = t
			env := append([]string{
				"INTUNE_CA_CERTIFICATE_PATH=" + s.net.caPath, "ARM_TENANT_ID=" + graphsim.DefaultTenantID, "ARM_CLIENT_ID=" + graphsim.DefaultClientID,
			}, test.env(s)...)
			run := s.net.session(&own, []string{wireSecret, ciBearer}, env...)
			run.must("apply", "-no-color", "-input=false", "-auto-approve", "-state="+filepath.Join(t.TempDir(), "long.tfstate"))
			if n := len(s.net.Tenant().Identities()); n != 2 {
				t.Errorf("the tenant holds %d identities, want 2", n)
			}
			s.net.wantRenewed(t)
		})
	}
}

// wantRenewed checks that a token ended, was renewed once, and that the refused
// requests were sent once more and no more.
func (i *internet) wantRenewed(t *testing.T) {
	t.Helper()
	tokens, refused := 0, 0
	for _, request := range i.Journal() {
		switch {
		case request.Operation == graphsim.OpToken && request.Status == http.StatusOK:
			tokens++
		case request.Status == http.StatusUnauthorized:
			refused++
		}
	}
	// One token for the plan, one for the apply, one after it had ended.
	if tokens != 3 || refused != 1 {
		t.Errorf("%d tokens and %d refused requests, want 3 and 1", tokens, refused)
	}
}

// federated is a token of the CI system for Entra.
func (s *standIn) federated() string { return s.ci.token(s.t, wireSubject, s.now()) }

// A pipeline that only plans needs to read, and an apply says what is missing.
func TestSignIn_ReadPermissionIsEnoughForAPlan(t *testing.T) {
	t.Parallel()
	eachProfile(t, func(t *testing.T, profile graphsim.Profile) {
		const module = requiredProviders + "\nprovider \"intune\" {}\n"
		w := newWorkspace(t, module+resourceBlock(serialLines...))
		writer := newInternet(t, graphsim.Options{Profile: profile, ClientSecret: wireSecret}, nil)
		env := func(net *internet) []string {
			return []string{
				"INTUNE_CA_CERTIFICATE_PATH=" + net.caPath, "ARM_TENANT_ID=" + graphsim.DefaultTenantID,
				"ARM_CLIENT_ID=" + graphsim.DefaultClientID, "ARM_CLIENT_SECRET=" + wireSecret,
			}
		}
		writer.session(w, []string{wireSecret}, env(writer)...).must("apply", "-no-color", "-input=false", "-auto-approve")

		reader := newInternet(t, graphsim.Options{
			Profile: profile, ClientSecret: wireSecret, Roles: []string{graphsim.PermissionRead}, Seed: writer.Tenant().Identities(),
		}, nil)
		run := reader.session(w, []string{wireSecret}, env(reader)...)
		run.must("plan", "-no-color", "-input=false", "-detailed-exitcode")
		run.must("plan", "-no-color", "-input=false", "-refresh-only")
		w.write("more.tf", strings.NewReplacer(`"test"`, `"more"`, "C02ABC123DEF", "C02ABC123DEG").Replace(resourceBlock(serialLines...)))
		if output := run.must("plan", "-no-color", "-input=false"); !strings.Contains(output, "Plan: 1 to add, 0 to change, 0 to destroy.") {
			t.Errorf("the plan with another resource:\n%s", output)
		}
		for _, test := range [][]string{{"apply", "Cannot Create Device Identifier"}, {"destroy", "Cannot Delete Device Identifier"}} {
			output, err := run.attempt(test[0], "-no-color", "-input=false", "-auto-approve")
			words := strings.Join(strings.Fields(output), " ")
			const missing = "The access token of the app " + graphsim.DefaultClientID + " carries DeviceManagementServiceConfig.Read.All, but not " +
				"DeviceManagementServiceConfig.ReadWrite.All. Managing identifiers needs the application permission " +
				"DeviceManagementServiceConfig.ReadWrite.All with admin consent; DeviceManagementServiceConfig.Read.All is enough for plans only."
			if err == nil || !strings.Contains(words, test[1]) || !strings.Contains(words, missing) {
				t.Errorf("%s: %v\n%s", test[0], err, output)
			}
		}
		if n := len(reader.Tenant().Identities()); n != 1 {
			t.Errorf("the tenant holds %d identities, want 1", n)
		}
	})
}

// Importing reads only.
func TestSignIn_ReadPermissionIsEnoughToImport(t *testing.T) {
	t.Parallel()
	net := newInternet(t, graphsim.Options{ClientSecret: wireSecret, Roles: []string{graphsim.PermissionRead}, Seed: []graphsim.Identity{theirs()}}, nil)
	existing := net.Tenant().Identities()[0]
	module := requiredProviders + resourceBlock(
		fmt.Sprintf("imported_device_identity_type = %q", existing.ImportedDeviceIdentityType),
		fmt.Sprintf("imported_device_identifier = %q", existing.ImportedDeviceIdentifier),
		fmt.Sprintf("description = %q", existing.Description))
	run := net.session(newWorkspace(t, module), []string{wireSecret},
		"INTUNE_CA_CERTIFICATE_PATH="+net.caPath, "ARM_TENANT_ID="+graphsim.DefaultTenantID,
		"ARM_CLIENT_ID="+graphsim.DefaultClientID, "ARM_CLIENT_SECRET="+wireSecret)
	run.must("import", "-no-color", "-input=false", "intune_imported_device_identity.test", existing.ID)
	run.must("plan", "-no-color", "-input=false", "-detailed-exitcode")
}
