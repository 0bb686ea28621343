package credential_test

import (
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/intunetf/terraform-provider-intune/internal/credential"
)

func TestNew_UsesTheFirstMethodThatIsAskedFor(t *testing.T) {
	t.Parallel()

	leaf, key, _ := testCertificate(t)
	pemText := string(certificatePEM(t, leaf, key))
	everything := credential.Settings{
		TenantID: tenantID, ClientID: clientID,
		ClientCertificate: pemText, ClientSecret: "s",
		UseOIDC: true, OIDCToken: "a", OIDCAzureServiceConnectionID: "c", OIDCRequestURL: "https://ci.example.com/x", OIDCRequestToken: "r",
		UseAKSWorkloadIdentity: true, FederatedTokenFile: tempFile(t, "pod"),
		UseMSI: true, UseCLI: true, UseAzd: true, UsePowerShell: true,
	}
	// Every step takes away the method that was used before it.
	steps := []struct {
		method  string
		setting []string
		without func(*credential.Settings)
	}{
		{"client certificate", []string{"client_certificate", "client_id", "tenant_id"}, func(s *credential.Settings) { s.ClientCertificate, s.ClientCertificatePath = "", tempFile(t, pemText) }},
		{"client certificate", []string{"client_certificate_path", "client_id", "tenant_id"}, func(s *credential.Settings) { s.ClientCertificatePath = "" }},
		{"client secret", []string{"client_secret", "client_id", "tenant_id"}, func(s *credential.Settings) { s.ClientSecret, s.ClientSecretFilePath = "", tempFile(t, "s") }},
		{"client secret", []string{"client_secret_file_path", "client_id", "tenant_id"}, func(s *credential.Settings) { s.ClientSecretFilePath = "" }},
		{"OIDC token", []string{"oidc_token", "client_id", "tenant_id"}, func(s *credential.Settings) { s.OIDCToken, s.OIDCTokenFilePath = "", tempFile(t, "a") }},
		{"OIDC token file", []string{"oidc_token_file_path", "client_id", "tenant_id"}, func(s *credential.Settings) { s.OIDCTokenFilePath = "" }},
		{
			"OIDC (Azure DevOps)",
			[]string{"oidc_azure_service_connection_id", "oidc_request_url", "oidc_request_token", "client_id", "tenant_id"},
			func(s *credential.Settings) { s.OIDCAzureServiceConnectionID = "" },
		},
		{"OIDC (GitHub Actions)", []string{"oidc_request_url", "oidc_request_token", "client_id", "tenant_id"}, func(s *credential.Settings) { s.UseOIDC = false }},
		{"AKS workload identity", []string{"use_aks_workload_identity", "client_id", "tenant_id"}, func(s *credential.Settings) { s.UseAKSWorkloadIdentity = false }},
		{"managed identity", []string{"use_msi", "client_id"}, func(s *credential.Settings) { s.UseMSI = false }},
		{"Azure Developer CLI", []string{"use_azd"}, func(s *credential.Settings) { s.UseAzd = false }},
		{"Azure PowerShell", []string{"use_powershell"}, func(s *credential.Settings) { s.UsePowerShell = false }},
		{"Azure CLI", []string{"use_cli"}, func(s *credential.Settings) { s.UseCLI = false }},
	}
	s := everything
	cloud := credential.Cloud{AuthorityHost: "https://login.example.com"}
	for _, step := range steps {
		cred, err := credential.New(s, cloud, http.DefaultClient)
		if err != nil {
			t.Fatalf("%s: %v", step.method, err)
		}
		if cred.Method() != step.method {
			t.Errorf("method = %q, want %q", cred.Method(), step.method)
		}
		if diff := cmp.Diff(step.setting, cred.Setting()); diff != "" {
			t.Errorf("%s: Setting() (-want +got):\n%s", step.method, diff)
		}
		step.without(&s)
	}
	if _, err := credential.New(s, cloud, http.DefaultClient); err == nil {
		t.Error("no method is left, and New found one")
	}
}

