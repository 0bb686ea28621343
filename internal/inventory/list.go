package inventory

import (
	"cmp"
	"context"
	"iter"
	"maps"
	"slices"

	"github.com/intunetf/terraform-provider-intune/internal/graph"
)

// List returns the identities that pass, sorted by type, identifier and id. It
// reads the shared list, unless the service can be asked for less.
func (inv *Inventory) List(ctx context.Context, f Filter) ([]Identity, error) {
	if text := f.onServer(); text != "" && !inv.filterRefused.Load() && inv.snapshots.atHand() == nil {
		found := map[string]Identity{} // paging repeats rows while others are added
		err := inv.pages(ctx, graph.ListOptions{IdentifierContains: text}, func(identity Identity) bool {
			if f.Match(identity) {
				found[identity.ID] = identity
			}
			return true
		})
		if err == nil && len(found) > 0 {
			return sorted(slices.Collect(maps.Values(found))), nil
		}
		if err != nil && !inv.filterFailed(err) {
			return nil, err
		}
		// A refused filter, or one that found nothing: that a device is not there is
		// said only after the whole list was read.
	}
	list, err := inv.snapshot(ctx, false)
	if err != nil {
		return nil, err
	}
	return list.matching(f), nil
}

// Walk streams the identities that pass, page by page, in the service's order.
// Breaking off costs no further page. An error is the last element.
func (inv *Inventory) Walk(ctx context.Context, f Filter) iter.Seq2[Identity, error] {
	return func(yield func(Identity, error) bool) {
		seen := map[string]bool{} // paging repeats rows while others are added
		stopped := false
		walk := func(o graph.ListOptions) error {
			return inv.pages(ctx, o, func(identity Identity) bool {
				if seen[identity.ID] || !f.Match(identity) {
					return true
				}
				seen[identity.ID] = true
				stopped = !yield(identity, nil)
				return !stopped
			})
		}
		if text := f.onServer(); text != "" && !inv.filterRefused.Load() {
			err := walk(graph.ListOptions{IdentifierContains: text})
			if stopped || err == nil && len(seen) > 0 {
				return
			}
			if err != nil && !inv.filterFailed(err) {
				yield(Identity{}, err)
				return
			}
		}
		if err := walk(graph.ListOptions{}); err != nil && !stopped {
			yield(Identity{}, err)
		}
	}
}

// pages hands every identity of a list to each, until that returns false.
func (inv *Inventory) pages(ctx context.Context, o graph.ListOptions, each func(Identity) bool) error {
	pager := inv.identities.NewListPager(o)
	for pager.More() {
		page, err := pager.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, identity := range page.Value {
			if !each(identity) {
				return nil
			}
		}
	}
	return nil
}

// filterFailed tells a tenant that refuses filters, and remembers one that took
// a minute to do so, from a failure that reading the whole list would not mend.
func (inv *Inventory) filterFailed(err error) bool {
	if graph.IsInternalServerError(err) {
		inv.filterRefused.Store(true)
		return true
	}
	return graph.IsBadRequest(err) || graph.IsRouteRefused(err)
}

func (s *snapshot) matching(f Filter) []Identity {
	var found []Identity
	for _, identity := range s.byID {
		if f.Match(identity) {
			found = append(found, identity)
		}
	}
	return sorted(found)
}

func sorted(identities []Identity) []Identity {
	slices.SortFunc(identities, func(x, y Identity) int {
		return cmp.Or(
			cmp.Compare(x.ImportedDeviceIdentityType, y.ImportedDeviceIdentityType),
			cmp.Compare(x.ImportedDeviceIdentifier, y.ImportedDeviceIdentifier),
			cmp.Compare(x.ID, y.ID))
	})
	return identities
}
