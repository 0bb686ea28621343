package provider

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/intunetf/terraform-provider-intune/internal/deviceid"
	"github.com/intunetf/terraform-provider-intune/internal/inventory"
)

// importedKey marks a fleet that was imported and not applied since. Rows that
// the first apply does not list are forgotten then, not deleted.
const importedKey = "imported"

// ModifyPlan finds what a difference in text means, keeps the guard against
// truncated files, and tells conflicts and adoptions before anybody approves.
func (r *importedDeviceIdentitiesResource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	p := &fleetPlan{resource: r, req: req, resp: resp}
	p.load(ctx)
	if resp.Diagnostics.HasError() {
		return
	}
	switch {
	case req.Plan.Raw.IsNull():
		p.planDestroy(ctx)
	case !p.planned.known || p.identityType == "":
	case req.State.Raw.IsNull():
		p.planCreate(ctx)
	case p.priorType != p.identityType:
		p.planOtherType(ctx)
	default:
		p.planUpdate(ctx)
	}
}

func (p *fleetPlan) planDestroy(ctx context.Context) {
	if p.resource.data != nil {
		p.resource.data.planned.forget(p.owner)
	}
	if p.imported && len(p.prior.Rows) > 0 {
		p.resp.Diagnostics.AddWarning("Imported Rows Are Deleted", fmt.Sprintf(
			"This resource took over %s rows by import and has changed none of them since. Destroying it deletes all of them from the tenant, whoever added them. To keep them there, use a removed block with destroy = false, or terraform state rm.",
			grouped(len(p.prior.Rows))))
	}
	p.warnAboutLast(ctx, p.priorType, len(p.prior.Rows), 0)
}

// planOtherType comes before the plan of the replacement, where the old rows are
// no longer shown.
func (p *fleetPlan) planOtherType(ctx context.Context) {
	if p.imported && len(p.prior.Rows) > 0 {
		p.resp.Diagnostics.AddAttributeError(typePath, "Imported Identifiers Are of Another Type", fmt.Sprintf(
			"The import took over %s rows of type %s, and the configuration says %s. Terraform would delete all of them from the tenant. Correct the type; or, where the import was the mistake, take the resource out of the state with terraform state rm and import it again.",
			grouped(len(p.prior.Rows)), p.priorType, p.identityType))
		return
	}
	p.guard(ctx, len(p.prior.Rows), len(p.prior.Rows))
	p.warnAboutLast(ctx, p.priorType, len(p.prior.Rows), 0)
}

// planCreate plans a new fleet or the second half of a replacement (-replace,
// replace_triggered_by): Terraform plans those once more without a prior state,
// and with what the provider keeps for itself. Of a resource that was marked with
// terraform taint it shows neither; a failed create of a fleet leaves no state, so
// that nothing else taints one.
func (p *fleetPlan) planCreate(ctx context.Context) {
	add := p.planned.Rows
	if data := p.resource.data; data != nil && p.owner != "" {
		prior := data.planned.prior(p.owner)
		replaced := differenceOf(p.identityType, prior, p.planned.Rows)
		if p.imported && len(replaced.Remove) > 0 {
			p.resp.Diagnostics.AddError("Imported Resource Is Replaced", fmt.Sprintf(
				"The import took over %s rows, and the configuration does not list %s of them. Replacing the resource would delete them from the tenant. Apply without replacing first: rows that are not listed are forgotten then, and stay in the tenant.",
				grouped(len(prior)), grouped(len(replaced.Remove))))
			return
		}
		p.guard(ctx, len(prior), len(prior))
		add = replaced.Add // the others are deleted before they are created again
	}
	p.dispute()
	p.check(ctx, inventory.FleetChange{Add: add}, 0)
}

// dispute refuses rows that another resource is planned to list, too.
func (p *fleetPlan) dispute() {
	data := p.resource.data
	if data == nil || p.resp.Diagnostics.HasError() {
		return
	}
	prior := p.prior.Rows
	if p.prior.null && p.owner != "" { // the second half of a replacement
		prior = data.planned.prior(p.owner)
	}
	if disputed := data.planned.plan(p.owner, plannedResource{identityType: p.identityType, rows: p.planned.Rows, prior: prior}); len(disputed) > 0 {
		p.resp.Diagnostics.Append(listedTwice(disputed))
	}
}

func listedTwice(identifiers []string) diag.Diagnostic {
	return diag.NewErrorDiagnostic("Device Identifiers Managed Twice", fmt.Sprintf(
		"Another resource of this configuration lists the same identifiers: %s. List every identifier in one resource only: destroying the one would delete the other's. To move a row, remove it from the other resource in the same change.",
		shownNames(identifiers)))
}

