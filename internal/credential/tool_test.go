//go:build !windows

package credential_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/intunetf/terraform-provider-intune/internal/credential"
)

// fakeTool puts a shell script of that name on an otherwise empty PATH.
func fakeTool(t *testing.T, name, script string) string {
	t.Helper()
	directory := t.TempDir()
	if name != "" {
		path := filepath.Join(directory, name)
		if err := os.WriteFile(path, []byte("#!/bin/sh\n"+script), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", directory)
	return directory
}

//nolint:paralleltest // the PATH belongs to the process
func TestGetToken_AzureCLI_IsRunOnce(t *testing.T) {
	directory := fakeTool(t, "az", `echo "$@" >> "${0%/*}/calls"
echo '{"accessToken":"from-az","expires_on":4102444800}'`)
	cred, cloud := open(t, credential.Settings{TenantID: tenantID, UseCLI: true})
	for range 3 {
		token, err := getToken(t.Context(), cred, cloud)
		if err != nil || token.Token != "from-az" {
			t.Fatalf("GetToken = %q, %v", token.Token, err)
		}
	}
	calls, err := os.ReadFile(filepath.Join(directory, "calls"))
	if err != nil {
		t.Fatal(err)
	}
	if want := "account get-access-token -o json --resource https://graph.microsoft.com --tenant " + tenantID + "\n"; string(calls) != want {
		t.Errorf("az was called with %q, want once %q", calls, want)
	}
}

//nolint:paralleltest // the PATH belongs to the process
func TestGetToken_AzureDeveloperCLI(t *testing.T) {
	fakeTool(t, "azd", `echo '{"token":"from-azd","expiresOn":"2100-01-01T00:00:00Z"}'`)
	cred, cloud := open(t, credential.Settings{UseAzd: true})
	if token, err := getToken(t.Context(), cred, cloud); err != nil || token.Token != "from-azd" {
		t.Errorf("GetToken = %q, %v", token.Token, err)
	}
}

//nolint:paralleltest // the PATH belongs to the process
func TestGetToken_AzurePowerShell(t *testing.T) {
	fakeTool(t, "pwsh", `echo '{"Token":"from-pwsh","ExpiresOn":4102444800}'`)
	cred, cloud := open(t, credential.Settings{UsePowerShell: true})
	if token, err := getToken(t.Context(), cred, cloud); err != nil || token.Token != "from-pwsh" {
		t.Errorf("GetToken = %q, %v", token.Token, err)
	}
}

//nolint:paralleltest // the PATH belongs to the process
func TestExplain_Tools(t *testing.T) {
	const fail = " >&2; exit 1"
	tests := map[string]struct {
		tool, script  string
		settings      credential.Settings
		summary, want string
	}{
		"az not installed": {
			"", "",
			credential.Settings{UseCLI: true},
			"Azure CLI Not Found",
			"The Azure CLI was to give the token, and \"az\" is not on the PATH. It was asked because no other authentication method is configured. " +
				"In a pipeline, set `use_oidc`, or `client_id` with a secret or a certificate.",
		},
		"az not logged in": {
			"az", "echo \"ERROR: Please run 'az login' to setup account.\"" + fail,
			credential.Settings{UseCLI: true},
			"Azure CLI Login Needed",
			"Authentication method: Azure CLI, authority: https://login.microsoftonline.com\nThe tool answered: ERROR: Please run 'az login' to setup account.",
		},
		"az expired": {
			"az", "echo 'ERROR: AADSTS70043: The refresh token has expired.'" + fail,
			credential.Settings{UseCLI: true},
			"Login Expired",
			"The login of the command line tool has expired. Log in again.",
		},
		"az repeats a token": {
			"az", "echo 'ERROR: bad eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.c2ln'" + fail,
			credential.Settings{UseCLI: true},
			"Azure CLI Login Needed",
			"The tool answered: ERROR: bad (redacted token)",
		},
		"az with OIDC settings around": {
			"", "",
			credential.Settings{UseCLI: true, OIDCRequestURL: "https://x"},
			"Azure CLI Not Found",
			"There are OIDC settings: to use them, set `use_oidc` (environment: ARM_USE_OIDC) to true.",
		},
		"az in an AKS pod": {
			"", "",
			credential.Settings{UseCLI: true, FederatedTokenFile: "/x"},
			"Azure CLI Not Found",
			"There is a federated token file: to use it, set `use_aks_workload_identity`",
		},
		"az with a client id": {
			"", "",
			credential.Settings{UseCLI: true, ClientID: clientID},
			"Azure CLI Not Found",
			"There is a client id: to sign in as this application, add `client_secret`",
		},
		"azd not logged in": {
			"azd", `echo '{"error":"not logged in, run azd auth login"}'` + fail,
			credential.Settings{UseAzd: true},
			"Azure Developer CLI Login Needed",
			"Setting to look at: `use_azd` (environment: ARM_USE_AZD).",
		},
		"PowerShell without module": {
			"pwsh", "echo 'x Az.Accounts module not found y'" + fail,
			credential.Settings{UsePowerShell: true},
			"Az.Accounts Module Not Found",
			"Run `Install-Module Az.Accounts`.",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			fakeTool(t, tt.tool, tt.script)
			cred, cloud := open(t, tt.settings)
			_, err := getToken(t.Context(), cred, cloud)
			if err == nil {
				t.Fatal("want an error")
			}
			summary, detail := credential.Explain(err, cred, cloud)
			if summary != "Unable to Get Access Token: "+tt.summary || !strings.Contains(detail, tt.want) {
				t.Errorf("Explain =\n%s\n%s\nwant %q and\n%s", summary, detail, tt.summary, tt.want)
			}
			for _, unwanted := range []string{"aka.ms", "Credential:", "----"} {
				if strings.Contains(detail, unwanted) {
					t.Errorf("detail contains %q:\n%s", unwanted, detail)
				}
			}
		})
	}
}