// onlyProblem is the single thing that is wrong with the settings.
func onlyProblem(t *testing.T, s credential.Settings) *credential.SettingError {
	t.Helper()
	_, err := credential.New(s, credential.Cloud{AuthorityHost: "https://login.example.com"}, http.DefaultClient)
	var problems credential.SettingErrors
	if !errors.As(err, &problems) {
		t.Fatalf("New = %v, want SettingErrors", err)
	}
	if len(problems) != 1 {
		t.Fatalf("%d problems, want 1:\n%v", len(problems), problems)
	}
	if single := new(credential.SettingError); !errors.As(err, &single) || single != problems[0] {
		t.Errorf("errors.As does not find the single problem of %v", err)
	}
	return problems[0]
}

func TestNew_IncompleteSettings_NameAttributeAndVariables(t *testing.T) {
	t.Parallel()

	with := func(change func(*credential.Settings)) credential.Settings {
		s := credential.Settings{TenantID: tenantID, ClientID: clientID}
		change(&s)
		return s
	}
	missing := filepath.Join(t.TempDir(), "none")
	const requestURL = "`oidc_request_url` (environment: ARM_OIDC_REQUEST_URL, ACTIONS_ID_TOKEN_REQUEST_URL, SYSTEM_OIDCREQUESTURI)"
	const requestToken = "`oidc_request_token` (environment: ARM_OIDC_REQUEST_TOKEN, ACTIONS_ID_TOKEN_REQUEST_TOKEN, SYSTEM_ACCESSTOKEN)"
	const ciHint = ". GitHub Actions sets it when the workflow says \"permissions: id-token: write\"; " +
		"in Azure DevOps pass it to the step as env, SYSTEM_ACCESSTOKEN: $(System.AccessToken)."
	tests := map[string]struct {
		settings        credential.Settings
		attribute, want string
	}{
		"no tenant": {
			with(func(s *credential.Settings) { s.ClientSecret, s.TenantID = "s", "" }), "tenant_id",
			"Missing Tenant ID: Authentication by client secret needs the id of the Entra tenant. Set `tenant_id` (environment: ARM_TENANT_ID, AZURE_TENANT_ID), " +
				"for example to 00000000-0000-0000-0000-000000000000 or contoso.onmicrosoft.com.",
		},
		"no client": {
			with(func(s *credential.Settings) { s.ClientSecret, s.ClientID = "s", " " }), "client_id",
			"Missing Client ID: Authentication by client secret needs the application (client) id of the app registration. Set `client_id` " +
				"(environment: ARM_CLIENT_ID, AZURE_CLIENT_ID) or `client_id_file_path` (environment: ARM_CLIENT_ID_FILE_PATH).",
		},
		"tenant is a URL": {
			with(func(s *credential.Settings) { s.ClientSecret, s.TenantID = "s", "https://contoso" }), "tenant_id",
			"Invalid Tenant ID: \"https://contoso\" is neither a tenant id nor a domain name: it contains ':'. Set `tenant_id` " +
				"(environment: ARM_TENANT_ID, AZURE_TENANT_ID), for example to 00000000-0000-0000-0000-000000000000 or contoso.onmicrosoft.com.",
		},
		"tenant of a tool": {
			with(func(s *credential.Settings) { s.UseCLI, s.TenantID = true, "a b" }), "tenant_id", "Invalid Tenant ID: \"a b\" is neither",
		},
		"secret file": {
			with(func(s *credential.Settings) { s.ClientSecretFilePath = missing }), "client_secret_file_path",
			"Unreadable File: The file of `client_secret_file_path` (environment: ARM_CLIENT_SECRET_FILE_PATH) cannot be read: open " + missing,
		},
		"empty secret file": {
			with(func(s *credential.Settings) { s.ClientSecretFilePath = tempFile(t, "\n") }), "client_secret_file_path", "Empty File: The file ",
		},
		"secret and another secret file": {
			with(func(s *credential.Settings) {
				s.ClientSecret, s.ClientSecretFilePath = "hunter2", tempFile(t, "hunter3")
			}), "client_secret_file_path",
			"Conflicting Authentication Settings: `client_secret` (environment: ARM_CLIENT_SECRET) and the file of `client_secret_file_path` " +
				"(environment: ARM_CLIENT_SECRET_FILE_PATH) are both given, and they differ. Remove one of them.",
		},
		"client id and another file": {
			with(func(s *credential.Settings) { s.UseMSI, s.ClientIDFilePath = true, tempFile(t, "x") }), "client_id_file_path", "Conflicting Authentication Settings",
		},
		"OIDC without a source": {
			with(func(s *credential.Settings) { s.UseOIDC = true }), "use_oidc",
			"Incomplete OIDC Settings: `use_oidc` (environment: ARM_USE_OIDC) is set, and no setting says where the OIDC token comes from. " +
				"Set `oidc_token` (environment: ARM_OIDC_TOKEN), or `oidc_token_file_path` (environment: ARM_OIDC_TOKEN_FILE_PATH), or " +
				requestURL + " together with " + requestToken + ". A GitHub Actions job has the last two when its workflow says \"permissions: id-token: write\".",
		},
		"OIDC without URL": {
			with(func(s *credential.Settings) { s.UseOIDC, s.OIDCRequestToken = true, "r" }), "oidc_request_url",
			"Incomplete OIDC Settings: Authentication by OIDC (GitHub Actions) needs " + requestURL + ciHint,
		},
		"OIDC without request token": {
			with(func(s *credential.Settings) {
				s.UseOIDC, s.OIDCRequestURL, s.OIDCAzureServiceConnectionID = true, "https://ci.example.com", "c"
			}), "oidc_request_token",
			"Incomplete OIDC Settings: Authentication by OIDC (Azure DevOps) needs " + requestToken + ciHint,
		},
		"OIDC over http": {
			with(func(s *credential.Settings) { s.UseOIDC, s.OIDCRequestURL, s.OIDCRequestToken = true, "http://ci", "r" }), "oidc_request_url",
			"Invalid OIDC Request URL: " + requestURL + " is not an https URL.",
		},
		"Azure DevOps without connection": {
			with(func(s *credential.Settings) {
				s.UseOIDC, s.OIDCRequestURL, s.OIDCRequestToken = true, "https://dev.azure.com/o/p/_apis/distributedtask/hubs/build/oidctoken", "r"
			}), "oidc_azure_service_connection_id",
			"Incomplete OIDC Settings: The OIDC request URL is the one of an Azure DevOps pipeline, which gives out tokens per service connection. " +
				"Set `oidc_azure_service_connection_id` (environment: ARM_OIDC_AZURE_SERVICE_CONNECTION_ID, ARM_ADO_PIPELINE_SERVICE_CONNECTION_ID) to the id of the service connection.",
		},
		"OIDC token file": {
			with(func(s *credential.Settings) { s.UseOIDC, s.OIDCTokenFilePath = true, missing }), "oidc_token_file_path", "Unreadable File",
		},
		"AKS without file": {
			with(func(s *credential.Settings) { s.UseAKSWorkloadIdentity = true }), "use_aks_workload_identity",
			"Missing Federated Token File: `use_aks_workload_identity` (environment: ARM_USE_AKS_WORKLOAD_IDENTITY) needs the token file that the workload identity webhook " +
				"of AKS mounts, and AZURE_FEDERATED_TOKEN_FILE is not set. Label the pod with azure.workload.identity/use: \"true\" and give it an annotated service account, " +
				"or set `oidc_token_file_path` (environment: ARM_OIDC_TOKEN_FILE_PATH).",
		},
		"AKS unreadable file": {
			with(func(s *credential.Settings) { s.UseAKSWorkloadIdentity, s.FederatedTokenFile = true, missing }), "use_aks_workload_identity", "Unreadable Federated Token File",
		},
		"nothing": {
			with(func(*credential.Settings) {}), "use_cli",
			"No Authentication Method: No setting says how to sign in, and the Azure CLI is turned off by `use_cli`. " +
				"Set `client_certificate` (environment: ARM_CLIENT_CERTIFICATE), `client_certificate_path` (environment: ARM_CLIENT_CERTIFICATE_PATH), " +
				"`client_secret` (environment: ARM_CLIENT_SECRET) or `client_secret_file_path` (environment: ARM_CLIENT_SECRET_FILE_PATH) " +
				"together with `client_id` and `tenant_id`, or set one of `use_oidc` (environment: ARM_USE_OIDC), " +
				"`use_aks_workload_identity` (environment: ARM_USE_AKS_WORKLOAD_IDENTITY), `use_msi` (environment: ARM_USE_MSI), " +
				"`use_azd` (environment: ARM_USE_AZD), `use_powershell` (environment: ARM_USE_POWERSHELL) or `use_cli` (environment: ARM_USE_CLI) to true.",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			problem := onlyProblem(t, tt.settings)
			if problem.Attribute != tt.attribute || !strings.HasPrefix(problem.Error(), tt.want) {
				t.Errorf("problem of %s:\n%s\nwant of %s:\n%s", problem.Attribute, problem, tt.attribute, tt.want)
			}
			if strings.Contains(problem.Error(), "hunter") {
				t.Errorf("the problem shows a secret: %s", problem)
			}
		})
	}
}

