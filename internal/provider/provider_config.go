package provider

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/intunetf/terraform-provider-intune/internal/credential"
	"github.com/intunetf/terraform-provider-intune/internal/inventory"
)

// Intune's documented limits per app and tenant in 20 seconds.
const (
	defaultRequestLimit = 1000
	defaultWriteLimit   = 100
)

// providerConfig is the provider block after the environment filled its gaps.
type providerConfig struct {
	credential   credential.Settings
	createMethod inventory.CreateMethod
	requestLimit int
	writeLimit   int
	// unknown are the attributes that Terraform does not know yet.
	unknown []string
}

// resolveConfig reads the provider block. The configuration wins over the
// environment, and an empty string counts as unset in both.
func resolveConfig(ctx context.Context, config tfsdk.Config, getenv func(string) string) (providerConfig, diag.Diagnostics) {
	r := &configReader{config: config, getenv: getenv}
	resolved := providerConfig{
		credential: credential.Settings{
			Environment:                  r.text(ctx, "environment"),
			GraphEndpoint:                r.text(ctx, "graph_endpoint"),
			AuthorityHost:                r.text(ctx, "authority_host"),
			DisableInstanceDiscovery:     r.boolean(ctx, "disable_instance_discovery", false),
			CACertificatePath:            r.text(ctx, "ca_certificate_path"),
			TenantID:                     r.text(ctx, "tenant_id"),
			ClientID:                     r.text(ctx, "client_id"),
			ClientIDFilePath:             r.text(ctx, "client_id_file_path"),
			ClientSecret:                 r.text(ctx, "client_secret"),
			ClientSecretFilePath:         r.text(ctx, "client_secret_file_path"),
			ClientCertificate:            r.text(ctx, "client_certificate"),
			ClientCertificatePath:        r.text(ctx, "client_certificate_path"),
			ClientCertificatePassword:    r.text(ctx, "client_certificate_password"),
			UseOIDC:                      r.boolean(ctx, "use_oidc", false),
			OIDCToken:                    r.text(ctx, "oidc_token"),
			OIDCTokenFilePath:            r.text(ctx, "oidc_token_file_path"),
			OIDCRequestToken:             r.text(ctx, "oidc_request_token"),
			OIDCRequestURL:               r.text(ctx, "oidc_request_url"),
			OIDCAzureServiceConnectionID: r.text(ctx, "oidc_azure_service_connection_id"),
			UseAKSWorkloadIdentity:       r.boolean(ctx, "use_aks_workload_identity", false),
			FederatedTokenFile:           r.variable(credential.FederatedTokenFileKey),
			UseMSI:                       r.boolean(ctx, "use_msi", false),
			UseCLI:                       r.boolean(ctx, "use_cli", true),
			UseAzd:                       r.boolean(ctx, "use_azd", false),
			UsePowerShell:                r.boolean(ctx, "use_powershell", false),
		},
		createMethod: r.createMethod(ctx),
		requestLimit: r.number(ctx, "request_limit", defaultRequestLimit),
		writeLimit:   r.number(ctx, "write_limit", defaultWriteLimit),
	}
	resolved.unknown = r.unknown
	return resolved, r.diags
}

// configReader reads one attribute after another and gathers what is wrong.
type configReader struct {
	config  tfsdk.Config
	getenv  func(string) string
	diags   diag.Diagnostics
	unknown []string
}

// variable is the first environment variable of a setting that is not empty.
func (r *configReader) variable(name string) string {
	for _, variable := range variablesOf(name) {
		if value := r.getenv(variable); value != "" {
			return value
		}
	}
	return ""
}

func (r *configReader) text(ctx context.Context, name string) string {
	var value types.String
	r.diags.Append(r.config.GetAttribute(ctx, path.Root(name), &value)...)
	if value.IsUnknown() {
		r.unknown = append(r.unknown, name)
		return ""
	}
	if value.ValueString() != "" {
		return value.ValueString()
	}
	return r.variable(name)
}

func (r *configReader) boolean(ctx context.Context, name string, otherwise bool) bool {
	var value types.Bool
	r.diags.Append(r.config.GetAttribute(ctx, path.Root(name), &value)...)
	if value.IsUnknown() {
		r.unknown = append(r.unknown, name)
		return otherwise
	}
	if !value.IsNull() {
		return value.ValueBool()
	}
	text := r.variable(name)
	if text == "" {
		return otherwise
	}
	parsed, err := strconv.ParseBool(text)
	if err != nil {
		r.invalidVariable(name, text, "true or false")
		return otherwise
	}
	return parsed
}

func (r *configReader) number(ctx context.Context, name string, otherwise int) int {
	var value types.Int64
	r.diags.Append(r.config.GetAttribute(ctx, path.Root(name), &value)...)
	if value.IsUnknown() {
		r.unknown = append(r.unknown, name)
		return otherwise
	}
	if !value.IsNull() {
		return int(value.ValueInt64())
	}
	text := r.variable(name)
	if text == "" {
		return otherwise
	}
	parsed, err := strconv.Atoi(text)
	if err != nil || parsed < 1 {
		r.invalidVariable(name, text, "a whole number of at least 1")
		return otherwise
	}
	return parsed
}

func (r *configReader) createMethod(ctx context.Context) inventory.CreateMethod {
	const name = "create_method"
	value := r.text(ctx, name)
	if value != "" && !slices.Contains(inventory.CreateMethods(), value) {
		r.diags.AddAttributeError(path.Root(name), "Invalid Create Method",
			fmt.Sprintf("%q is no create method. Write %s in create_method, or in the environment variable %s.", value, joinWords(inventory.CreateMethods()), variablesOf(name)[0]))
	}
	return inventory.CreateMethod(value)
}

// invalidVariable quotes the value: no boolean or numeric setting is a secret.
func (r *configReader) invalidVariable(name, value, want string) {
	r.diags.AddAttributeError(path.Root(name), "Invalid Environment Variable",
		fmt.Sprintf("%s is taken from the environment (%s), where it is %q. Write %s.", name, joinWords(variablesOf(name)), value, want))
}
