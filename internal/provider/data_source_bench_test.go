package provider

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/providerserver"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/intunetf/terraform-provider-intune/internal/graphsim"
	"github.com/intunetf/terraform-provider-intune/internal/inventory"
)

// connected is the provider with a tenant in process, so that a benchmark
// measures neither TLS nor a sign-in.
type connected struct {
	intuneProvider
	data *providerData
}

func (p *connected) Configure(_ context.Context, _ provider.ConfigureRequest, resp *provider.ConfigureResponse) {
	resp.ResourceData, resp.DataSourceData, resp.ListResourceData, resp.ActionData = p.data, p.data, p.data, p.data
}

type constantToken string

func (c constantToken) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	return azcore.AccessToken{Token: string(c), ExpiresOn: time.Now().Add(time.Hour)}, nil
}

// newConnected serves a provider whose tenant holds n identities.
func newConnected(b *testing.B, n int) (tfprotov6.ProviderServer, *tfprotov6.GetProviderSchemaResponse) {
	b.Helper()
	seed := make([]graphsim.Identity, n)
	for i := range seed {
		seed[i] = graphsim.Identity{ImportedDeviceIdentityType: "serialNumber", ImportedDeviceIdentifier: fmt.Sprintf("SERIAL%06d", i), Description: fmt.Sprintf("Device %d", i)}
	}
	sim, err := graphsim.New(graphsim.Options{Profile: graphsim.ProfileField, Seed: seed})
	if err != nil {
		b.Fatal(err)
	}
	const endpoint = "https://graph.microsoft.com"
	options := inventory.Options{}
	options.Endpoint, options.Scope, options.Transport, options.Credential = endpoint, endpoint+"/.default", sim, constantToken(sim.Token())
	p := &connected{data: &providerData{}}
	if p.data.inventory, err = inventory.Open(options); err != nil {
		b.Fatal(err)
	}
	server, err := providerserver.NewProtocol6WithError(p)()
	if err != nil {
		b.Fatal(err)
	}
	schemas, err := server.GetProviderSchema(b.Context(), &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		b.Fatal(err)
	}
	if _, err := server.ConfigureProvider(b.Context(), &tfprotov6.ConfigureProviderRequest{Config: emptyConfig(b, schemas.Provider)}); err != nil {
		b.Fatal(err)
	}
	return server, schemas
}

func emptyConfig(b *testing.B, schema *tfprotov6.Schema) *tfprotov6.DynamicValue {
	b.Helper()
	object, ok := schema.ValueType().(tftypes.Object)
	if !ok {
		b.Fatalf("the schema is a %T", schema.ValueType())
	}
	values := map[string]tftypes.Value{}
	for name, attributeType := range object.AttributeTypes {
		values[name] = tftypes.NewValue(attributeType, nil)
	}
	config, err := tfprotov6.NewDynamicValue(object, tftypes.NewValue(object, values))
	if err != nil {
		b.Fatal(err)
	}
	return &config
}

// BenchmarkDataSource_Identities shows that the cost of a result is linear: 16
// times the identities must not take much more than 16 times as long. The list
// is read from the tenant once and shared from then on.
func BenchmarkDataSource_Identities(b *testing.B) {
	for _, typeName := range []string{"intune_imported_device_identities", "intune_imported_device_identity_counts"} {
		for _, n := range []int{1_000, 4_000, 16_000} {
			b.Run(fmt.Sprintf("%s/n=%d", typeName, n), func(b *testing.B) {
				server, schemas := newConnected(b, n)
				request := &tfprotov6.ReadDataSourceRequest{TypeName: typeName, Config: emptyConfig(b, schemas.DataSourceSchemas[typeName])}
				for b.Loop() {
					resp, err := server.ReadDataSource(b.Context(), request)
					if err != nil || len(resp.Diagnostics) > 0 {
						b.Fatal(err, texts(resp.Diagnostics))
					}
				}
			})
		}
	}
}

// BenchmarkListResource_Identities streams the tenant for "terraform query".
func BenchmarkListResource_Identities(b *testing.B) {
	for _, n := range []int{1_000, 4_000, 16_000} {
		b.Run(fmt.Sprintf("n=%d", n), func(b *testing.B) {
			server, schemas := newConnected(b, n)
			lister, ok := server.(tfprotov6.ListResourceServer)
			if !ok {
				b.Fatal("no list resources")
			}
			request := &tfprotov6.ListResourceRequest{TypeName: resourceType, Config: emptyConfig(b, schemas.ListResourceSchemas[resourceType]), IncludeResource: true}
			for b.Loop() {
				stream, err := lister.ListResource(b.Context(), request)
				if err != nil {
					b.Fatal(err)
				}
				results := 0
				for result := range stream.Results {
					if len(result.Diagnostics) > 0 {
						b.Fatal(texts(result.Diagnostics))
					}
					results++
				}
				if results != n {
					b.Fatalf("%d results", results)
				}
			}
		})
	}
}
