package provider

import (
	"fmt"
	"maps"
	"slices"

	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/intunetf/terraform-provider-intune/internal/deviceid"
	"github.com/intunetf/terraform-provider-intune/internal/inventory"
)

// fleetRows are the rows of a fleet in a configuration, plan or state. They are
// read from the protocol's own value: the framework's conversion would copy
// every element several times.
type fleetRows struct {
	inventory.Rows
	// known is false when the map itself is not known yet.
	known bool
	// null is true when there is no map: a state that was only just imported.
	null bool
	// later are the keys whose description is not known yet.
	later []string
}

// rowsOf reads the attribute identities of a raw resource value.
func rowsOf(raw tftypes.Value) (fleetRows, error) {
	rows := fleetRows{Rows: inventory.Rows{}, known: true}
	if raw.IsNull() {
		rows.null = true
		return rows, nil
	}
	var attributes map[string]tftypes.Value
	if err := raw.As(&attributes); err != nil {
		return rows, err
	}
	identities := attributes["identities"]
	if !identities.IsKnown() {
		rows.known = false
		return rows, nil
	}
	if identities.IsNull() {
		rows.null = true
		return rows, nil
	}
	var elements map[string]tftypes.Value
	if err := identities.As(&elements); err != nil {
		return rows, err
	}
	for identifier, element := range elements {
		description := ""
		switch {
		case !element.IsKnown():
			rows.later = append(rows.later, identifier)
		case !element.IsNull():
			if err := element.As(&description); err != nil {
				return rows, fmt.Errorf("the description of %q: %w", identifier, err)
			}
		}
		rows.Rows[identifier] = description
	}
	return rows, nil
}

// withRows is the raw resource value with other rows. A row that keeps its
// description keeps its element as it was written: null and "" both stand for
// none.
func withRows(raw tftypes.Value, rows inventory.Rows) (tftypes.Value, error) {
	var attributes map[string]tftypes.Value
	if err := raw.As(&attributes); err != nil {
		return raw, err
	}
	written := map[string]tftypes.Value{}
	if before := attributes["identities"]; before.IsKnown() && !before.IsNull() {
		if err := before.As(&written); err != nil {
			return raw, err
		}
	}
	elements := make(map[string]tftypes.Value, len(rows))
	for identifier, description := range rows {
		if element, ok := written[identifier]; ok && description == "" && element.IsNull() {
			elements[identifier] = element
			continue
		}
		elements[identifier] = tftypes.NewValue(tftypes.String, description)
	}
	changed := maps.Clone(attributes)
	changed["identities"] = tftypes.NewValue(tftypes.Map{ElementType: tftypes.String}, elements)
	return tftypes.NewValue(raw.Type(), changed), nil
}

// withPriorRows is the raw plan with the map of the prior state.
func withPriorRows(plan, state tftypes.Value) (tftypes.Value, error) {
	var planned, prior map[string]tftypes.Value
	if err := plan.As(&planned); err != nil {
		return plan, err
	}
	if err := state.As(&prior); err != nil {
		return plan, err
	}
	changed := maps.Clone(planned)
	changed["identities"] = prior["identities"]
	return tftypes.NewValue(plan.Type(), changed), nil
}

// respelled are the rows of a plan that differ from the state's in text only.
func respelled(t deviceid.Type, prior, planned tftypes.Value) ([]string, error) {
	before, err := elementsOf(prior)
	if err != nil {
		return nil, err
	}
	after, err := elementsOf(planned)
	if err != nil {
		return nil, err
	}
	normal := make(map[string]bool, len(before))
	for identifier := range before {
		normal[deviceid.Normalize(t, identifier)] = true
	}
	var rows []string
	for identifier, element := range after {
		former, same := before[identifier]
		switch {
		case !element.IsKnown():
		case same && element.IsNull() != former.IsNull(), !same && normal[deviceid.Normalize(t, identifier)]:
			rows = append(rows, identifier)
		}
	}
	slices.Sort(rows)
	return rows, nil
}

// elementsOf are the elements of the attribute identities.
func elementsOf(raw tftypes.Value) (map[string]tftypes.Value, error) {
	var attributes, elements map[string]tftypes.Value
	if err := raw.As(&attributes); err != nil {
		return nil, err
	}
	return elements, attributes["identities"].As(&elements)
}

// differenceOf is what has to be written to get from one map to the other. Keys
// are compared as Intune compares them.
func differenceOf(t deviceid.Type, prior, planned inventory.Rows) inventory.FleetChange {
	change := inventory.FleetChange{Add: inventory.Rows{}, Update: inventory.Rows{}}
	before := make(map[string]string, len(prior))
	for identifier, description := range prior {
		// A row that is spelled as before needs no normalising.
		if wanted, ok := planned[identifier]; ok {
			if wanted != description {
				change.Update[identifier] = wanted
			}
			continue
		}
		before[deviceid.Normalize(t, identifier)] = identifier
	}
	for identifier, wanted := range planned {
		if _, ok := prior[identifier]; ok {
			continue
		}
		normal := deviceid.Normalize(t, identifier)
		former, ok := before[normal]
		switch {
		case !ok:
			change.Add[identifier] = wanted
		case prior[former] != wanted:
			change.Update[identifier] = wanted
			if change.Former == nil {
				change.Former = map[string]string{}
			}
			change.Former[identifier] = former
		}
		delete(before, normal)
	}
	for _, identifier := range before {
		change.Remove = append(change.Remove, identifier)
	}
	return change
}

func isEmptyChange(change inventory.FleetChange) bool {
	return len(change.Add)+len(change.Update)+len(change.Remove) == 0
}

// afterFailure is what the tenant holds of a fleet after an update that failed:
// the prior rows, those that were written, without those that are gone.
func afterFailure(t deviceid.Type, prior inventory.Rows, result inventory.FleetResult) inventory.Rows {
	written := map[string]bool{}
	for identifier := range result.In {
		written[deviceid.Normalize(t, identifier)] = true
	}
	for _, identifier := range result.Gone {
		written[deviceid.Normalize(t, identifier)] = true
	}
	rows := inventory.Rows{}
	for identifier, description := range prior {
		if _, again := result.In[identifier]; again || !written[deviceid.Normalize(t, identifier)] {
			rows[identifier] = description
		}
	}
	maps.Copy(rows, result.In)
	return rows
}
