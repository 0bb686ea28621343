package inventory

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/intunetf/terraform-provider-intune/internal/deviceid"
	"github.com/intunetf/terraform-provider-intune/internal/graph"
)

const (
	// snapshotAge is how long a list may stand for the tenant. It spans the burst
	// of reads of one refresh, not a whole apply.
	snapshotAge = time.Minute
	// directReads is how many identities a process reads one by one before it
	// reads the list for all others.
	directReads = 20
)

// normalKey is a natural key in the form that Intune compares.
type normalKey struct {
	identityType deviceid.Type
	identifier   string
}

func (k Key) normal() normalKey {
	return normalKey{k.Type, deviceid.Normalize(k.Type, k.Identifier)}
}

func normalKeyOf(identity Identity) normalKey {
	return Key{deviceid.Type(identity.ImportedDeviceIdentityType), identity.ImportedDeviceIdentifier}.normal()
}

// snapshot is the tenant as one reading of the paged list showed it.
type snapshot struct {
	byID  map[string]Identity
	byKey map[normalKey]Identity
	// pages is what the reading cost.
	pages int
	// taken is when it began, writes how many writes of this process went before.
	taken  time.Time
	writes uint64
}

// snapshots shares one reading of the list among everybody who needs it.
type snapshots struct {
	mu      sync.Mutex
	latest  *snapshot
	reading chan struct{}
	// writes counts what this process sent to change the tenant: a list that was
	// begun before does not show it.
	writes uint64
}

// changed makes every earlier list outdated.
func (s *snapshots) changed() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.writes++
}

// snapshot returns the tenant's list, read at most once for concurrent callers.
// With fresh it is begun after this call.
func (inv *Inventory) snapshot(ctx context.Context, fresh bool) (*snapshot, error) {
	s := &inv.snapshots
	asked := time.Now() //nolint:forbidigo // compared with this process's own times only
	for {
		s.mu.Lock()
		if latest := s.latest; latest != nil && latest.writes == s.writes && time.Since(latest.taken) < snapshotAge && //nolint:forbidigo // see above
			(!fresh || latest.taken.After(asked)) {
			s.mu.Unlock()
			return latest, nil
		}
		if s.reading == nil {
			reading, writes := make(chan struct{}), s.writes
			s.reading = reading
			s.mu.Unlock()
			read, err := inv.readList(ctx, writes)
			s.mu.Lock()
			if err == nil {
				s.latest = read
			}
			s.reading = nil
			s.mu.Unlock()
			close(reading)
			return read, err
		}
		reading := s.reading
		s.mu.Unlock()
		select {
		case <-reading:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

func (inv *Inventory) readList(ctx context.Context, writes uint64) (*snapshot, error) {
	read := &snapshot{
		byID: map[string]Identity{}, byKey: map[normalKey]Identity{}, writes: writes,
		taken: time.Now(), //nolint:forbidigo // compared with this process's own times only
	}
	pager := inv.identities.NewListPager(graph.ListOptions{})
	for pager.More() {
		page, err := pager.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		read.pages++
		for _, identity := range page.Value {
			read.byID[identity.ID] = identity
			read.byKey[normalKeyOf(identity)] = identity
		}
	}
	return read, nil
}

// Refresh reads an identity for a refresh of the state. The first ones are read
// one by one; then one list serves everybody, and an identity that it does not
// show is asked for by its id before it is called missing: lists lag, and paging
// skips rows while others are deleted.
func (inv *Inventory) Refresh(ctx context.Context, id string) (Identity, error) {
	inv.claims.forget()
	if inv.reads.Add(1) <= directReads {
		return inv.Get(ctx, id)
	}
	list, err := inv.snapshot(ctx, false)
	if err == nil {
		if identity, ok := list.byID[id]; ok {
			return identity, nil
		}
	}
	if ctx.Err() != nil {
		return Identity{}, err
	}
	return inv.Get(ctx, id)
}

// lookupMany finds which of the keys the tenant has. With search the service is
// asked for exactly these keys, in chunks, and keys that it finds malformed are
// returned as such; otherwise, and where search is refused, the list is read.
func (inv *Inventory) lookupMany(ctx context.Context, keys []Key, search bool) (found map[normalKey]Identity, malformed []Key, err error) {
	if search && !inv.searchRefused.Load() {
		found, malformed, err = inv.searchMany(ctx, keys)
		if !errors.Is(err, errSearchRefused) {
			return found, malformed, err
		}
	}
	list, err := inv.snapshot(ctx, search)
	if err != nil {
		return nil, nil, err
	}
	found = map[normalKey]Identity{}
	for _, key := range keys {
		if identity, ok := list.byKey[key.normal()]; ok {
			found[key.normal()] = identity
		}
	}
	return found, nil, nil
}

func (inv *Inventory) searchMany(ctx context.Context, keys []Key) (map[normalKey]Identity, []Key, error) {
	var mu sync.Mutex
	found := map[normalKey]Identity{}
	var malformed []Key
	err := inChunks(ctx, &inv.chunks, keys, func(ctx context.Context, chunk []Key) error {
		identities, bad, err := inv.searchChunk(ctx, chunk)
		mu.Lock()
		defer mu.Unlock()
		for _, identity := range identities {
			found[normalKeyOf(identity)] = identity
		}
		malformed = append(malformed, bad...)
		return err
	})
	return found, malformed, err
}

// searchChunk searches one chunk, in halves where it is too large, and down to
// the rows at fault where the service finds some malformed.
func (inv *Inventory) searchChunk(ctx context.Context, keys []Key) (found []Identity, malformed []Key, err error) {
	var wire []graph.IdentityKey
	for _, key := range keys {
		wire = append(wire, searchKeys(key)...)
	}
	found, err = inv.identities.SearchExisting(ctx, wire)
	switch {
	case err == nil:
		return found, nil, nil
	case graph.IsForbidden(err) || graph.IsRouteRefused(err) || graph.IsInternalServerError(err):
		inv.searchRefused.Store(true)
		return nil, nil, errSearchRefused
	case graph.IsBadRequest(err) && len(keys) == 1:
		return nil, keys, nil
	case graph.IsTooLarge(err):
		inv.chunks.shrink(len(keys))
	case !graph.IsBadRequest(err):
		return nil, nil, err
	}
	if len(keys) == 1 {
		return nil, nil, err
	}
	for _, half := range halves(keys) {
		rows, bad, err := inv.searchChunk(ctx, half)
		if err != nil {
			return nil, nil, err
		}
		found, malformed = append(found, rows...), append(malformed, bad...)
	}
	return found, malformed, nil
}

func halves[T any](all []T) [][]T {
	middle := (len(all) + 1) / 2
	return [][]T{all[:middle], all[middle:]}
}