func TestNew_SeveralProblems_AreToldAtOnce(t *testing.T) {
	t.Parallel()

	s := credential.Settings{UseOIDC: true}
	_, err := credential.New(s, credential.Cloud{}, http.DefaultClient)
	var problems credential.SettingErrors
	if !errors.As(err, &problems) {
		t.Fatal(err)
	}
	var attributes []string
	for _, problem := range problems {
		attributes = append(attributes, problem.Attribute)
	}
	if diff := cmp.Diff([]string{"tenant_id", "client_id", "use_oidc"}, attributes); diff != "" {
		t.Errorf("attributes (-want +got):\n%s", diff)
	}
	if got := strings.Count(err.Error(), "\n"); got != 2 {
		t.Errorf("the text has %d line breaks, want one between problems:\n%v", got, err)
	}
}

func TestNew_AgreeingFile_IsNoConflict(t *testing.T) {
	t.Parallel()

	s := credential.Settings{TenantID: tenantID, ClientID: clientID, ClientSecret: "s", ClientSecretFilePath: tempFile(t, "s\n")}
	if _, err := credential.New(s, credential.Cloud{AuthorityHost: "https://login.example.com"}, http.DefaultClient); err != nil {
		t.Error(err)
	}
}

func TestNew_AuthorityThatAzidentityRefuses_IsAProblem(t *testing.T) {
	t.Parallel()

	s := credential.Settings{TenantID: tenantID, ClientID: clientID, ClientSecret: "s"}
	_, err := credential.New(s, credential.Cloud{AuthorityHost: "http://login.example.com"}, http.DefaultClient)
	if err == nil || !strings.Contains(err.Error(), "cannot use an authority host without https") {
		t.Errorf("New = %v", err)
	}
}

