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

// deletionSlice is how many deletions are sent between two looks at the clock, the
// progress and, for stale identities, the tenant.
const deletionSlice = 25 * graph.MaxBatch

// removal is one identity on its way out.
type removal struct {
	// identifier is in the user's spelling, stored in the tenant's.
	identifier string
	stored     Key
	id         string
	// refused is what the service answered instead of deleting it.
	refused error
}

// remove deletes rows by the ids that the tenant shows, twenty a call, and looks
// again: a deletion counts when the tenant no longer shows that id.
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
	keys := make([]Key, len(free))
	for i, key := range free {
		keys[i] = Key{a.fleet.Type, spelled[key]}
		delete(spelled, key)
	}
	for _, identifier := range spelled { // another resource of this run has taken it over
		a.result.Gone = append(a.result.Gone, identifier)
	}
	failures, err := a.deleteKeys(ctx, sortedKeys(keys))
	slices.Sort(a.result.Gone)
	if err == nil && len(failures) == 0 {
		return nil
	}
	return &PartialError{Done: len(a.result.Gone), Total: len(a.change.Remove), Verb: "deleted", Failures: sortedFailures(failures), Err: err}
}

func sortedKeys(keys []Key) []Key {
	slices.SortFunc(keys, func(x, y Key) int { return strings.Compare(x.Identifier, y.Identifier) })
	return keys
}

func sortedFailures(failures []RowFailure) []RowFailure {
	slices.SortFunc(failures, func(x, y RowFailure) int { return strings.Compare(x.Identifier, y.Identifier) })
	return failures
}

func (a *fleetApply) deleteKeys(ctx context.Context, keys []Key) ([]RowFailure, error) {
	if len(keys) == 0 {
		return nil, nil
	}
	present, searched, err := a.inv.locate(ctx, keys)
	if err != nil {
		return nil, err
	}
	var failures []RowFailure
	var removals []*removal
	for _, key := range keys {
		identity, ok := present.find(key)
		twins := present.ambiguous(key)
		switch {
		case !ok:
			a.result.Gone = append(a.result.Gone, key.Identifier)
		case twins != nil:
			failures = append(failures, RowFailure{key.Identifier, &AmbiguousError{Identifier: key.Identifier, Identities: twins}})
		default:
			removals = append(removals, &removal{identifier: key.Identifier, stored: Key{key.Type, identity.ImportedDeviceIdentifier}, id: identity.ID})
		}
	}
	progress := a.fleet.progress("deleted", len(removals))
	sent := 0
	for slice := range slices.Chunk(removals, deletionSlice) {
		sent += a.sendDeletions(ctx, slice)
		if progress != nil && ctx.Err() == nil {
			progress(sent)
		}
	}
	left, err := a.confirmGone(ctx, removals, searched)
	return append(failures, left...), err
}

// sendDeletions sends deletions and notes what was refused.
func (a *fleetApply) sendDeletions(ctx context.Context, removals []*removal) (sent int) {
	ids := make([]string, len(removals))
	for i, r := range removals {
		ids[i] = r.id
	}
	for i, answer := range a.inv.identities.DeleteBatch(ctx, ids) {
		if answer == nil || !graph.IsNotSent(answer) {
			sent++
		}
		if answer != nil && !graph.IsNotFound(answer) {
			removals[i].refused = answer
		}
	}
	a.inv.snapshots.changed()
	return sent
}

// locate finds identities to delete. What search does not show is looked for in
// the list, and what the list does not show in another one, because paging skips
// rows while others are deleted: calling a row gone that is there would orphan it.
// searched is true when search showed all of them.
func (inv *Inventory) locate(ctx context.Context, keys []Key) (found identitySet, searched bool, err error) {
	found, searched, err = inv.present(ctx, keys)
	isAbsent := func(key Key) bool { _, shown := found.find(key); return !shown }
	if err != nil || !slices.ContainsFunc(keys, isAbsent) {
		return found, searched, err
	}
	list, err := inv.snapshot(ctx, true)
	if err != nil {
		return identitySet{}, false, err
	}
	if searched {
		return list.identitySet, false, nil
	}
	both := newIdentitySet() // a list is shared: nothing may be added to it
	both.addAll(found)
	both.addAll(list.identitySet)
	return both, false, nil
}

