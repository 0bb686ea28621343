package provider

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/intunetf/terraform-provider-intune/internal/deviceid"
)

// shownRows bounds how many rows get a message of their own; all others are
// named in one.
const shownRows = 20

var identitiesPath = path.Root("identities")

// ValidateConfig checks every row, and the rows against each other.
func (r *importedDeviceIdentitiesResource) ValidateConfig(ctx context.Context, req resource.ValidateConfigRequest, resp *resource.ValidateConfigResponse) {
	var identityType types.String
	resp.Diagnostics.Append(req.Config.GetAttribute(ctx, path.Root("imported_device_identity_type"), &identityType)...)
	rows, err := rowsOf(req.Config.Raw)
	if err != nil {
		resp.Diagnostics.AddError("Invalid Identities", err.Error())
	}
	if resp.Diagnostics.HasError() || !rows.known || !slices.Contains(deviceid.TypeStrings(), identityType.ValueString()) {
		return
	}
	resp.Diagnostics.Append(validateRows(deviceid.Type(identityType.ValueString()), rows)...)
}

func validateRows(t deviceid.Type, rows fleetRows) diag.Diagnostics {
	var diags diag.Diagnostics
	var faulty, suspicious rowMessages
	spelled := make(map[string]string, len(rows.Rows))
	imeis := map[string]string{}
	for _, identifier := range slices.Sorted(maps.Keys(rows.Rows)) {
		if err := deviceid.Validate(t, identifier); err != nil {
			faulty.add(identifier, err.Error())
			continue
		}
		if n := utf8.RuneCountInString(rows.Rows[identifier]); n > maxDescription {
			faulty.add(identifier, fmt.Sprintf("The description of %q has %d characters, and at most %d are accepted. Shorten it.", identifier, n, maxDescription))
		}
		normal := deviceid.Normalize(t, identifier)
		if other, twice := spelled[normal]; twice {
			faulty.add(identifier, fmt.Sprintf("%q and %q are the same identifier to Intune (%s). Keep one of them.", other, identifier, normal))
		}
		spelled[normal] = identifier
		if warning := deviceid.Warning(t, identifier); warning != "" {
			suspicious.add(identifier, warning)
		}
		if t == deviceid.TypeIMEI && len(normal) >= 14 {
			if other, twin := imeis[normal[:14]]; twin && deviceid.Normalize(t, other) != normal {
				suspicious.add(identifier, fmt.Sprintf("%q and %q differ in the check digit only: they are probably the same device.", other, identifier))
			}
			imeis[normal[:14]] = identifier
		}
	}
	diags.Append(faulty.diagnostics(errorAbout, "Invalid Device Identifier", "faulty")...)
	diags.Append(suspicious.diagnostics(warningAbout, "Suspicious Device Identifier", "suspicious")...)
	return diags
}

// rowMessages gathers messages about rows.
type rowMessages struct{ rows, details []string }

func (m *rowMessages) add(identifier, detail string) {
	m.rows = append(m.rows, identifier)
	m.details = append(m.details, detail)
}

// diagnostics has one message for each of the first rows, at its line, and one
// that names all others. That one has no place: Terraform shows the whole of an
// attribute that a message is about, here thousands of lines.
func (m *rowMessages) diagnostics(about func(path.Path, string, string) diag.Diagnostic, summary, kind string) diag.Diagnostics {
	var all diag.Diagnostics
	for i, row := range m.rows[:min(len(m.rows), shownRows)] {
		all.Append(about(identitiesPath.AtMapKey(row), summary, m.details[i]))
	}
	if len(m.rows) > shownRows {
		rest := m.rows[shownRows:]
		all.Append(about(path.Empty(), summary, fmt.Sprintf("%s more rows are %s: %s.", grouped(len(rest)), kind, strings.Join(quoted(rest), ", "))))
	}
	return all
}

func errorAbout(at path.Path, summary, detail string) diag.Diagnostic {
	if at.Equal(path.Empty()) {
		return diag.NewErrorDiagnostic(summary, detail)
	}
	return diag.NewAttributeErrorDiagnostic(at, summary, detail)
}

func warningAbout(at path.Path, summary, detail string) diag.Diagnostic {
	if at.Equal(path.Empty()) {
		return diag.NewWarningDiagnostic(summary, detail)
	}
	return diag.NewAttributeWarningDiagnostic(at, summary, detail)
}

func quoted(all []string) []string {
	result := make([]string, len(all))
	for i, s := range all {
		result[i] = fmt.Sprintf("%q", s)
	}
	return result
}

// grouped writes 12345 as 12,345.
func grouped(n int) string {
	digits := fmt.Sprint(n)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}
