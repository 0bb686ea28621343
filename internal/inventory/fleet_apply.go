package inventory

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/intunetf/terraform-provider-intune/internal/graph"
)

// fleetApply is one change of one fleet.
type fleetApply struct {
	inv    *Inventory
	fleet  Fleet
	change FleetChange
	result FleetResult
	// since is the service's own time before anything was written.
	since time.Time
	// create and overwrite are what the pre-flight left to write.
	create, overwrite []Wanted
}

// claim takes the keys of all rows that are written, so that no other resource
// of this run deletes them.
func (a *fleetApply) claim(ctx context.Context) error {
	spelled := map[normalKey]string{}
	for _, rows := range []Rows{a.change.Add, a.change.Update} {
		for identifier := range rows {
			spelled[Key{a.fleet.Type, identifier}.normal()] = identifier
		}
	}
	disputed, err := a.inv.claims.take(ctx, a.fleet.Owner, slices.Collect(maps.Keys(spelled)))
	if err != nil || len(disputed) == 0 {
		return err
	}
	var identifiers []string
	for _, key := range disputed {
		identifiers = append(identifiers, spelled[key])
	}
	slices.Sort(identifiers)
	return &DisputedError{Identifiers: identifiers}
}

// release gives the rows back that a failed change has not come to own: another
// resource may still delete them.
func (a *fleetApply) release() {
	for _, rows := range []Rows{a.change.Add, a.change.Update} {
		for identifier := range rows {
			if _, in := a.result.In[identifier]; !in {
				a.inv.claims.release(a.fleet.Owner, Key{a.fleet.Type, identifier}.normal())
			}
		}
	}
}

// preflight finds what is wrong with the rows before the first of them is sent.
func (a *fleetApply) preflight(ctx context.Context) error {
	found := map[normalKey]Identity{}
	if len(a.change.Add) > 0 {
		keys := make([]Key, 0, len(a.change.Add))
		for _, identifier := range slices.Sorted(maps.Keys(a.change.Add)) {
			keys = append(keys, Key{a.fleet.Type, identifier})
		}
		var malformed []Key
		var err error
		if found, malformed, err = a.inv.lookupMany(ctx, keys, true); err != nil {
			return err
		}
		if len(malformed) > 0 {
			refused := &MalformedError{}
			for _, key := range malformed {
				refused.Identifiers = append(refused.Identifiers, key.Identifier)
			}
			slices.Sort(refused.Identifiers)
			return refused
		}
	}
	a.since, _ = a.inv.client.ServiceTime()
	if _, conflicts := compare(a.fleet, a.change.Add, found); len(conflicts) > 0 {
		return &ConflictError{Rows: conflicts}
	}
	for _, identifier := range slices.Sorted(maps.Keys(a.change.Add)) {
		row := a.fleet.wanted(identifier, a.change.Add[identifier])
		row.Platform = a.fleet.Platform
		identity, exists := found[row.normal()]
		switch {
		case !exists:
			a.create = append(a.create, row)
		case identity.Description.Value == row.Description:
			a.result.Adopted++
			a.result.In[identifier] = row.Description
		default:
			a.overwrite = append(a.overwrite, a.fleet.wanted(identifier, row.Description))
		}
	}
	for _, identifier := range slices.Sorted(maps.Keys(a.change.Update)) {
		a.overwrite = append(a.overwrite, a.fleet.wanted(identifier, a.change.Update[identifier]))
	}
	return nil
}

func (a *fleetApply) write(ctx context.Context) error {
	total := len(a.create) + len(a.overwrite)
	if total == 0 {
		return nil
	}
	failures := map[normalKey]error{}
	err := a.send(ctx, a.inv.newRowWriter(a.fleet.Overwrite, a.since, a.fleet.progress("imported", len(a.create))), a.create, failures)
	if err == nil {
		err = a.sendOverwrites(ctx, failures)
	}
	if err == nil && len(failures) == 0 {
		return nil
	}
	partial := &PartialError{Done: len(a.result.In) - a.result.Adopted, Total: total, Verb: "written", Err: err}
	for _, row := range slices.Concat(a.create, a.overwrite) {
		if failure := failures[row.normal()]; failure != nil {
			partial.Failures = append(partial.Failures, RowFailure{row.Identifier, failure})
		}
	}
	return partial
}

// sendOverwrites changes descriptions. Whether "" or null clears one is settled
// by no source: rows that show their old description are sent again with null.
func (a *fleetApply) sendOverwrites(ctx context.Context, failures map[normalKey]error) error {
	writer := a.inv.newRowWriter(true, a.since, a.fleet.progress("updated", len(a.overwrite)))
	if err := writer.write(ctx, a.overwrite); err != nil {
		a.collect(writer, a.overwrite, failures)
		return err
	}
	again := writer.notCleared(a.overwrite)
	a.collect(writer, a.overwrite, failures)
	if len(again) == 0 {
		return nil
	}
	writer = a.inv.newRowWriter(true, a.since, nil)
	writer.null = true
	return a.send(ctx, writer, again, failures)
}

func (a *fleetApply) send(ctx context.Context, writer *rowWriter, rows []Wanted, failures map[normalKey]error) error {
	err := writer.write(ctx, rows)
	a.collect(writer, rows, failures)
	if err != nil {
		a.recover(ctx, rows)
	}
	return err
}

func (a *fleetApply) collect(writer *rowWriter, rows []Wanted, failures map[normalKey]error) {
	writer.mu.Lock()
	defer writer.mu.Unlock()
	for _, row := range rows {
		if writer.in[row.normal()] {
			a.result.In[row.Identifier] = row.Description
		}
	}
	maps.Copy(failures, writer.failures)
}