// fleetPlan is one plan of one fleet.
type fleetPlan struct {
	resource       *importedDeviceIdentitiesResource
	req            resource.ModifyPlanRequest
	resp           *resource.ModifyPlanResponse
	prior, planned fleetRows
	// identityType is "" while it is not known.
	priorType, identityType deviceid.Type
	imported                bool
	// owner is "" for a fleet that is new, or was imported before it had a name.
	owner inventory.Owner
}

func (p *fleetPlan) load(ctx context.Context) {
	var err error
	if p.planned, err = rowsOf(p.req.Plan.Raw); err == nil {
		p.prior, err = rowsOf(p.req.State.Raw)
	}
	if err != nil {
		p.resp.Diagnostics.AddError("Invalid Identities", err.Error())
		return
	}
	var before, after types.String
	if !p.req.State.Raw.IsNull() {
		p.resp.Diagnostics.Append(p.req.State.GetAttribute(ctx, typePath, &before)...)
	}
	p.resp.Diagnostics.Append(readPrivate(ctx, p.req.Private, importedKey, &p.imported)...)
	var diags diag.Diagnostics
	p.owner, diags = readOwner(ctx, p.req.Private)
	p.resp.Diagnostics.Append(diags...)
	if !p.req.Plan.Raw.IsNull() {
		p.resp.Diagnostics.Append(p.req.Plan.GetAttribute(ctx, typePath, &after)...)
	} else {
		after = before
	}
	p.priorType, p.identityType = deviceid.Type(before.ValueString()), deviceid.Type(after.ValueString())
}

var typePath = path.Root("imported_device_identity_type")

func (p *fleetPlan) planUpdate(ctx context.Context) {
	change := differenceOf(p.identityType, p.prior.Rows, p.planned.Rows)
	if p.dispute(); p.resp.Diagnostics.HasError() {
		return
	}
	if isEmptyChange(change) && len(p.planned.later) == 0 {
		p.keepSpelling()
		return
	}
	p.warnAboutSpelling(inventory.FleetChange{Add: change.Add, Update: maps.Clone(change.Update), Remove: change.Remove})
	if p.imported && len(change.Remove) > 0 {
		p.resp.Diagnostics.AddWarning("Imported Rows Are Forgotten", fmt.Sprintf(
			"The import took over %s rows, and the configuration does not list %s of them. This first change after the import forgets these rows: they stay in the tenant and are no longer managed. To have Terraform delete them, apply this, list them in a second apply and remove them in a third.\n\nForgotten: %s.",
			grouped(len(p.prior.Rows)), grouped(len(change.Remove)), shownNames(slices.Sorted(slices.Values(change.Remove)))))
		change.Remove = nil
	}
	p.guard(ctx, len(change.Remove), len(p.prior.Rows))
	p.check(ctx, change, len(p.prior.Rows))
}

// keepSpelling plans the prior map, where only spellings differ if anything, so
// that the plan is empty. Terraform accepts the prior map whole or the configured
// one whole, no mixture.
func (p *fleetPlan) keepSpelling() {
	raw, err := withPriorRows(p.resp.Plan.Raw, p.req.State.Raw)
	if err != nil {
		p.resp.Diagnostics.AddError("Invalid Identities", err.Error())
		return
	}
	p.resp.Plan.Raw = raw
}

// warnAboutSpelling is for a plan that has descriptions which are not known yet,
// and so the configured map. Should they turn out to be as before, the plan that
// Terraform makes anew in the apply is that of [fleetPlan.keepSpelling], which it
// does not accept then. Nothing tells the provider which of the two plans it makes.
func (p *fleetPlan) warnAboutSpelling(change inventory.FleetChange) {
	for _, identifier := range p.planned.later {
		delete(change.Update, identifier)
	}
	if len(p.planned.later) == 0 || !isEmptyChange(change) {
		return
	}
	rows, err := respelled(p.identityType, p.req.State.Raw, p.req.Plan.Raw)
	if err != nil {
		p.resp.Diagnostics.AddError("Invalid Identities", err.Error())
		return
	}
	if len(rows) > 0 {
		p.resp.Diagnostics.AddWarning("Respelled Rows Beside Unknown Descriptions", fmt.Sprintf(
			"These rows are spelled in another way than in the state and mean the same: %s. The descriptions of other rows become known during the apply only. Should those be as before, so that nothing is left to change, Terraform stops with \"Provider produced inconsistent final plan\". Nothing is lost then; apply again. To avoid it, spell the rows as in the state.",
			shownNames(rows)))
	}
}

