package provider

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/intunetf/terraform-provider-intune/internal/graphsim"
	"github.com/intunetf/terraform-provider-intune/internal/inventory"
)

// TestDiagnostics_WholeTexts holds what a user reads when the service refuses.
func TestDiagnostics_WholeTexts(t *testing.T) {
	t.Parallel()
	const tried = `error: Cannot Create Device Identifier: Terraform tried to create the corporate device identifier "C02ABC123DEF" of type serialNumber.` + "\n\n"
	tests := map[string]struct {
		fault    graphsim.Fault
		settings map[string]any
		config   map[string]any
		want     string
	}{
		"401": {
			fault: graphsim.Fault{Status: 401, Code: "InvalidAuthenticationToken", Message: "Access token validation failure. Invalid audience."},
			want: tried + `Graph answered 401 Unauthorized (InvalidAuthenticationToken): Access token validation failure. Invalid audience.

The access token was not accepted. Check that tenant_id and environment (now "custom", Graph at $URL) belong together, the clock of this machine, and that the tenant has an Intune licence: without one Intune answers so, too.`,
		},
		"429 until the timeout": {
			fault:  graphsim.Fault{Status: 429, Code: "TooManyRequests", Message: "Too many requests.", RetryAfter: "60"},
			config: map[string]any{"timeouts": map[string]any{"create": "2s"}},
			want: tried + `Graph answered 429 Too Many Requests: Too many requests.; gave up because the operation's timeout ended.

Intune throttled the requests until the timeout ended. Lower write_limit or request_limit in the provider block when other tools use the same tenant, or raise the timeouts block of the resource.`,
		},
		"409 for something else": {
			fault: graphsim.Fault{Status: 409, Code: "Conflict", Message: "Another operation is running."},
			want:  tried + `Graph answered 409 Conflict: Another operation is running.`,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sim := newTenant(t, graphsim.ProfileField)
			test.fault.Operation, test.fault.Count = graphsim.OpImport, -1
			sim.Inject(test.fault)
			server := newProtocol(t, sim, test.settings)
			_, diags := server.apply(with(serialConfig, test.config), server.none())
			got, _, _ := strings.Cut(strings.Join(diags, "\n"), "\n\nrequest-id: ")
			if diff := cmp.Diff(strings.ReplaceAll(test.want, "$URL", sim.url), got); diff != "" {
				t.Errorf("diagnostics (-want +got):\n%s", diff)
			}
		})
	}
}

// A read that fails for want of the network must not be mistaken for a missing
// identity, and must say what to look at.
func TestDiagnostics_LostConnectionAndForeignCertificate(t *testing.T) {
	t.Parallel()
	data := &providerData{}
	key := inventory.Key{Type: "imei", Identifier: "355450075770212"}
	for name, test := range map[string]struct {
		err  error
		want string
	}{
		"timeout":      {context.DeadlineExceeded, "Raise the timeouts block of the resource when the service is only slow."},
		"anything":     {errors.New("boom"), "Boom."},
		"vanished":     {inventory.ErrNotFound, "it was deleted outside Terraform after the plan was made"},
		"not accepted": {&inventory.RejectedError{Reason: "answered 200"}, "Intune gives no reason for a refused row"},
	} {
		diags := data.describe(t.Context(), "update", key, test.err)
		if len(diags) != 1 || !strings.Contains(diags[0].Detail(), test.want) || !strings.Contains(diags[0].Detail(), `"355450075770212" of type imei`) {
			t.Errorf("%s: got %v", name, diags)
		}
	}
}

func TestDiagnostics_AzureCLIUserIsTold(t *testing.T) {
	t.Parallel()
	sim := newTenant(t, graphsim.ProfileField)
	token := sim.UserToken("AuditLog.Read.All Directory.AccessAsUser.All", "04b07795-8ddb-461a-bbee-02f9e1bf7b46")
	got := permissionAdvice(token)
	want := "The access token comes from a user's login in the Azure CLI, which never carries Intune permissions, whatever the user's role. Log in to the CLI as a service principal, or configure an app registration in the provider block. Managing identifiers needs the application permission DeviceManagementServiceConfig.ReadWrite.All with admin consent; DeviceManagementServiceConfig.Read.All is enough for plans only."
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if strings.Contains(permissionAdvice("not.a.token"), "not.a.token") {
		t.Error("an unreadable token is quoted")
	}
	if got := permissionAdvice(sim.Token(graphsim.PermissionReadWrite)); !strings.Contains(got, "so the permission is there: look at the tenant's Intune licence") {
		t.Errorf("got %s", got)
	}
}
