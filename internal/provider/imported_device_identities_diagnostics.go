package provider

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/intunetf/terraform-provider-intune/internal/deviceid"
	"github.com/intunetf/terraform-provider-intune/internal/inventory"
)

// describeFleet turns a failed operation on a fleet into a diagnostic.
func (d *providerData) describeFleet(ctx context.Context, verb string, t deviceid.Type, err error) diag.Diagnostics {
	var diags diag.Diagnostics
	var conflict *inventory.ConflictError
	var malformed *inventory.MalformedError
	var disputed *inventory.DisputedError
	var partial *inventory.PartialError
	title := "Cannot " + capitalise(verb) + " Device Identifiers"
	tried := fmt.Sprintf("Terraform tried to %s corporate device identifiers of type %s.", verb, t)
	switch {
	case errors.As(err, &conflict):
		diags.AddError("Device Identifiers Exist Already", conflictDetail(conflict.Rows))
	case errors.As(err, &malformed):
		for _, identifier := range malformed.Identifiers[:min(len(malformed.Identifiers), shownRows)] {
			diags.AddAttributeError(identitiesPath.AtMapKey(identifier), "Malformed Device Identifier", fmt.Sprintf(
				"Intune's search for existing identifiers refuses %q as an identifier of type %s and does not say which rule it breaks. Nothing was written. Correct the row or remove it. "+
					"If you are sure of it, manage it with intune_imported_device_identity, which does not depend on the search: it has been seen to refuse what an import takes.", identifier, t))
		}
		if rest := malformed.Identifiers[min(len(malformed.Identifiers), shownRows):]; len(rest) > 0 {
			diags.AddError("Malformed Device Identifiers", fmt.Sprintf("Intune refuses %s more rows: %s.", grouped(len(rest)), strings.Join(quoted(rest), ", ")))
		}
	case errors.As(err, &disputed):
		diags.AddError("Device Identifiers Managed Twice", disputeDetail(disputed))
	case errors.As(err, &partial):
		diags.AddError(title, paragraphs(tried, partialDetail(verb, partial), d.advice(ctx, err), supportText(err)))
	case verb == "read":
		diags.AddError(title, paragraphs(tried, sentence(capitalise(err.Error())), d.advice(ctx, err), supportText(err)))
	default:
		diags.AddError(title, paragraphs(tried, sentence(capitalise(err.Error())), "Nothing was written.", d.advice(ctx, err), supportText(err)))
	}
	return diags
}

func disputeDetail(disputed *inventory.DisputedError) string {
	return fmt.Sprintf("Another resource of this run manages the same identifiers: %s. Nothing was written. List every identifier in one resource only.", strings.Join(quoted(disputed.Identifiers), ", "))
}

// partialDetail says how far it came, which rows are at fault and what is next.
func partialDetail(verb string, partial *inventory.PartialError) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s of %s rows were %s; %s were not.", grouped(partial.Done), grouped(partial.Total), partial.Verb, grouped(partial.Total-partial.Done))
	if partial.Err != nil {
		b.WriteString(" It stopped because: " + sentence(partial.Err.Error()))
	}
	b.WriteString(failureDetail(partial.Failures))
	if verb == "create" {
		b.WriteString("\n\nNothing is lost: the rows that were written are in the tenant. Apply again, and they are adopted and the others created.")
	} else {
		b.WriteString("\n\nThe state holds what the tenant holds. Apply again to do the rest.")
	}
	return b.String()
}

// failureDetail names the rows at fault. Rows that failed for the same reason, as
// all do that an interruption left over, share one text.
func failureDetail(failures []inventory.RowFailure) string {
	var reasons []string
	rows := map[string][]string{}
	for _, failure := range failures {
		reason := failure.Err.Error()
		if rows[reason] == nil {
			reasons = append(reasons, reason)
		}
		rows[reason] = append(rows[reason], fmt.Sprintf("%q", failure.Identifier))
	}
	var b strings.Builder
	for i, reason := range reasons {
		if i == 0 {
			b.WriteString("\n")
		}
		named := rows[reason]
		if len(named) <= shownRows {
			for _, row := range named {
				fmt.Fprintf(&b, "\n  %s: %s", row, reason)
			}
			continue
		}
		fmt.Fprintf(&b, "\n  %s and %s more rows: %s", strings.Join(named[:shownRows], ", "), grouped(len(named)-shownRows), reason)
	}
	return b.String()
}
