// Package credential turns settings into one credential for Microsoft Graph:
// it picks the cloud, the HTTP client and the authentication method, gets
// tokens through azidentity, and explains in plain words why a token was not
// to be had.
//
// It does not know Terraform. Its settings carry the names that the provider
// gives them, so that an error can name the one that is at fault.
package credential

import "slices"

// Settings is everything that decides about cloud, transport and
// authentication. An empty string means that the setting is not given; values
// are used as they are, environment variables are not read here (see
// [EnvironmentVariables]).
type Settings struct {
	Environment              string // one of [EnvironmentNames]; "" is global
	GraphEndpoint            string // root URL, https, with environment custom
	AuthorityHost            string // root URL, https, with environment custom
	DisableInstanceDiscovery bool
	CACertificatePath        string // PEM file, added to the system's roots

	TenantID         string
	ClientID         string
	ClientIDFilePath string

	ClientSecret              string
	ClientSecretFilePath      string
	ClientCertificate         string // base64 of PKCS#12, or PEM
	ClientCertificatePath     string // PFX or PEM file
	ClientCertificatePassword string

	UseOIDC                      bool
	OIDCToken                    string
	OIDCTokenFilePath            string
	OIDCRequestToken             string
	OIDCRequestURL               string
	OIDCAzureServiceConnectionID string

	UseAKSWorkloadIdentity bool
	FederatedTokenFile     string // AZURE_FEDERATED_TOKEN_FILE, no attribute of its own
	UseMSI                 bool
	UseCLI                 bool
	UseAzd                 bool
	UsePowerShell          bool
}

// String keeps secrets out of logs whatever the format verb.
func (Settings) String() string { return "credential.Settings{redacted}" }

// GoString does the same for %#v.
func (s Settings) GoString() string { return s.String() }

// FederatedTokenFileKey is the key of [EnvironmentVariables] for the one setting
// that is no attribute: AKS injects it as a variable and nobody writes it.
const FederatedTokenFileKey = "federated_token_file"

// EnvironmentVariables returns, for every setting, the environment variables
// that stand in for it, the first that is set and not empty winning. The keys
// are the attribute names of the provider, and [FederatedTokenFileKey].
func EnvironmentVariables() map[string][]string {
	return map[string][]string{
		"environment":                      {"ARM_ENVIRONMENT"},
		"graph_endpoint":                   {"ARM_MSGRAPH_ENDPOINT"},
		"authority_host":                   {"ARM_ACTIVE_DIRECTORY_AUTHORITY_HOST", "AZURE_AUTHORITY_HOST"},
		"disable_instance_discovery":       {"ARM_DISABLE_INSTANCE_DISCOVERY"},
		"ca_certificate_path":              {"INTUNE_CA_CERTIFICATE_PATH"},
		"tenant_id":                        {"ARM_TENANT_ID", "AZURE_TENANT_ID"},
		"client_id":                        {"ARM_CLIENT_ID", "AZURE_CLIENT_ID"},
		"client_id_file_path":              {"ARM_CLIENT_ID_FILE_PATH"},
		"client_secret":                    {"ARM_CLIENT_SECRET"},
		"client_secret_file_path":          {"ARM_CLIENT_SECRET_FILE_PATH"},
		"client_certificate":               {"ARM_CLIENT_CERTIFICATE"},
		"client_certificate_path":          {"ARM_CLIENT_CERTIFICATE_PATH"},
		"client_certificate_password":      {"ARM_CLIENT_CERTIFICATE_PASSWORD"},
		"use_oidc":                         {"ARM_USE_OIDC"},
		"oidc_token":                       {"ARM_OIDC_TOKEN"},
		"oidc_token_file_path":             {"ARM_OIDC_TOKEN_FILE_PATH"},
		"oidc_request_token":               {"ARM_OIDC_REQUEST_TOKEN", "ACTIONS_ID_TOKEN_REQUEST_TOKEN", "SYSTEM_ACCESSTOKEN"},
		"oidc_request_url":                 {"ARM_OIDC_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_URL", "SYSTEM_OIDCREQUESTURI"},
		"oidc_azure_service_connection_id": {"ARM_OIDC_AZURE_SERVICE_CONNECTION_ID", "ARM_ADO_PIPELINE_SERVICE_CONNECTION_ID"},
		"use_aks_workload_identity":        {"ARM_USE_AKS_WORKLOAD_IDENTITY"},
		FederatedTokenFileKey:              {"AZURE_FEDERATED_TOKEN_FILE"},
		"use_msi":                          {"ARM_USE_MSI"},
		"use_cli":                          {"ARM_USE_CLI"},
		"use_azd":                          {"ARM_USE_AZD"},
		"use_powershell":                   {"ARM_USE_POWERSHELL"},
	}
}

// secrets returns the values that no message may ever contain.
func (s Settings) secrets() []string {
	return slices.DeleteFunc([]string{
		s.ClientSecret, s.ClientCertificate, s.ClientCertificatePassword, s.OIDCToken, s.OIDCRequestToken,
	}, func(secret string) bool { return secret == "" })
}
