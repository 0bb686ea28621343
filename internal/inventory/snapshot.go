package inventory

import (
	"context"
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
	identitySet
	byID map[string]Identity
	// pages is what the reading cost.
	pages int
	// taken is when it began, complete when it ended, writes how many writes of
	// this process went before.
	taken, complete time.Time
	writes          uint64
}

// snapshots shares one reading of the list among everybody who needs it.
type snapshots struct {
	mu      sync.Mutex
	latest  *snapshot
	reading *reading
	// writes counts what this process sent to change the tenant: a list that was
	// begun before does not show it.
	writes uint64
}

// reading is a list under way. err is what all who wait for it get to know; it
// stays nil when only the context of the one who reads has ended.
type reading struct {
	done chan struct{}
	err  error
}

// changed makes every earlier list outdated.
func (s *snapshots) changed() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.writes++
}

// atHand is a list that still stands, or nil; it sends nothing.
func (s *snapshots) atHand() *snapshot {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.standing()
}

// standing is the latest list while it may stand for the tenant. How long it took
// to read does not make it old: a large tenant's takes longer than it may stand.
func (s *snapshots) standing() *snapshot {
	latest := s.latest
	if latest == nil || latest.writes != s.writes || time.Since(latest.complete) >= snapshotAge { //nolint:forbidigo // compared with this process's own times only
		return nil
	}
	return latest
}

// snapshot returns the tenant's list, read at most once for concurrent callers.
// With fresh it is begun after this call.
func (inv *Inventory) snapshot(ctx context.Context, fresh bool) (*snapshot, error) {
	s := &inv.snapshots
	asked := time.Now() //nolint:forbidigo // compared with this process's own times only
	for {
		s.mu.Lock()
		if latest := s.standing(); latest != nil && (!fresh || latest.taken.After(asked)) {
			s.mu.Unlock()
			return latest, nil
		}
		other := s.reading
		if other == nil {
			return inv.lead(ctx) // unlocks
		}
		s.mu.Unlock()
		select {
		case <-other.done:
			if other.err != nil {
				return nil, other.err
			}
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// lead reads the list for everybody. It is called with the lock and gives it up.
func (inv *Inventory) lead(ctx context.Context) (*snapshot, error) {
	s := &inv.snapshots
	own := &reading{done: make(chan struct{})}
	s.reading = own
	writes := s.writes
	s.mu.Unlock()
	read, err := inv.readList(ctx, writes)
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case err == nil:
		s.latest = read
	case ctx.Err() == nil:
		own.err = err
	}
	s.reading = nil
	close(own.done)
	return read, err
}

func (inv *Inventory) readList(ctx context.Context, writes uint64) (*snapshot, error) {
	read := &snapshot{
		identitySet: newIdentitySet(), byID: map[string]Identity{}, writes: writes,
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
			read.add(identity)
		}
	}
	read.complete = time.Now() //nolint:forbidigo // see above
	return read, nil
}

// Refresh reads an identity for a refresh of the state. The first ones are read
// one by one; then one list serves everybody, and an identity that it does not
// show is asked for by its id before it is called missing: lists lag, and paging
// skips rows while others are deleted.
func (inv *Inventory) Refresh(ctx context.Context, id string) (Identity, error) {
	inv.claims.forget()
	if inv.reads.Add(1) <= directReads || inv.listFailed.Load() {
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
	if err != nil {
		// It has been repeated for a minute; the next identity must not do that again.
		inv.listFailed.Store(true)
	}
	return inv.Get(ctx, id)
}
