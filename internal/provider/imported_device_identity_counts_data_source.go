package provider

import (
	"context"
	"maps"
	"math/big"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/intunetf/terraform-provider-intune/internal/deviceid"
)

var (
	_ datasource.DataSourceWithConfigure      = (*importedDeviceIdentityCountsDataSource)(nil)
	_ datasource.DataSourceWithValidateConfig = (*importedDeviceIdentityCountsDataSource)(nil)
)

func newImportedDeviceIdentityCountsDataSource() datasource.DataSource {
	return &importedDeviceIdentityCountsDataSource{}
}

// importedDeviceIdentityCountsDataSource counts what the other one would list.
type importedDeviceIdentityCountsDataSource struct{ filteredDataSource }

func (d *importedDeviceIdentityCountsDataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_imported_device_identity_counts"
}

func (d *importedDeviceIdentityCountsDataSource) Schema(ctx context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	attributes := filterDataSourceAttributes()
	maps.Copy(attributes, map[string]schema.Attribute{
		"total": schema.Int64Attribute{Computed: true, MarkdownDescription: "How many identifiers pass all filters."},
		"by_type": schema.MapAttribute{
			Computed: true, ElementType: types.Int64Type,
			MarkdownDescription: "How many of them have each type. Every type of Graph is a key, with `0` where there is none.",
		},
		"by_enrollment_state": schema.MapAttribute{
			Computed: true, ElementType: types.Int64Type,
			MarkdownDescription: "How many of them are in each state. Every state of Graph is a key, with `0` where there is none.",
		},
		"by_platform": schema.MapAttribute{
			Computed: true, ElementType: types.Int64Type,
			MarkdownDescription: "How many of them have each platform. Every platform of Graph is a key, with `0` where there is none.",
		},
	})
	resp.Schema = schema.Schema{
		MarkdownDescription: "How many corporate device identifiers the tenant has, narrowed by filters: numbers for `check` blocks and outputs, without thousands of elements in the state.",
		Attributes:          attributes,
		Blocks:              map[string]schema.Block{"timeouts": readTimeoutBlock(ctx)},
	}
}

func (d *importedDeviceIdentityCountsDataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	identities, diags := d.list(ctx, req)
	resp.Diagnostics.Append(diags...)
	if resp.Diagnostics.HasError() {
		return
	}
	byType, byState, byPlatform := zeros(deviceid.TypeStrings()), zeros(enrollmentStates()), zeros(platforms())
	for _, identity := range identities {
		byType[identity.ImportedDeviceIdentityType]++
		byState[memberOf(identity.EnrollmentState)]++
		byPlatform[memberOf(identity.Platform)]++
	}
	setRaw(resp, map[string]tftypes.Value{
		"total":               number(len(identities)),
		"by_type":             numbers(byType),
		"by_enrollment_state": numbers(byState),
		"by_platform":         numbers(byPlatform),
	})
}

// memberOf counts a property that an answer omits as unknown.
func memberOf(member *string) string {
	if member == nil {
		return "unknown"
	}
	return *member
}

// zeros is a count for every member, so that a condition may name one that no
// identifier has.
func zeros(members []string) map[string]int {
	counts := map[string]int{}
	for _, member := range members {
		counts[member] = 0
	}
	return counts
}

func number(n int) tftypes.Value { return tftypes.NewValue(tftypes.Number, big.NewFloat(float64(n))) }

func numbers(counts map[string]int) tftypes.Value {
	elements := map[string]tftypes.Value{}
	for name, n := range counts {
		elements[name] = number(n)
	}
	return tftypes.NewValue(tftypes.Map{ElementType: tftypes.Number}, elements)
}
