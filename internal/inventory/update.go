package inventory

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/intunetf/terraform-provider-intune/internal/deviceid"
	"github.com/intunetf/terraform-provider-intune/internal/graph"
)

// UpdateDescription sets the description, "" for none, and returns the identity
// as the tenant shows it afterwards.
//
// Errors: [ErrNotFound], [*NotAppliedError], [*RouteRefusedError], or what the
// service answered.
func (inv *Inventory) UpdateDescription(ctx context.Context, id, description string) (Identity, error) {
	defer inv.imports.begin()()
	current, err := inv.Get(ctx, id)
	if err != nil {
		return Identity{}, err
	}
	return inv.setDescription(ctx, current, description)
}

func (inv *Inventory) setDescription(ctx context.Context, current Identity, description string) (Identity, error) {
	if current.Description.Present && current.Description.Value == description {
		return current, nil
	}
	var shown Identity
	var err error
	forms := descriptionForms(description)
	for i, form := range forms {
		if err := inv.writeDescription(ctx, current, form, description); err != nil {
			return Identity{}, err
		}
		patience := inv.waits.changed
		if i < len(forms)-1 {
			patience /= 10
		}
		if shown, err = inv.readBack(ctx, current.ID, description, patience); err == nil || ctx.Err() != nil {
			return shown, err
		}
	}
	return shown, err
}

// descriptionForms are the ways to write a description, in the order in which
// they are tried. No source settles whether "" or null clears one.
func descriptionForms(description string) []*graph.Text {
	if description == "" {
		return []*graph.Text{graph.NewText(""), graph.NullText()}
	}
	return []*graph.Text{graph.NewText(description)}
}

// writeDescription uses PATCH where the tenant has the documented routes, and
// the import action with overwrite, the portal's own way, where it has not.
func (inv *Inventory) writeDescription(ctx context.Context, current Identity, form *graph.Text, description string) error {
	if inv.method == CreateMethodImport || inv.method == CreateMethodAuto && inv.createRoute.refused() {
		return inv.overwrite(ctx, current, form, description)
	}
	if inv.method == CreateMethodCreate {
		// Nothing but the documented update is allowed: there is nothing to probe for.
		_, _, err := inv.patch(ctx, current, form, description)
		return err
	}
	v, err := inv.updateRoute.enter(ctx)
	if err != nil {
		return err
	}
	if v == routeRefused {
		return inv.overwrite(ctx, current, form, description)
	}
	learnt, done, err := inv.patch(ctx, current, form, description)
	if v == routeUnknown || learnt == routeRefused {
		inv.updateRoute.settle(learnt)
	}
	if done || err != nil {
		return err
	}
	return inv.overwrite(ctx, current, form, description)
}

// patch sends the documented update. done is false, without an error, when the
// import action has to do it.
func (inv *Inventory) patch(ctx context.Context, current Identity, form *graph.Text, description string) (learnt verdict, done bool, err error) {
	err = inv.identities.UpdateDescription(ctx, current.ID, form)
	auto := inv.method == CreateMethodAuto
	refused := graph.IsRouteRefused(err)
	if graph.IsNotFound(err) && !refused {
		// Either the identity is gone or the route is not there.
		if _, getErr := inv.Get(ctx, current.ID); getErr != nil {
			return routeUnknown, false, getErr
		}
		refused = true
	}
	switch {
	case err == nil:
		return routeWorks, true, nil
	case refused && auto:
		return routeRefused, false, nil
	case refused:
		return routeUnknown, false, &RouteRefusedError{Route: "PATCH /deviceManagement/importedDeviceIdentities/{id}", Err: err}
	case !graph.IsOutcomeUnknown(err) || ctx.Err() != nil:
		return routeUnknown, false, err
	}
	patience := time.Duration(0)
	if !auto {
		// No import follows that would make good what is not visible yet.
		patience = inv.waits.changed
	}
	if _, readErr := inv.readBack(ctx, current.ID, description, patience); readErr == nil {
		return routeWorks, true, nil
	}
	if !auto {
		return routeUnknown, false, err
	}
	if graph.IsInternalServerError(err) {
		return routeRefused, false, nil
	}
	return routeUnknown, false, nil
}

// overwrite imports the identity again under its stored identifier, which is
// what the service itself compares. Repeating it does no harm.
func (inv *Inventory) overwrite(ctx context.Context, current Identity, form *graph.Text, description string) error {
	row := graph.NewImportedDeviceIdentity{
		ImportedDeviceIdentifier:   current.ImportedDeviceIdentifier,
		ImportedDeviceIdentityType: current.ImportedDeviceIdentityType,
		Description:                form,
	}
	key := Key{deviceid.Type(current.ImportedDeviceIdentityType), current.ImportedDeviceIdentifier}
	err := inv.imports.submit(ctx, key, row, true).err
	if graph.IsOutcomeUnknown(err) && ctx.Err() == nil {
		if _, readErr := inv.readBack(ctx, current.ID, description, 0); readErr == nil {
			return nil
		}
		err = inv.imports.submit(ctx, key, row, true).err
	}
	return err
}

// readBack waits until the tenant shows the identity with the description. An
// identity that is returned with a [*NotAppliedError] shows another one.
func (inv *Inventory) readBack(ctx context.Context, id, description string, patience time.Duration) (Identity, error) {
	var shown Identity
	var err error
	poll(ctx, patience, func() bool {
		shown, err = inv.Get(ctx, id)
		if err != nil {
			return !errors.Is(err, ErrNotFound)
		}
		return shown.Description.Value == description || !shown.Description.Present
	})
	switch {
	case err == nil && !shown.Description.Present && description != "":
		return shown, errDescriptionOmitted
	case errors.Is(err, ErrNotFound) && ctx.Err() != nil:
		return shown, endedEarly(ctx, "the tenant did not show the identifier yet")
	case err != nil || shown.Description.Value == description:
		return shown, err
	}
	what := fmt.Sprintf("Graph accepted the description %q, but the tenant shows %q", description, shown.Description.Value)
	if ctx.Err() != nil {
		return shown, endedEarly(ctx, what)
	}
	return shown, &NotAppliedError{ID: id, What: what}
}

// confirm waits until the tenant shows what it said it created, and completes
// what reading leaves out: status is not part of the read type.
func (inv *Inventory) confirm(ctx context.Context, created Identity, description string) (Identity, error) {
	shown, err := inv.readBack(ctx, created.ID, description, inv.waits.visible)
	if shown.ID == "" {
		shown = created
	}
	if shown.Status == nil {
		shown.Status = created.Status
	}
	var differs *NotAppliedError
	switch {
	case err == nil || errors.As(err, &differs):
		return shown, err
	case errors.Is(err, ErrNotFound):
		return shown, &NotAppliedError{ID: created.ID, What: fmt.Sprintf("Graph accepted the identifier and named the id %s, but the tenant does not show it after %s", created.ID, inv.waits.visible)}
	default:
		return shown, &UnconfirmedError{Err: err}
	}
}
