package provider

import (
	"strings"
	"testing"

	"github.com/intunetf/terraform-provider-intune/internal/graphsim"
)

// A plan shows the line of the configuration that is at fault, the attributes
// and the variables that were looked at, and asks nobody for a token.
func TestSettings_FaultsAreShownByThePlan(t *testing.T) {
	t.Parallel()
	const tenant = `tenant_id = "contoso.onmicrosoft.com"`
	const client = `client_id = "00000000-0000-0000-0000-000000000000"`
	tests := map[string]struct {
		lines []string
		env   []string
		at    string // the line that the plan points at
		want  string
	}{
		"conflicting": {
			lines: []string{tenant, client, `client_certificate = "AAAA"`, `client_certificate_path = "intune.pfx"`},
			at:    `client_certificate = "AAAA"`,
			want: "Error: Conflicting Authentication Settings … `client_certificate` (environment: ARM_CLIENT_CERTIFICATE) and `client_certificate_path` " +
				"(environment: ARM_CLIENT_CERTIFICATE_PATH) are both given. Remove one of them.",
		},
		"missing tenant": {
			lines: []string{client}, env: []string{"ARM_CLIENT_SECRET=" + wireSecret}, at: `provider "intune" {`,
			want: "Error: Missing Tenant ID … Authentication by client secret needs the id of the Entra tenant. Set `tenant_id` (environment: ARM_TENANT_ID, " +
				"AZURE_TENANT_ID), for example to 00000000-0000-0000-0000-000000000000 or contoso.onmicrosoft.com.",
		},
		"missing client": {
			lines: []string{tenant}, env: []string{"ARM_CLIENT_SECRET=" + wireSecret}, at: `provider "intune" {`,
			want: "Error: Missing Client ID … Authentication by client secret needs the application (client) id of the app registration. Set `client_id` " +
				"(environment: ARM_CLIENT_ID, AZURE_CLIENT_ID) or `client_id_file_path` (environment: ARM_CLIENT_ID_FILE_PATH).",
		},
		"incomplete OIDC": {
			lines: []string{tenant, client, `use_oidc = true`}, at: `use_oidc = true`,
			want: "Error: Incomplete OIDC Settings … `use_oidc` (environment: ARM_USE_OIDC) is set, and no setting says where the OIDC token comes from. Set " +
				"`oidc_token` (environment: ARM_OIDC_TOKEN), or `oidc_token_file_path` (environment: ARM_OIDC_TOKEN_FILE_PATH), or `oidc_request_url` " +
				"(environment: ARM_OIDC_REQUEST_URL, ACTIONS_ID_TOKEN_REQUEST_URL, SYSTEM_OIDCREQUESTURI) together with `oidc_request_token` (environment: " +
				"ARM_OIDC_REQUEST_TOKEN, ACTIONS_ID_TOKEN_REQUEST_TOKEN, SYSTEM_ACCESSTOKEN).",
		},
		"incomplete AKS": {
			lines: []string{tenant, client, `use_aks_workload_identity = true`}, at: `use_aks_workload_identity = true`,
			want: "Error: Missing Federated Token File … `use_aks_workload_identity` (environment: ARM_USE_AKS_WORKLOAD_IDENTITY) needs the token file that the " +
				"workload identity webhook of AKS mounts, and AZURE_FEDERATED_TOKEN_FILE is not set.",
		},
		"incomplete custom cloud": {
			lines: []string{`environment = "custom"`, `authority_host = "https://login.example.com"`}, at: `provider "intune" {`,
			want: "Error: Missing Endpoint of the Custom Environment … The environment \"custom\" needs `graph_endpoint` (environment: ARM_MSGRAPH_ENDPOINT), a root " +
				"URL such as https://graph.microsoft.com.",
		},
		"endpoint of another cloud": {
			lines: []string{`environment = "usgovernment"`, `graph_endpoint = "https://graph.microsoft.com"`}, at: `graph_endpoint = "https://graph.microsoft.com"`,
			want: "Error: Endpoint Conflicts With the Environment … The environment is \"usgovernment\", whose endpoint is https://graph.microsoft.us, and " +
				"`graph_endpoint` (environment: ARM_MSGRAPH_ENDPOINT) says https://graph.microsoft.com.",
		},
		"nothing at all": {
			lines: []string{`use_cli = false`}, at: `use_cli = false`,
			want: "Error: No Authentication Method … No setting says how to sign in, and the Azure CLI is turned off by `use_cli`.",
		},
		"HCL wins": {
			lines: []string{`environment = "china"`, `graph_endpoint = "https://graph.microsoft.us"`}, env: []string{"ARM_ENVIRONMENT=usgovernment"},
			at: `graph_endpoint = "https://graph.microsoft.us"`, want: "Error: Endpoint Conflicts With the Environment … The environment is \"china\"",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			net := newInternet(t, graphsim.Options{}, nil)
			module := requiredProviders + "\nprovider \"intune\" {\n  " + strings.Join(test.lines, "\n  ") + "\n}\n" + resourceBlock(serialLines...)
			output, err := net.session(newWorkspace(t, module), []string{wireSecret}, test.env...).attempt("plan", "-no-color", "-input=false")
			words := strings.Join(strings.Fields(output), " ")
			summary, detail, _ := strings.Cut(test.want, " … ")
			if err == nil || strings.Count(output, "Error: ") != 1 || !strings.Contains(words, summary) || !strings.Contains(words, detail) ||
				!strings.Contains(output, ": "+test.at) && !strings.Contains(output, ":   "+test.at) {
				t.Errorf("got %v\n%s\nwant %s\nat   %s", err, output, test.want, test.at)
			}
			if n := len(net.Journal()); n > 0 {
				t.Errorf("%d requests were sent", n)
			}
		})
	}
}

