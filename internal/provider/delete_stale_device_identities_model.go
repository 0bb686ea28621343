package provider

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/action/timeouts"
	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/action"
	"github.com/hashicorp/terraform-plugin-framework/action/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/intunetf/terraform-provider-intune/internal/deviceid"
	"github.com/intunetf/terraform-provider-intune/internal/inventory"
)

func (a *deleteStaleDeviceIdentitiesAction) Schema(ctx context.Context, _ action.SchemaRequest, resp *action.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Deletes corporate device identifiers of one type that no device has used, or none for a long time, whoever added them. " +
			"What a resource of the same run has created or adopted is left alone.",
		Attributes: map[string]schema.Attribute{
			"imported_device_identity_type": schema.StringAttribute{
				Required: true, MarkdownDescription: "Delete identifiers of this type: " + markdownList(deviceid.TypeStrings()) + ".",
				Validators: []validator.String{stringvalidator.OneOf(deviceid.TypeStrings()...)},
			},
			"never_contacted": schema.BoolAttribute{
				Optional: true, MarkdownDescription: "Whether to delete identifiers that no device has contacted Intune with. Needs `created_before`, because one that was imported a minute ago has no contact either.",
			},
			"last_contacted_before": schema.StringAttribute{
				CustomType: dateTimeType{}, Optional: true,
				MarkdownDescription: "Delete identifiers whose device last contacted Intune before this instant, RFC 3339. Together with `never_contacted = true` either is enough. An instant in the future is an error.",
			},
			"created_before": schema.StringAttribute{
				CustomType: dateTimeType{}, Optional: true,
				MarkdownDescription: "Delete only identifiers that were added before this instant, RFC 3339. Required with `never_contacted = true`. An instant in the future is an error.",
			},
			"platform": schema.StringAttribute{
				Optional: true, MarkdownDescription: platformFilterText, Validators: []validator.String{stringvalidator.OneOf(readPlatforms()...)},
			},
			"enrollment_state": schema.StringAttribute{
				Optional: true, MarkdownDescription: stateFilterText, Validators: []validator.String{stringvalidator.OneOf(enrollmentStates()...)},
			},
			"identifier_contains": schema.StringAttribute{
				Optional: true, MarkdownDescription: containsFilterText, Validators: []validator.String{stringvalidator.LengthAtLeast(1)},
			},
			"max_deletions": schema.Int64Attribute{
				Required:            true,
				MarkdownDescription: "The most identifiers that may be deleted. When more are stale, nothing is deleted and the action fails; a dry run warns.",
				Validators:          []validator.Int64{int64validator.AtLeast(1)},
			},
			"dry_run": schema.BoolAttribute{
				Optional: true, MarkdownDescription: "Whether to report what would be deleted and delete nothing. Default `false`.",
			},
		},
		Blocks: map[string]schema.Block{
			"timeouts": timeouts.BlockWithOpts(ctx, timeouts.Opts{
				InvokeDescription: "How long the deletions may take, until they are confirmed; default `30m`, or twice what the write limit imposes where that is more.",
			}),
		},
	}
}

// staleModel is the configuration of the action.
type staleModel struct {
	filter        identityFilterModel
	createdBefore dateTimeValue
	maxDeletions  types.Int64
	dryRun        types.Bool
	timeouts      timeouts.Value
}

func staleFrom(ctx context.Context, config attributeReader) (staleModel, diag.Diagnostics) {
	var m staleModel
	filter, diags := filterFrom(ctx, config)
	m.filter = filter
	diags.Append(getAttributes(ctx, config, map[string]any{
		"created_before": &m.createdBefore, "max_deletions": &m.maxDeletions, "dry_run": &m.dryRun, "timeouts": &m.timeouts,
	})...)
	return m, diags
}

// check refuses a configuration without a bound; what is not known yet counts as
// one until it is known.
func (m staleModel) check() diag.Diagnostics {
	var diags diag.Diagnostics
	never := m.filter.NeverContacted
	if !never.IsUnknown() && !never.ValueBool() && m.filter.LastContactedBefore.IsNull() {
		diags.AddError("Missing Bound",
			"Say what stale means: set never_contacted = true with created_before, or last_contacted_before, or all of them. Without a bound the action would delete every identifier of the type.")
	}
	if never.ValueBool() && m.createdBefore.IsNull() {
		diags.AddAttributeError(path.Root("created_before"), "Missing Bound",
			"never_contacted = true needs created_before: an identifier that was imported a minute ago has never been contacted either, and its device may enrol tomorrow.")
	}
	return diags
}

func (m staleModel) toStale() inventory.Stale {
	filter := m.filter.toFilter()
	// Both bounds together mean either, which a filter cannot say.
	filter.NeverContacted, filter.LastContactedBefore = nil, nil
	filter.CreatedBefore = m.createdBefore.instantOrNil()
	return inventory.Stale{
		Filter:              filter,
		NeverContacted:      m.filter.NeverContacted.ValueBool(),
		LastContactedBefore: m.filter.LastContactedBefore.instantOrNil(),
	}
}

// limit refuses more deletions than the configuration allows.
func (m staleModel) limit(stale int) diag.Diagnostics {
	if int64(stale) <= m.maxDeletions.ValueInt64() {
		return nil
	}
	summary, detail := "Too Many Stale Device Identifiers", fmt.Sprintf(
		"%s are stale, and max_deletions allows %s. Nothing was deleted. Look at them with the data source intune_imported_device_identities; then raise max_deletions or narrow the bounds.",
		capitalise(m.counted(stale)), grouped(int(m.maxDeletions.ValueInt64())))
	at := path.Root("max_deletions")
	if m.dryRun.ValueBool() {
		return diag.Diagnostics{diag.NewAttributeWarningDiagnostic(at, summary, detail)}
	}
	return diag.Diagnostics{diag.NewAttributeErrorDiagnostic(at, summary, detail)}
}

func (m staleModel) counted(n int) string {
	plural := "s"
	if n == 1 {
		plural = ""
	}
	return fmt.Sprintf("%s identifier%s of type %s", grouped(n), plural, m.filter.ImportedDeviceIdentityType.ValueString())
}

// describeStale turns a failed deletion into a diagnostic that names what is
// still there.
func (d *providerData) describeStale(ctx context.Context, err error) diag.Diagnostics {
	var future *inventory.FutureBoundError
	var partial *inventory.PartialError
	switch {
	case errors.As(err, &future):
		return diag.Diagnostics{diag.NewErrorDiagnostic("Bound In The Future", fmt.Sprintf(
			"The bound %s. It would select identifiers that are in use. Nothing was deleted.", strings.TrimSuffix(future.Error(), ".")))}
	case errors.As(err, &partial):
		failed := partial.Total - partial.Done
		var b strings.Builder
		fmt.Fprintf(&b, "%s of %s stale identifiers are gone; %s are not.", grouped(partial.Done), grouped(partial.Total), grouped(failed))
		if partial.Err != nil {
			b.WriteString(" It stopped because: " + sentence(partial.Err.Error()))
		}
		b.WriteString(failureDetail(partial.Failures))
		b.WriteString("\n\nInvoke the action again to do the rest.")
		return diag.Diagnostics{diag.NewErrorDiagnostic("Cannot Delete Stale Device Identifiers", paragraphs(b.String(), d.advice(ctx, err), supportText(err)))}
	default:
		return d.describeList(ctx, err)
	}
}
