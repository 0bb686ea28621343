package inventory

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/intunetf/terraform-provider-intune/internal/deviceid"
)

// Stale says which identities of one type nobody needs any more.
type Stale struct {
	// Filter narrows what may be deleted. Its type is required. Its CreatedBefore
	// is what tells an identifier that no device ever used from one that was added
	// a minute ago: both never had contact.
	Filter Filter
	// NeverContacted selects identities without a last contact, and
	// LastContactedBefore those with an earlier one; both together select either.
	NeverContacted      bool
	LastContactedBefore *time.Time
}

func (s Stale) match(identity Identity) bool {
	if !s.Filter.Match(identity) {
		return false
	}
	if NeverContacted(identity) {
		return s.NeverContacted && s.Filter.CreatedBefore != nil
	}
	return s.LastContactedBefore != nil && identity.LastContactedDateTime.Before(*s.LastContactedBefore)
}

// FutureBoundError says that a bound lies after the service's own time, so that
// it would bound nothing.
type FutureBoundError struct{ Bound, Now time.Time }

func (e *FutureBoundError) Error() string {
	return fmt.Sprintf("%s is in the future: the service's own time is %s", e.Bound.Format(time.RFC3339), e.Now.UTC().Format(time.RFC3339))
}

// errStaleWithoutType keeps a type that was lost on the way from selecting the
// whole tenant.
var errStaleWithoutType = errors.New("stale identifiers are of one type, and no type was given")

// FindStale lists stale identities, sorted, without those that a resource of
// this run has created or adopted. With fresh the list is read anew.
func (inv *Inventory) FindStale(ctx context.Context, s Stale, fresh bool) ([]Identity, error) {
	if s.Filter.Type == "" {
		return nil, errStaleWithoutType
	}
	list, err := inv.snapshot(ctx, fresh)
	if err != nil {
		return nil, err
	}
	if now, ok := inv.client.ServiceTime(); ok {
		for _, bound := range []*time.Time{s.LastContactedBefore, s.Filter.CreatedBefore} {
			if bound != nil && bound.After(now) {
				return nil, &FutureBoundError{Bound: *bound, Now: now}
			}
		}
	}
	var stale []Identity
	for _, identity := range list.matching(s.Filter) {
		if s.match(identity) && !inv.claims.isTaken(normalKeyOf(identity)) {
			stale = append(stale, identity)
		}
	}
	return stale, nil
}

// StaleResult says what became of stale identities, by their identifiers.
type StaleResult struct {
	// Gone are those that the tenant no longer has.
	Gone []string
	// Kept are those that were no longer stale when their turn came.
	Kept []string
}

// DeleteStale deletes what [Inventory.FindStale] found, by id and in batches. A
// long run takes half an hour, so each identity is looked at again just before
// it is deleted: a device that has enrolled since keeps its identifier. A
// [*PartialError] names those that were not deleted.
func (inv *Inventory) DeleteStale(ctx context.Context, s Stale, stale []Identity, progress func(what string, done, total int)) (StaleResult, error) {
	run := &staleRun{
		fleetApply: &fleetApply{inv: inv, fleet: Fleet{Type: deviceid.Type(s.Filter.Type), Progress: progress}, result: FleetResult{In: Rows{}}},
		stale:      s,
	}
	failures, err := run.delete(ctx, stale)
	slices.Sort(run.result.Gone)
	result := StaleResult{Gone: run.result.Gone, Kept: run.kept}
	if err == nil && len(failures) == 0 {
		return result, nil
	}
	return result, &PartialError{
		Done: len(result.Gone), Total: len(stale) - len(result.Kept), Verb: "deleted", Failures: sortedFailures(failures), Err: err,
	}
}

// staleRun is one deletion of stale identities.
type staleRun struct {
	*fleetApply
	stale    Stale
	kept     []string
	removals []*removal
}

func (r *staleRun) delete(ctx context.Context, stale []Identity) ([]RowFailure, error) {
	keys := make([]normalKey, len(stale))
	for i, identity := range stale {
		keys[i] = normalKeyOf(identity)
	}
	slices.SortFunc(keys, func(x, y normalKey) int { return strings.Compare(x.identifier, y.identifier) })
	free, done, err := r.inv.claims.leave(ctx, r.fleet.Owner, slices.Compact(keys))
	if err != nil {
		return nil, err
	}
	defer done()
	isFree := make(map[normalKey]bool, len(free))
	for _, key := range free {
		isFree[key] = true
	}
	progress := r.fleet.progress("deleted", len(stale))
	sent, searched := 0, true
	for slice := range slices.Chunk(stale, deletionSlice) {
		removals, bySearch, lookErr := r.stillStale(ctx, slice, isFree)
		if lookErr != nil {
			err = lookErr
			break
		}
		searched = searched && bySearch
		sent += r.sendDeletions(ctx, removals)
		r.removals = append(r.removals, removals...)
		if progress != nil && ctx.Err() == nil {
			progress(sent)
		}
	}
	failures, confirmErr := r.confirmGone(ctx, r.removals, searched)
	return failures, errors.Join(err, confirmErr)
}

// stillStale looks at some identities again, and leaves out what a resource of
// this run has taken, what is gone, and what is stale no more.
func (r *staleRun) stillStale(ctx context.Context, stale []Identity, isFree map[normalKey]bool) ([]*removal, bool, error) {
	keys := make([]Key, len(stale))
	for i, identity := range stale {
		keys[i] = Key{r.fleet.Type, identity.ImportedDeviceIdentifier}
	}
	present, searched, err := r.inv.locate(ctx, keys)
	if err != nil {
		return nil, false, err
	}
	var removals []*removal
	for i, identity := range stale {
		shown, ok := present.withID(keys[i].normal(), identity.ID)
		switch {
		case !ok:
			r.result.Gone = append(r.result.Gone, identity.ImportedDeviceIdentifier)
		case !isFree[keys[i].normal()], !r.stale.match(shown):
			r.kept = append(r.kept, identity.ImportedDeviceIdentifier)
		default:
			removals = append(removals, &removal{identifier: identity.ImportedDeviceIdentifier, stored: keys[i], id: identity.ID})
		}
	}
	return removals, searched, nil
}

// isTaken reports whether a resource of this run has created or adopted a key.
func (c *claims) isTaken(key normalKey) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, taken := c.taken[key]
	return taken
}