// recover looks, after an interruption, which rows the tenant has by now, so
// that the message and the state tell the truth.
func (a *fleetApply) recover(ctx context.Context, rows []Wanted) {
	if ctx.Err() == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), a.inv.waits.recovery)
	defer cancel()
	list, err := a.inv.snapshot(ctx, true)
	if err != nil {
		return
	}
	for _, row := range rows {
		if identity, ok := list.byKey[row.normal()]; ok && identity.Description.Value == row.Description {
			a.result.In[row.Identifier] = row.Description
		}
	}
}

// remove deletes rows by the ids that the list shows, twenty a call, and looks
// at the list again: a deletion counts when the tenant no longer shows the row.
func (a *fleetApply) remove(ctx context.Context) error {
	if len(a.change.Remove) == 0 {
		return nil
	}
	spelled := map[normalKey]string{}
	for _, identifier := range a.change.Remove {
		spelled[Key{a.fleet.Type, identifier}.normal()] = identifier
	}
	free, done := a.inv.claims.leave(a.fleet.Owner, slices.Collect(maps.Keys(spelled)))
	defer done()
	toDelete := map[normalKey]bool{}
	for _, key := range free {
		toDelete[key] = true
	}
	for key, identifier := range spelled {
		if !toDelete[key] { // another resource of this run has taken it over
			a.result.Gone = append(a.result.Gone, identifier)
		}
	}
	failures, err := a.deleteKeys(ctx, toDelete, spelled)
	slices.Sort(a.result.Gone)
	if err == nil && len(failures) == 0 {
		return nil
	}
	return &PartialError{Done: len(a.result.Gone), Total: len(spelled), Verb: "deleted", Failures: failures, Err: err}
}

func (a *fleetApply) deleteKeys(ctx context.Context, keys map[normalKey]bool, spelled map[normalKey]string) ([]RowFailure, error) {
	if len(keys) == 0 {
		return nil, nil
	}
	present, err := a.present(ctx, keys, spelled)
	if err != nil {
		return nil, err
	}
	var ids []string
	var order []normalKey
	for key := range keys {
		if identity, ok := present[key]; ok {
			ids, order = append(ids, identity.ID), append(order, key)
		} else {
			a.result.Gone = append(a.result.Gone, spelled[key])
		}
	}
	if len(ids) == 0 {
		return nil, nil
	}
	answers := a.deleteIDs(ctx, ids)
	refused := map[normalKey]error{}
	pending := map[normalKey]bool{}
	for i, key := range order {
		pending[key] = true
		if answer := answers[i]; answer != nil && !graph.IsNotFound(answer) {
			refused[key] = answer
		}
	}
	return a.confirmGone(ctx, pending, spelled, refused)
}

// deleteIDs deletes in slices, so that progress can be told.
func (a *fleetApply) deleteIDs(ctx context.Context, ids []string) []error {
	progress := a.fleet.progress("deleted", len(ids))
	var answers []error
	for slice := range slices.Chunk(ids, 25*graph.MaxBatch) {
		answers = append(answers, a.inv.identities.DeleteBatch(ctx, slice)...)
		a.inv.snapshots.changed()
		if progress != nil {
			progress(len(answers))
		}
	}
	return answers
}

// present finds the identities to delete: by search where that is one request,
// in the list otherwise.
func (a *fleetApply) present(ctx context.Context, keys map[normalKey]bool, spelled map[normalKey]string) (map[normalKey]Identity, error) {
	if len(keys) <= a.inv.chunks.current() {
		var asked []Key
		for key := range keys {
			asked = append(asked, Key{a.fleet.Type, spelled[key]})
		}
		slices.SortFunc(asked, func(x, y Key) int { return strings.Compare(x.Identifier, y.Identifier) })
		found, malformed, err := a.inv.lookupMany(ctx, asked, true)
		if err == nil && len(malformed) == 0 {
			return found, nil
		}
		if err != nil && ctx.Err() != nil {
			return nil, err
		}
	}
	list, err := a.inv.snapshot(ctx, true)
	if err != nil {
		return nil, err
	}
	return list.byKey, nil
}

// confirmGone waits until the tenant shows none of the pending keys.
func (a *fleetApply) confirmGone(ctx context.Context, pending map[normalKey]bool, spelled map[normalKey]string, refused map[normalKey]error) ([]RowFailure, error) {
	patience := a.inv.waits.gone
	if len(refused) == len(pending) {
		patience = 0
	}
	if ctx.Err() != nil {
		// Interrupted: what is gone by now must leave the state all the same.
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(context.WithoutCancel(ctx), a.inv.waits.recovery)
		defer cancel()
		patience = 0
	}
	var err error
	poll(ctx, patience, func() bool {
		var present map[normalKey]Identity
		if present, err = a.present(ctx, pending, spelled); err != nil {
			return true
		}
		waiting := 0
		for key := range pending {
			if _, ok := present[key]; !ok {
				a.result.Gone = append(a.result.Gone, spelled[key])
				delete(pending, key)
			} else if refused[key] == nil {
				waiting++
			}
		}
		return waiting == 0
	})
	var failures []RowFailure
	for key := range pending {
		failure := refused[key]
		if failure == nil {
			failure = &NotAppliedError{What: "Graph accepted the deletion, but the identifier is still there"}
		}
		failures = append(failures, RowFailure{spelled[key], failure})
	}
	slices.SortFunc(failures, func(x, y RowFailure) int { return strings.Compare(x.Identifier, y.Identifier) })
	if err != nil && !errors.Is(err, ErrNotFound) {
		return failures, err
	}
	return failures, nil
}
