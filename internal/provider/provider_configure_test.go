package provider

import (
	"maps"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/intunetf/terraform-provider-intune/internal/graphsim"
)

func (s *tenant) settings(changes map[string]any) map[string]any {
	all := map[string]any{
		"environment": "custom", "graph_endpoint": s.url, "authority_host": s.url, "disable_instance_discovery": true,
		"ca_certificate_path": s.caPath, "tenant_id": graphsim.DefaultTenantID, "client_id": graphsim.DefaultClientID,
		"client_secret": graphsim.DefaultClientSecret,
	}
	maps.Copy(all, changes)
	return all
}

// freeAddress is a loopback address on which nobody listens.
func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close() //nolint:errcheck // it only reserved the address
	return "https://" + listener.Addr().String()
}

func TestConfigure_SaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	sim := newTenant(t, graphsim.ProfileField)
	closed := freeAddress(t)
	tests := map[string]struct {
		settings map[string]any
		starts   string
		contains []string
	}{
		"missing tenant": {
			map[string]any{"tenant_id": ""},
			"error tenant_id: Missing ",
			[]string{"`tenant_id` (environment: ARM_TENANT_ID, AZURE_TENANT_ID)"},
		},
		"wrong secret": {
			map[string]any{"client_secret": "not-the-secret-at-all"},
			"error: Unable to Get Access Token: ",
			[]string{"AADSTS7000215", "`client_secret` (environment: ARM_CLIENT_SECRET)"},
		},
		"unknown tenant": {
			map[string]any{"tenant_id": "33333333-cccc-4ccc-8ccc-333333333333"},
			"error: Unable to Get Access Token: ",
			[]string{"`tenant_id`"},
		},
		"unreachable authority": {
			map[string]any{"authority_host": closed},
			"error: Unable to Get Access Token: ",
			[]string{closed, "refused"},
		},
		"untrusted certificate": {
			map[string]any{"ca_certificate_path": ""},
			"error: Unable to Get Access Token: ",
			[]string{"`ca_certificate_path` (environment: INTUNE_CA_CERTIFICATE_PATH)"},
		},
		"missing certificate file": {
			map[string]any{"ca_certificate_path": filepath.Join(t.TempDir(), "missing.pem")},
			"error ca_certificate_path: ",
			[]string{"missing.pem"},
		},
		"unknown environment": {
			map[string]any{"environment": "mars"},
			"error environment: ",
			[]string{`"mars"`, "global", "usgovernment", "usgovernmentl5", "china", "custom"},
		},
		"plain http": {
			map[string]any{"graph_endpoint": "http://127.0.0.1"}, "error graph_endpoint: ", []string{"https"},
		},
		"unknown create method": {
			map[string]any{"create_method": "post"},
			`error create_method: Invalid Create Method: "post" is no create method. Write auto, create or import in create_method, or in the environment variable INTUNE_CREATE_METHOD.`, nil,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			diags := startProtocol(t).configure(sim.settings(test.settings))
			got := strings.Join(diags, "\n")
			if len(diags) == 0 || !strings.HasPrefix(diags[0], test.starts) {
				t.Errorf("got  %s\nwant %s…", got, test.starts)
			}
			for _, want := range test.contains {
				if !strings.Contains(got, want) {
					t.Errorf("%q is not in\n%s", want, got)
				}
			}
			for _, secret := range []string{"not-the-secret-at-all", graphsim.DefaultClientSecret} {
				if strings.Contains(got, secret) {
					t.Errorf("the secret is in\n%s", got)
				}
			}
		})
	}
}

func TestConfigure_SignsInOnceForAllResources(t *testing.T) {
	t.Parallel()
	sim := newTenant(t, graphsim.ProfileField)
	server := newProtocol(t, sim, nil)
	server.create(serialConfig)
	if n := len(sim.requests(graphsim.OpToken)); n != 1 {
		t.Errorf("%d token requests, want 1", n)
	}
}

