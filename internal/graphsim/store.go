package graphsim

import (
	"sort"
	"time"
)

// store holds the identities in the order in which they came. It is not safe for concurrent use: Server.mu guards it.
type store struct {
	behaviour *Behaviour
	records   []*record          // ascending sequence; deleted records stay while they are still visible
	byKey     map[key]*record    // live records only
	byID      map[string]*record // live records only
	sequence  int
}

// key is what makes an identity unique in a tenant (behaviour 6).
type key struct{ identityType, identifier string }

type record struct {
	sequence    int
	identity    Identity
	key         key
	deleted     bool
	visibleFrom time.Time // reads see the record from then on
	goneFrom    time.Time // reads of a deleted record see it until then
	old         *Identity // what reads see until freshFrom, when updates lag
	freshFrom   time.Time
}

func newStore(b *Behaviour) *store {
	return &store{behaviour: b, byKey: map[key]*record{}, byID: map[string]*record{}}
}

func (st *store) keyOf(identityType, identifier string) key {
	stored, _ := st.behaviour.normalise(identityType, identifier)
	return key{identityType, stored}
}

func (st *store) find(identityType, identifier string) *record {
	return st.byKey[st.keyOf(identityType, identifier)]
}

func (st *store) len() int { return len(st.byKey) }

// add appends an identity whose key and id are free.
func (st *store) add(identity Identity, visibleFrom time.Time) *record {
	st.sequence++
	r := &record{
		sequence: st.sequence, identity: identity.clone(), visibleFrom: visibleFrom,
		key: st.keyOf(identity.ImportedDeviceIdentityType, identity.ImportedDeviceIdentifier),
	}
	st.records = append(st.records, r)
	st.byKey[r.key] = r
	st.byID[identity.ID] = r
	return r
}

// remove takes a record out of the truth; readers see it until goneFrom.
func (st *store) remove(r *record, goneFrom, now time.Time) {
	delete(st.byKey, r.key)
	delete(st.byID, r.identity.ID)
	r.deleted, r.goneFrom = true, goneFrom
	if !goneFrom.After(now) {
		st.forget(r)
	}
}

// rekey makes the indexes follow a changed record.
func (st *store) rekey(r *record, id string, old key) {
	delete(st.byKey, old)
	delete(st.byID, id)
	r.key = st.keyOf(r.identity.ImportedDeviceIdentityType, r.identity.ImportedDeviceIdentifier)
	st.byKey[r.key] = r
	st.byID[r.identity.ID] = r
}

func (st *store) forget(r *record) {
	at := sort.Search(len(st.records), func(i int) bool { return st.records[i].sequence >= r.sequence })
	if at < len(st.records) && st.records[at] == r {
		st.records = append(st.records[:at], st.records[at+1:]...)
	}
}

// seen returns what a reader sees of a record at an instant.
func (r *record) seen(now time.Time) (Identity, bool) {
	if now.Before(r.visibleFrom) || (r.deleted && !now.Before(r.goneFrom)) {
		return Identity{}, false
	}
	if r.old != nil && now.Before(r.freshFrom) {
		return r.old.clone(), true
	}
	return r.identity.clone(), true
}

// visible returns the records that a reader sees, in insertion order, and drops those that nobody will see again.
func (st *store) visible(now time.Time) []*record {
	kept, seen := st.records[:0], make([]*record, 0, len(st.records))
	for _, r := range st.records {
		if r.deleted && !now.Before(r.goneFrom) {
			continue
		}
		kept = append(kept, r)
		if !now.Before(r.visibleFrom) {
			seen = append(seen, r)
		}
	}
	clear(st.records[len(kept):])
	st.records = kept
	return seen
}

// visibleByID returns what a reader sees under an id: the living record, or else one that is not forgotten yet.
func (st *store) visibleByID(id string, now time.Time) (Identity, bool) {
	if r, ok := st.byID[id]; ok {
		if identity, seen := r.seen(now); seen {
			return identity, true
		}
	}
	for _, r := range st.records {
		if r.deleted && r.identity.ID == id {
			if identity, seen := r.seen(now); seen {
				return identity, true
			}
		}
	}
	return Identity{}, false
}