// present finds which keys the tenant shows: by search where that is one
// request, in the list otherwise.
func (inv *Inventory) present(ctx context.Context, keys []Key) (shown identitySet, searched bool, err error) {
	if len(keys) <= inv.chunks.current() && !inv.searchRefused.Load() {
		found, malformed, err := inv.lookupMany(ctx, keys, true)
		if err == nil && len(malformed) == 0 {
			return found, true, nil
		}
		if err != nil && ctx.Err() != nil {
			return identitySet{}, false, err
		}
	}
	list, err := inv.snapshot(ctx, true)
	if err != nil {
		return identitySet{}, false, err
	}
	return list.identitySet, false, nil
}

// stillShown are the removals whose ids the tenant shows. Search is believed only
// where it has shown all of them before, and the service refused none.
func (inv *Inventory) stillShown(ctx context.Context, removals []*removal, search bool) ([]*removal, error) {
	var shown identitySet
	if search && !slices.ContainsFunc(removals, func(r *removal) bool { return r.refused != nil }) {
		keys := make([]Key, len(removals))
		for i, r := range removals {
			keys[i] = r.stored
		}
		var err error
		if shown, _, err = inv.present(ctx, keys); err != nil {
			return nil, err
		}
	} else {
		list, err := inv.snapshot(ctx, true)
		if err != nil {
			return nil, err
		}
		shown = list.identitySet
	}
	var still []*removal
	for _, r := range removals {
		if _, ok := shown.withID(r.stored.normal(), r.id); ok {
			still = append(still, r)
		}
	}
	return still, nil
}

// patienceFor is how long to wait until the tenant shows none of the deleted
// identities. A 400 is the answer to the deletion of what is gone already, too,
// and to the second attempt after a lost reply: reading may be late with either.
func (inv *Inventory) patienceFor(removals []*removal) time.Duration {
	patience := time.Duration(0)
	for _, r := range removals {
		var service *graph.Error
		switch {
		case r.refused == nil, graph.IsBadRequest(r.refused) && errors.As(r.refused, &service) && service.Attempts > 1:
			return inv.waits.gone
		case graph.IsBadRequest(r.refused):
			patience = inv.waits.visible / 4
		}
	}
	return patience
}

// confirmGone waits until the tenant shows none of the deleted identities.
func (a *fleetApply) confirmGone(ctx context.Context, removals []*removal, searched bool) ([]RowFailure, error) {
	if len(removals) == 0 {
		return nil, nil
	}
	pending, err := a.awaitRemovals(ctx, removals, a.inv.patienceFor(removals), searched)
	if ctx.Err() != nil {
		// Interrupted: what is gone by now must leave the state all the same.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), a.inv.waits.recovery)
		defer cancel()
		pending, err = a.awaitRemovals(ctx, pending, 0, searched)
	}
	var failures []RowFailure
	for _, r := range pending {
		failure := r.refused
		if failure == nil {
			if err != nil { // it could not be read, which err says
				continue
			}
			failure = &NotAppliedError{What: "Graph accepted the deletion, but the identifier is still there"}
		}
		failures = append(failures, RowFailure{r.identifier, failure})
	}
	return failures, err
}

// awaitRemovals looks, as long as patience lasts, until no deletion that may
// still take effect is shown, and returns what is left.
func (a *fleetApply) awaitRemovals(ctx context.Context, pending []*removal, patience time.Duration, searched bool) (left []*removal, err error) {
	poll(ctx, patience, func() bool {
		if len(pending) == 0 || ctx.Err() != nil {
			return true
		}
		var still []*removal
		if still, err = a.inv.stillShown(ctx, pending, searched); err != nil {
			return true
		}
		shown := map[*removal]bool{}
		waiting := 0
		for _, r := range still {
			shown[r] = true
			if r.refused == nil || graph.IsBadRequest(r.refused) {
				waiting++
			}
		}
		for _, r := range pending {
			if !shown[r] {
				a.result.Gone = append(a.result.Gone, r.identifier)
			}
		}
		pending = still
		return waiting == 0
	})
	return pending, err
}