func TestConfigure_MissingRoleIsNamed(t *testing.T) {
	t.Parallel()
	const needed = "Managing identifiers needs the application permission DeviceManagementServiceConfig.ReadWrite.All with admin consent; DeviceManagementServiceConfig.Read.All is enough for plans only."
	tests := map[string]struct {
		roles []string
		want  string
	}{
		"read only": {
			[]string{graphsim.PermissionRead},
			"The access token of the app " + graphsim.DefaultClientID + " carries DeviceManagementServiceConfig.Read.All, but not DeviceManagementServiceConfig.ReadWrite.All. " + needed,
		},
		"none": {
			[]string{},
			"The access token of the app " + graphsim.DefaultClientID + " carries no permission at all. " + needed,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sim := newTenant(t, graphsim.ProfileField, func(o *graphsim.Options) { o.Roles = test.roles })
			server := newProtocol(t, sim, nil)
			state, diags := server.apply(serialConfig, server.none())
			got := strings.Join(diags, "\n")
			if !strings.Contains(got, test.want) || !strings.Contains(got, "Graph answered 403 Forbidden: Application is not authorized to perform this operation.") || !state.isGone() {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

func TestConfigure_UnknownSettingsWait(t *testing.T) {
	t.Parallel()
	sim := newTenant(t, graphsim.ProfileField)
	state := newProtocol(t, sim, nil).create(serialConfig)
	sim.ClearJournal()

	server := startProtocol(t)
	if diags := server.configure(sim.settings(map[string]any{"client_secret": unknown{}, "tenant_id": unknown{}})); len(diags) > 0 {
		t.Fatal(diags)
	}
	kept, diags := server.read(state)
	want := []string{"warning: Provider Settings Not Known Yet: These provider settings are not known before apply: tenant_id, client_secret. Corporate device identifiers were not refreshed; the plan is based on the state as it is."}
	if diff := cmp.Diff(want, diags); diff != "" || !kept.value.Equal(state.value) {
		t.Errorf("first read (-want +got):\n%s", diff)
	}
	if kept, diags := server.read(state); len(diags) > 0 || !kept.value.Equal(state.value) {
		t.Errorf("second read: %v, want the warning once", diags)
	}
	if plan := server.plan(serialConfig, server.none()); len(plan.diags) > 0 {
		t.Errorf("a create cannot be planned: %v", plan.diags)
	}
	_, diags = server.apply(serialConfig, server.none())
	want = []string{"error: Provider Settings Not Known Yet: These provider settings are not known yet, and this operation needs them: tenant_id, client_secret. Apply what they come from first, for example with terraform apply -target, or write values that are known at plan time."}
	if diff := cmp.Diff(want, diags); diff != "" {
		t.Errorf("apply (-want +got):\n%s", diff)
	}
	if n := len(sim.Journal()); n > 0 {
		t.Errorf("%d requests were sent without settings", n)
	}
}

func TestResolveConfig_ConfigurationWinsAndEmptyIsUnset(t *testing.T) {
	t.Parallel()
	env := map[string]string{
		"ARM_TENANT_ID": "from-arm", "AZURE_TENANT_ID": "from-azure", "AZURE_CLIENT_ID": "client-from-azure",
		"ARM_CLIENT_SECRET": "", "ARM_USE_CLI": "false", "INTUNE_WRITE_LIMIT": "7", "INTUNE_CREATE_METHOD": "import",
	}
	config, diags := resolve(t, map[string]any{"client_id": "", "tenant_id": "from-configuration", "request_limit": 5}, env)
	if diags.HasError() {
		t.Fatal(diags)
	}
	got := map[string]any{
		"tenant": config.credential.TenantID, "client": config.credential.ClientID, "secret": config.credential.ClientSecret,
		"cli": config.credential.UseCLI, "writes": config.writeLimit, "requests": config.requestLimit, "method": string(config.createMethod),
	}
	want := map[string]any{
		"tenant": "from-configuration", "client": "client-from-azure", "secret": "", "cli": false, "writes": 7, "requests": 5, "method": "import",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("resolved (-want +got):\n%s", diff)
	}
}

func TestResolveConfig_EverySettingIsReadFromItsVariables(t *testing.T) {
	t.Parallel()
	for _, s := range settings() {
		variables := variablesOf(s.name)
		if len(variables) == 0 {
			t.Errorf("%s has no environment variable", s.name)
		}
		for _, variable := range variables {
			value := map[settingKind]string{boolSetting: "true", numberSetting: "123", textSetting: "import", secretSetting: "import"}[s.kind]
			if s.name == "use_cli" {
				value = "false"
			}
			none, _ := resolve(t, nil, nil)
			got, diags := resolve(t, nil, map[string]string{variable: value})
			if diags.HasError() || cmp.Equal(none, got, cmp.AllowUnexported(providerConfig{})) {
				t.Errorf("%s=%s changes nothing: %v", variable, value, diags)
			}
		}
	}
}

func TestResolveConfig_RefusesWhatIsNoValue(t *testing.T) {
	t.Parallel()
	_, diags := resolve(t, nil, map[string]string{"ARM_USE_OIDC": "yes", "INTUNE_WRITE_LIMIT": "0"})
	var got []string
	for _, d := range diags {
		got = append(got, d.Summary()+": "+d.Detail())
	}
	want := []string{
		`Invalid Environment Variable: use_oidc is taken from the environment (ARM_USE_OIDC), where it is "yes". Write true or false.`,
		`Invalid Environment Variable: write_limit is taken from the environment (INTUNE_WRITE_LIMIT), where it is "0". Write a whole number of at least 1.`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("diagnostics (-want +got):\n%s", diff)
	}
}

func TestUserAgent_HasTerraformsForm(t *testing.T) {
	t.Setenv("TF_APPEND_USER_AGENT", "pipeline/7")
	sim := newTenant(t, graphsim.ProfileField)
	newProtocol(t, sim, nil).create(serialConfig)
	want := "Terraform/1.11.4 (+https://www.terraform.io) terraform-provider-intune/test pipeline/7"
	if got := sim.requests(graphsim.OpImport)[0].Header.Get("User-Agent"); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestConfigure_ReadsTheEnvironment(t *testing.T) { //nolint:paralleltest // it sets the environment
	sim := newTenant(t, graphsim.ProfileField)
	for variable, value := range map[string]string{
		"ARM_ENVIRONMENT": "custom", "ARM_MSGRAPH_ENDPOINT": sim.url, "ARM_ACTIVE_DIRECTORY_AUTHORITY_HOST": sim.url,
		"ARM_DISABLE_INSTANCE_DISCOVERY": "true", "INTUNE_CA_CERTIFICATE_PATH": sim.caPath, "ARM_TENANT_ID": graphsim.DefaultTenantID,
		"ARM_CLIENT_ID": graphsim.DefaultClientID, "ARM_CLIENT_SECRET": graphsim.DefaultClientSecret,
	} {
		t.Setenv(variable, value)
	}
	server := startProtocol(t)
	if diags := server.configure(nil); len(diags) > 0 {
		t.Fatal(diags)
	}
	server.create(serialConfig)
	sim.only(t)
}

func TestConfigure_SecretFromAFile(t *testing.T) {
	t.Parallel()
	sim := newTenant(t, graphsim.ProfileField)
	file := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(file, []byte(graphsim.DefaultClientSecret+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if diags := startProtocol(t).configure(sim.settings(map[string]any{"client_secret": "", "client_secret_file_path": file})); len(diags) > 0 {
		t.Error(diags)
	}
}
