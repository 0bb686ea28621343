package inventory

import (
	"context"
	"errors"
	"sync"

	"github.com/intunetf/terraform-provider-intune/internal/graph"
)

// maxMalformed is how many keys search may find malformed before it is taken for
// the fault of search itself: in the field it has refused what an import takes
// (WindowsAutopilotInfo #21), and finding each of them costs two calls.
const maxMalformed = 100

// lookupMany finds which of the keys the tenant has. With search the service is
// asked for exactly these keys, in chunks, and keys that it finds malformed are
// returned as such; otherwise, and where search is refused, the list is read.
func (inv *Inventory) lookupMany(ctx context.Context, keys []Key, search bool) (found identitySet, malformed []Key, err error) {
	if search && !inv.searchRefused.Load() {
		s := &keySearch{inv: inv, found: newIdentitySet()}
		err = inChunks(ctx, &inv.chunks, keys, s.search)
		if !errors.Is(err, errSearchRefused) {
			return s.found, s.malformed, err
		}
	}
	list, err := inv.snapshot(ctx, search)
	if err != nil {
		return identitySet{}, nil, err
	}
	return list.only(keys), nil, nil
}

// only are the identities of some keys.
func (s *snapshot) only(keys []Key) identitySet {
	found := newIdentitySet()
	for _, key := range keys {
		normal := key.normal()
		if identity, ok := s.byKey[normal]; ok {
			found.add(identity)
		}
		for _, twin := range s.twins[normal] {
			found.add(twin)
		}
	}
	return found
}

// keySearch is one search for many keys.
type keySearch struct {
	inv *Inventory

	mu        sync.Mutex
	found     identitySet
	malformed []Key
}

// search searches one chunk, in halves where it is too large, and down to the
// rows at fault where the service finds some malformed.
func (s *keySearch) search(ctx context.Context, keys []Key) error {
	var wire []graph.IdentityKey
	for _, key := range keys {
		wire = append(wire, searchKeys(key)...)
	}
	found, err := s.inv.identities.SearchExisting(ctx, wire)
	switch {
	case err == nil:
		s.add(found)
		return nil
	case graph.IsForbidden(err) || graph.IsRouteRefused(err) || graph.IsInternalServerError(err) || graph.IsGatewayTimeout(err):
		// A 5xx has been repeated for a minute; the next chunk would cost another. A
		// 504 is among them: the search took too long, however often it was repeated.
		s.inv.searchRefused.Store(true)
		return errSearchRefused
	case graph.IsBadRequest(err) && len(keys) == 1:
		return s.refuse(keys[0])
	case graph.IsTooLarge(err) && len(keys) > 1:
		s.inv.chunks.shrink(len(keys))
	case !graph.IsBadRequest(err):
		return err
	}
	for _, half := range halves(keys) {
		if err := s.search(ctx, half); err != nil {
			return err
		}
	}
	return nil
}

func (s *keySearch) add(found []Identity) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, identity := range found {
		s.found.add(identity)
	}
}

func (s *keySearch) refuse(key Key) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.malformed = append(s.malformed, key)
	if len(s.malformed) > maxMalformed {
		return errSearchRefused
	}
	return nil
}

func halves[T any](all []T) [][]T {
	middle := (len(all) + 1) / 2
	return [][]T{all[:middle], all[middle:]}
}
