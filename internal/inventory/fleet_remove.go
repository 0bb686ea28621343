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
	free, done, err := a.inv.claims.leave(ctx, a.fleet.Owner, slices.Collect(maps.Keys(spelled)))
	if err != nil {
		return &PartialError{Total: len(spelled), Verb: "deleted", Err: err}
	}
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
	present, err := a.locate(ctx, keys, spelled)
	if err != nil {
		return nil, err
	}
	var ids []string
	var order []normalKey
	for _, key := range slices.SortedFunc(maps.Keys(keys), func(x, y normalKey) int { return strings.Compare(x.identifier, y.identifier) }) {
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

// locate finds the identities to delete. What search does not show is looked
// for in the list, too: calling a row gone that is there would orphan it.
func (a *fleetApply) locate(ctx context.Context, keys map[normalKey]bool, spelled map[normalKey]string) (map[normalKey]Identity, error) {
	present, searched, err := a.present(ctx, keys, spelled)
	if err != nil || !searched || len(present) >= len(keys) {
		return present, err
	}
	list, err := a.inv.snapshot(ctx, true)
	if err != nil {
		return nil, err
	}
	return list.byKey, nil
}

// present finds which keys the tenant shows: by search where that is one
// request, in the list otherwise.
func (a *fleetApply) present(ctx context.Context, keys map[normalKey]bool, spelled map[normalKey]string) (shown map[normalKey]Identity, searched bool, err error) {
	if len(keys) <= a.inv.chunks.current() && !a.inv.searchRefused.Load() {
		var asked []Key
		for key := range keys {
			asked = append(asked, Key{a.fleet.Type, spelled[key]})
		}
		slices.SortFunc(asked, func(x, y Key) int { return strings.Compare(x.Identifier, y.Identifier) })
		found, malformed, err := a.inv.lookupMany(ctx, asked, true)
		if err == nil && len(malformed) == 0 {
			return found, true, nil
		}
		if err != nil && ctx.Err() != nil {
			return nil, false, err
		}
	}
	list, err := a.inv.snapshot(ctx, true)
	if err != nil {
		return nil, false, err
	}
	return list.byKey, false, nil
}

// patienceFor is how long to wait until the tenant shows none of the deleted
// keys. A 400 is the answer to the deletion of what is gone already, too, and to
// the second attempt after a lost reply: reading may be late with either.
func (a *fleetApply) patienceFor(pending map[normalKey]bool, refused map[normalKey]error) time.Duration {
	patience := time.Duration(0)
	for key := range pending {
		var service *graph.Error
		switch err := refused[key]; {
		case err == nil, graph.IsBadRequest(err) && errors.As(err, &service) && service.Attempts > 1:
			return a.inv.waits.gone
		case graph.IsBadRequest(err):
			patience = a.inv.waits.visible / 4
		}
	}
	return patience
}

// confirmGone waits until the tenant shows none of the pending keys.
func (a *fleetApply) confirmGone(ctx context.Context, pending map[normalKey]bool, spelled map[normalKey]string, refused map[normalKey]error) ([]RowFailure, error) {
	patience := a.patienceFor(pending, refused)
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
		if present, _, err = a.present(ctx, pending, spelled); err != nil {
			return true
		}
		waiting := 0
		for key := range pending {
			if _, ok := present[key]; !ok {
				a.result.Gone = append(a.result.Gone, spelled[key])
				delete(pending, key)
			} else if refused[key] == nil || graph.IsBadRequest(refused[key]) {
				waiting++
			}
		}
		return waiting == 0
	})
	var failures []RowFailure
	for key := range pending {
		failure := refused[key]
		if failure == nil {
			if err != nil { // it could not be read, which err says
				continue
			}
			failure = &NotAppliedError{What: "Graph accepted the deletion, but the identifier is still there"}
		}
		failures = append(failures, RowFailure{spelled[key], failure})
	}
	slices.SortFunc(failures, func(x, y RowFailure) int { return strings.Compare(x.Identifier, y.Identifier) })
	return failures, err
}