// guard refuses a plan that would delete more rows than max_deletions allows.
func (p *fleetPlan) guard(ctx context.Context, deletions, of int) {
	var most types.Int64
	p.resp.Diagnostics.Append(p.req.Plan.GetAttribute(ctx, path.Root("max_deletions"), &most)...)
	if most.IsNull() || most.IsUnknown() || int64(deletions) <= most.ValueInt64() {
		return
	}
	p.resp.Diagnostics.AddAttributeError(path.Root("max_deletions"), "Too Many Deletions", fmt.Sprintf(
		"This plan would delete %s of %s rows, and max_deletions allows %s. Look whether the file that the rows come from is complete. If the deletions are meant, raise max_deletions to %d for this apply.",
		grouped(deletions), grouped(of), grouped(int(most.ValueInt64())), deletions))
}

// check looks at the tenant, read-only, and tells what the apply would meet.
func (p *fleetPlan) check(ctx context.Context, change inventory.FleetChange, managed int) {
	p.warnAboutLast(ctx, p.identityType, len(change.Remove), managed-len(change.Remove)+len(change.Add))
	data := p.resource.data
	if len(change.Add) == 0 || data == nil || data.inventory == nil || p.resp.Diagnostics.HasError() {
		return
	}
	var overwrite types.Bool
	p.resp.Diagnostics.Append(p.req.Plan.GetAttribute(ctx, path.Root("overwrite_existing"), &overwrite)...)
	if p.resp.Diagnostics.HasError() || overwrite.IsUnknown() {
		return
	}
	known := maps.Clone(change.Add)
	for _, identifier := range p.planned.later {
		delete(known, identifier)
	}
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	fleet := inventory.Fleet{Type: p.identityType, Overwrite: overwrite.ValueBool()}
	found, err := data.inventory.CheckFleet(ctx, fleet, known)
	if err != nil {
		p.resp.Diagnostics.AddWarning("Identities Not Checked", paragraphs(
			"Whether the rows to be created are in the tenant already could not be found out. The apply looks again before it writes anything.", sentence(capitalise(err.Error()))))
		return
	}
	if len(found.Conflicts) > 0 {
		p.resp.Diagnostics.AddError("Device Identifiers Exist Already", conflictDetail(found.Conflicts))
		return
	}
	p.resp.Diagnostics.Append(adoptionWarning(found.Adopted)...)
	if p.identityType == deviceid.TypeManufacturerModelSerial && found.OfType == 0 {
		p.resp.Diagnostics.AddWarning("First Windows Identifier of the Tenant",
			"The tenant has no manufacturerModelSerial identifier yet. As soon as it has one, every other Windows device that enrols without being listed, and without another sign of being corporate, becomes personal. See the guide on Windows identifiers.")
	}
}

// warnAboutLast warns when no Windows identifier would be left in the tenant.
func (p *fleetPlan) warnAboutLast(ctx context.Context, t deviceid.Type, removed, left int) {
	data := p.resource.data
	if t != deviceid.TypeManufacturerModelSerial || removed == 0 || left > 0 || data == nil || data.inventory == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	found, err := data.inventory.CheckFleet(ctx, inventory.Fleet{Type: t}, nil)
	if err != nil || found.OfType > removed {
		return
	}
	p.resp.Diagnostics.AddWarning("Last Windows Identifiers of the Tenant",
		"This removes the last manufacturerModelSerial identifiers of the tenant. Windows devices that join Entra are then corporate again without being listed. See the guide on Windows identifiers.")
}

func adoptionWarning(adopted int) diag.Diagnostics {
	if adopted == 0 {
		return nil
	}
	return diag.Diagnostics{diag.NewWarningDiagnostic("Existing Device Identifiers Adopted", fmt.Sprintf(
		"%s rows are in the tenant already with the configured description. They are managed by this resource from now on, and a destroy deletes them.", grouped(adopted)))}
}

// conflictDetail names every row that is in the tenant with another description.
func conflictDetail(conflicts []inventory.Conflict) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s of the rows to be created are in the tenant already with another description. Nothing was written.\n", grouped(len(conflicts)))
	slices.SortFunc(conflicts, func(a, b inventory.Conflict) int { return strings.Compare(a.Identifier, b.Identifier) })
	for _, conflict := range conflicts {
		fmt.Fprintf(&b, "\n  %q: configured %q, in the tenant %q (id %s)", conflict.Identifier, conflict.Wanted, conflict.Existing.Description.Value, conflict.Existing.ID)
	}
	b.WriteString("\n\nSet overwrite_existing = true to adopt them and write the configured descriptions, or write the tenant's descriptions into the configuration. " +
		"A row that moves here from another resource with a new description needs overwrite_existing, too.")
	return b.String()
}
