package inventory

import (
	"context"
	"fmt"
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

// FindStale lists stale identities, sorted, without those that a resource of
// this run has created or adopted. With fresh the list is read anew.
func (inv *Inventory) FindStale(ctx context.Context, s Stale, fresh bool) ([]Identity, error) {
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

// DeleteStale deletes what [Inventory.FindStale] found, in batches, and returns
// the identifiers that are gone; a [*PartialError] names the others.
func (inv *Inventory) DeleteStale(ctx context.Context, s Stale, stale []Identity, progress func(what string, done, total int)) ([]string, error) {
	change := FleetChange{}
	for _, identity := range stale {
		change.Remove = append(change.Remove, identity.ImportedDeviceIdentifier)
	}
	result, err := inv.ApplyFleet(ctx, Fleet{Type: deviceid.Type(s.Filter.Type), Progress: progress}, change)
	return result.Gone, err
}

// isTaken reports whether a resource of this run has created or adopted a key.
func (c *claims) isTaken(key normalKey) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, taken := c.taken[key]
	return taken
}
