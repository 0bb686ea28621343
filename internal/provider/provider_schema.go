package provider

import (
	"context"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"

	"github.com/intunetf/terraform-provider-intune/internal/credential"
	"github.com/intunetf/terraform-provider-intune/internal/inventory"
)

func (p *intuneProvider) Schema(_ context.Context, _ provider.SchemaRequest, resp *provider.SchemaResponse) {
	attributes := map[string]schema.Attribute{}
	for _, s := range settings() {
		attributes[s.name] = s.attribute()
	}
	resp.Schema = schema.Schema{
		MarkdownDescription: "Manages corporate device identifiers of Microsoft Intune through Microsoft Graph. " +
			"Every setting can come from the environment; the configuration wins, and an empty string counts as unset.",
		Attributes: attributes,
	}
}

type settingKind int

const (
	textSetting settingKind = iota
	secretSetting
	boolSetting
	numberSetting
)

// setting is one attribute of the provider block.
type setting struct {
	name        string
	kind        settingKind
	description string
}

func (s setting) attribute() schema.Attribute {
	description := s.description
	if variables := variablesOf(s.name); len(variables) > 0 {
		description += " Environment: `" + strings.Join(variables, "`, `") + "`."
	}
	switch s.kind {
	case boolSetting:
		return schema.BoolAttribute{Optional: true, MarkdownDescription: description}
	case numberSetting:
		return schema.Int64Attribute{Optional: true, MarkdownDescription: description, Validators: []validator.Int64{int64validator.AtLeast(1)}}
	default:
		return schema.StringAttribute{Optional: true, MarkdownDescription: description, Sensitive: s.kind == secretSetting}
	}
}

// variablesOf are the environment variables that stand in for a setting, the
// first that is set winning.
func variablesOf(name string) []string {
	switch name {
	case "create_method":
		return []string{"INTUNE_CREATE_METHOD"}
	case "request_limit":
		return []string{"INTUNE_REQUEST_LIMIT"}
	case "write_limit":
		return []string{"INTUNE_WRITE_LIMIT"}
	default:
		return credential.EnvironmentVariables()[name]
	}
}

// settings is the provider block, attribute by attribute.
func settings() []setting {
	return []setting{
		{"environment", textSetting, "The cloud: " + markdownList(credential.EnvironmentNames()) + ". `public` is another name of `global` (the default), `usgovernmentl4` of `usgovernment`, and `dod` of `usgovernmentl5`. GCC tenants use `global`."},
		{"graph_endpoint", textSetting, "The Graph root URL (https), with `environment = \"custom\"` only. The token scope is `<graph_endpoint>/.default`."},
		{"authority_host", textSetting, "The Entra authority (https), with `environment = \"custom\"` only."},
		{"disable_instance_discovery", boolSetting, "Whether to skip Entra's check of the authority, which private endpoints and air-gapped clouds cannot answer."},
		{"ca_certificate_path", textSetting, "A PEM file with certificate authorities that are trusted beside the system's, for proxies that inspect TLS and for private endpoints."},
		{"tenant_id", textSetting, "The Entra tenant, as an id or a domain name."},
		{"client_id", textSetting, "The application (client) id of the app registration, or of a user-assigned managed identity."},
		{"client_id_file_path", textSetting, "A file that holds the client id."},
		{"client_secret", secretSetting, "The client secret."},
		{"client_secret_file_path", textSetting, "A file that holds the client secret."},
		{"client_certificate", secretSetting, "The client certificate with its private key, as base64 of a PFX (PKCS#12) or as PEM text."},
		{"client_certificate_path", textSetting, "A file with the client certificate and its private key, PFX or PEM."},
		{"client_certificate_password", secretSetting, "The password of the client certificate."},
		{"use_oidc", boolSetting, "Whether to sign in with a federated token (OpenID Connect)."},
		{"oidc_token", secretSetting, "The federated token."},
		{"oidc_token_file_path", textSetting, "A file that holds the federated token; it is read again for every access token."},
		{"oidc_request_token", secretSetting, "The bearer token with which a federated token is asked for, in GitHub Actions and Azure DevOps."},
		{"oidc_request_url", textSetting, "The URL at which a federated token is asked for, in GitHub Actions and Azure DevOps."},
		{"oidc_azure_service_connection_id", textSetting, "The id of the Azure DevOps service connection."},
		{"use_aks_workload_identity", boolSetting, "Whether to sign in with the workload identity of an AKS pod (token file in `AZURE_FEDERATED_TOKEN_FILE`)."},
		{"use_msi", boolSetting, "Whether to sign in with a managed identity."},
		{"use_cli", boolSetting, "Whether to sign in with the Azure CLI when nothing else is configured; default `true`. A user's CLI login has no Intune permission; a service principal's has those of its app."},
		{"use_azd", boolSetting, "Whether to sign in with the Azure Developer CLI."},
		{"use_powershell", boolSetting, "Whether to sign in with Azure PowerShell."},
		{"create_method", textSetting, "How identities are created, " + markdownList(inventory.CreateMethods()) + ": `auto` (the default) tries the documented create and uses the import action where the tenant refuses it; `create` and `import` use one of the two only. The fleet, `intune_imported_device_identities`, always uses the import action. See the guide *How identifiers are created*."},
		{"request_limit", numberSetting, "The most requests in 20 seconds; default 1000, what Microsoft documents for Intune's enrolment resources, per app and tenant."},
		{"write_limit", numberSetting, "The most writing requests in 20 seconds; default 100, what Microsoft documents for Intune's enrolment resources, per app and tenant."},
	}
}

// markdownList is `a`, `b` or `c`.
func markdownList(words []string) string {
	quoted := make([]string, len(words))
	for i, word := range words {
		quoted[i] = "`" + word + "`"
	}
	return joinWords(quoted)
}

// joinWords is a, b or c.
func joinWords(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " or " + words[len(words)-1]
}
