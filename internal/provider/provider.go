// Package provider is the Terraform provider intune: schema, plan logic, state
// mapping and diagnostics. It is the only importer of terraform-plugin-framework
// and knows neither HTTP nor Graph's wire format.
package provider

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/action"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/list"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/resource"
)

// Address is where the provider is to be published; nothing is published yet.
const Address = "registry.terraform.io/intunetf/intune"

var (
	_ provider.Provider                  = (*intuneProvider)(nil)
	_ provider.ProviderWithFunctions     = (*intuneProvider)(nil)
	_ provider.ProviderWithListResources = (*intuneProvider)(nil)
	_ provider.ProviderWithActions       = (*intuneProvider)(nil)
)

// New returns what Terraform's plugin server calls for a provider. The version
// is "dev" for a local build and the release's for a release.
func New(version string) func() provider.Provider {
	return func() provider.Provider { return &intuneProvider{version: version} }
}

type intuneProvider struct{ version string }

func (p *intuneProvider) Metadata(_ context.Context, _ provider.MetadataRequest, resp *provider.MetadataResponse) {
	resp.TypeName = "intune"
	resp.Version = p.version
}

func (p *intuneProvider) Resources(context.Context) []func() resource.Resource {
	return []func() resource.Resource{newImportedDeviceIdentityResource, newImportedDeviceIdentitiesResource}
}

func (p *intuneProvider) DataSources(context.Context) []func() datasource.DataSource {
	return []func() datasource.DataSource{
		newImportedDeviceIdentityDataSource,
		newImportedDeviceIdentitiesDataSource,
		newImportedDeviceIdentityCountsDataSource,
	}
}

// ListResources are for "terraform query" of Terraform 1.14 and later; earlier
// ones do not ask for them.
func (p *intuneProvider) ListResources(context.Context) []func() list.ListResource {
	return []func() list.ListResource{newImportedDeviceIdentityListResource}
}

// Actions are for Terraform 1.14 and later, too.
func (p *intuneProvider) Actions(context.Context) []func() action.Action {
	return []func() action.Action{newDeleteStaleDeviceIdentitiesAction}
}
