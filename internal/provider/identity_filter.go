package provider

import (
	"context"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/intunetf/terraform-provider-intune/internal/deviceid"
	"github.com/intunetf/terraform-provider-intune/internal/inventory"
)

// identityFilterModel are the filters that the data sources and the list
// resource share.
type identityFilterModel struct {
	ImportedDeviceIdentityType types.String
	Platform                   types.String
	EnrollmentState            types.String
	IdentifierContains         types.String
	NeverContacted             types.Bool
	LastContactedBefore        dateTimeValue
}

// attributeReader is the configuration of a data source, a list or an action.
type attributeReader interface {
	GetAttribute(ctx context.Context, path path.Path, target any) diag.Diagnostics
}

func filterFrom(ctx context.Context, config attributeReader) (identityFilterModel, diag.Diagnostics) {
	var m identityFilterModel
	diags := getAttributes(ctx, config, map[string]any{
		"imported_device_identity_type": &m.ImportedDeviceIdentityType,
		"platform":                      &m.Platform,
		"enrollment_state":              &m.EnrollmentState,
		"identifier_contains":           &m.IdentifierContains,
		"never_contacted":               &m.NeverContacted,
		"last_contacted_before":         &m.LastContactedBefore,
	})
	return m, diags
}

func getAttributes(ctx context.Context, config attributeReader, targets map[string]any) diag.Diagnostics {
	var diags diag.Diagnostics
	for name, target := range targets {
		diags.Append(config.GetAttribute(ctx, path.Root(name), target)...)
	}
	return diags
}

func (m identityFilterModel) toFilter() inventory.Filter {
	return inventory.Filter{
		Type:                m.ImportedDeviceIdentityType.ValueString(),
		Platform:            m.Platform.ValueString(),
		EnrollmentState:     m.EnrollmentState.ValueString(),
		IdentifierContains:  m.IdentifierContains.ValueString(),
		NeverContacted:      m.NeverContacted.ValueBoolPointer(),
		LastContactedBefore: m.LastContactedBefore.instantOrNil(),
	}
}

// contradiction is an error for filters that no identity passes. What is not
// known may come out as null; Terraform validates again when it is known.
func (m identityFilterModel) contradiction() diag.Diagnostics {
	var diags diag.Diagnostics
	if m.NeverContacted.IsUnknown() || m.LastContactedBefore.IsUnknown() {
		return diags
	}
	if m.NeverContacted.ValueBool() && !m.LastContactedBefore.IsNull() {
		diags.AddAttributeError(path.Root("never_contacted"), "Contradicting Filters",
			"never_contacted = true together with last_contacted_before matches nothing: an identifier that never had contact has no last contact. Remove one of the two; to have both kinds, read twice.")
	}
	return diags
}

// instantOrNil is nil for null and unknown.
func (v dateTimeValue) instantOrNil() *time.Time {
	if t, ok := v.instant(); ok {
		return &t
	}
	return nil
}

// What the filters do, wherever they are offered.
var (
	typeFilterText      = "Only identifiers of this type: " + markdownList(deviceid.TypeStrings()) + "."
	platformFilterText  = "Only identifiers of this platform: " + markdownList(readPlatforms()) + ". Live tenants were seen to answer `unknown` until a device enrols."
	stateFilterText     = "Only identifiers in this state: " + markdownList(enrollmentStates()) + "."
	containsFilterText  = "Only identifiers that contain this text, whatever the case. It is compared with the identifier as Intune stores it; punctuation that Intune strips may be written."
	contactedFilterText = "`true`: only identifiers that no device has contacted Intune with, freshly imported ones included. `false`: only the others."
	lastContactedText   = "Only identifiers whose device last contacted Intune before this instant, RFC 3339. Identifiers without any contact are not among them: see `never_contacted`."
	contradictionText   = "Cannot be combined with `never_contacted = true`."
)

// readPlatforms are the members that a tenant can answer.
func readPlatforms() []string { return append(platforms(), "unknownFutureValue") }

// shown lists some identifiers for people, and counts the rest.
func shown(identities []inventory.Identity) string {
	names := make([]string, len(identities))
	for i, identity := range identities {
		names[i] = identity.ImportedDeviceIdentifier
	}
	return shownNames(names)
}

// shownNames are the first of many identifiers, and how many more there are.
func shownNames(names []string) string {
	few := names[:min(len(names), shownRows)]
	text := strings.Join(quoted(few), ", ")
	if more := len(names) - len(few); more > 0 {
		text += " and " + grouped(more) + " more"
	}
	return text
}