func TestSettings_NeverFormatTheirSecrets(t *testing.T) {
	t.Parallel()

	s := credential.Settings{TenantID: tenantID, ClientID: clientID, ClientSecret: "hunter2"}
	cred, err := credential.New(s, credential.Cloud{AuthorityHost: "https://login.example.com"}, http.DefaultClient)
	if err != nil {
		t.Fatal(err)
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		for _, value := range []any{s, &s, cred} {
			if text := fmt.Sprintf(verb, value); strings.Contains(text, "hunter2") {
				t.Errorf("%s of %T = %s", verb, value, text)
			}
		}
	}
}

func TestEnvironmentVariables_AreTheDocumentedOnesInOrder(t *testing.T) {
	t.Parallel()

	variables := credential.EnvironmentVariables()
	for attribute, want := range map[string][]string{
		"tenant_id":                        {"ARM_TENANT_ID", "AZURE_TENANT_ID"},
		"authority_host":                   {"ARM_ACTIVE_DIRECTORY_AUTHORITY_HOST", "AZURE_AUTHORITY_HOST"},
		"oidc_request_token":               {"ARM_OIDC_REQUEST_TOKEN", "ACTIONS_ID_TOKEN_REQUEST_TOKEN", "SYSTEM_ACCESSTOKEN"},
		"oidc_azure_service_connection_id": {"ARM_OIDC_AZURE_SERVICE_CONNECTION_ID", "ARM_ADO_PIPELINE_SERVICE_CONNECTION_ID"},
		"ca_certificate_path":              {"INTUNE_CA_CERTIFICATE_PATH"},
	} {
		if diff := cmp.Diff(want, variables[attribute]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", attribute, diff)
		}
	}
	seen := map[string]string{}
	for attribute, names := range variables {
		for _, name := range names {
			if other, ok := seen[name]; ok {
				t.Errorf("%s stands for %s and for %s", name, attribute, other)
			}
			seen[name] = attribute
		}
	}
	if len(variables) != 25 {
		t.Errorf("%d settings have variables, want 25", len(variables))
	}
}