// Settings that come from another resource are unknown at the first plan, and
// again when that resource changes.
func TestSettings_FromAnotherResourceWaitForTheApply(t *testing.T) {
	t.Parallel()
	net := newInternet(t, graphsim.Options{ClientSecret: wireSecret}, nil)
	module := func(generation string) string {
		return requiredProviders + `
resource "terraform_data" "app" {
  input            = { tenant = "` + graphsim.DefaultTenantID + `", client = "` + graphsim.DefaultClientID + `" }
  triggers_replace = ["` + generation + `"]
}

provider "intune" {
  tenant_id = terraform_data.app.output.tenant
  client_id = terraform_data.app.output.client
}
` + resourceBlock(serialLines...)
	}
	run := net.session(newWorkspace(t, module("1")), []string{wireSecret}, "ARM_CLIENT_SECRET="+wireSecret, "INTUNE_CA_CERTIFICATE_PATH="+net.caPath)
	if output := run.must("plan", "-no-color", "-input=false"); !strings.Contains(output, "Plan: 2 to add, 0 to change, 0 to destroy.") || len(net.Journal()) > 0 {
		t.Errorf("%d requests by the plan:\n%s", len(net.Journal()), output)
	}
	run.must("apply", "-no-color", "-input=false", "-auto-approve")
	run.must("plan", "-no-color", "-input=false", "-detailed-exitcode")
	if n := len(net.Tenant().Identities()); n != 1 {
		t.Fatalf("the tenant holds %d identities, want 1", n)
	}
	run.write("main.tf", module("2"))
	net.ClearJournal()
	output := run.must("plan", "-no-color", "-input=false")
	words := strings.Join(strings.Fields(output), " ")
	const warning = "Warning: Provider Settings Not Known Yet"
	const detail = "These provider settings are not known before apply: tenant_id, client_id. Corporate device identifiers were not refreshed; the plan is based on the state as it is."
	if strings.Count(output, warning) != 1 || !strings.Contains(words, detail) || !strings.Contains(output, "Plan: 1 to add, 0 to change, 1 to destroy.") || len(net.Journal()) > 0 {
		t.Errorf("%d requests by the plan:\n%s", len(net.Journal()), output)
	}
	run.must("apply", "-no-color", "-input=false", "-auto-approve")
	run.must("plan", "-no-color", "-input=false", "-detailed-exitcode")
}
