package inventory

import "github.com/intunetf/terraform-provider-intune/internal/deviceid"

// identitySet are identities by natural key. A key is unique where the tenant
// compares identifiers as [deviceid.Normalize] does. Where it tells spellings
// apart (field notes differ), several identities have one key: then only the
// spelling says which of them is meant.
type identitySet struct {
	// byKey has the oldest identity of every key.
	byKey map[normalKey]Identity
	// twins are all identities of the keys that have several; usually nil.
	twins map[normalKey][]Identity
}

func newIdentitySet() identitySet { return identitySet{byKey: map[normalKey]Identity{}} }

func (s *identitySet) add(identity Identity) {
	key := normalKeyOf(identity)
	other, taken := s.byKey[key]
	if !taken || other.ID == identity.ID {
		s.byKey[key] = identity
		return
	}
	twins := s.twins[key]
	if twins == nil {
		twins = []Identity{other}
	}
	for _, twin := range twins {
		if twin.ID == identity.ID { // paging repeats rows while others are added
			return
		}
	}
	if s.twins == nil {
		s.twins = map[normalKey][]Identity{}
	}
	s.twins[key] = append(twins, identity)
	if isOlder(identity, other) {
		s.byKey[key] = identity
	}
}

func (s *identitySet) addAll(others identitySet) {
	for key, identity := range others.byKey {
		s.add(identity)
		for _, twin := range others.twins[key] {
			s.add(twin)
		}
	}
}

// isOlder orders twins, so that the choice among them is always the same.
func isOlder(x, y Identity) bool {
	if x.CreatedDateTime != nil && y.CreatedDateTime != nil && !x.CreatedDateTime.Equal(y.CreatedDateTime.Time) {
		return x.CreatedDateTime.Before(y.CreatedDateTime.Time)
	}
	return x.ID < y.ID
}

// find is the identity with a key: the one that is spelled so, or else the oldest.
func (s *identitySet) find(key Key) (Identity, bool) {
	normal := key.normal()
	for _, twin := range s.twins[normal] {
		if isSpelled(twin, key) {
			return twin, true
		}
	}
	identity, ok := s.byKey[normal]
	return identity, ok
}

// ambiguous are the identities with a key that has several none of which is
// spelled so. Nothing may be written or deleted on the strength of such a key.
func (s *identitySet) ambiguous(key Key) []Identity {
	twins := s.twins[key.normal()]
	for _, twin := range twins {
		if isSpelled(twin, key) {
			return nil
		}
	}
	return twins
}

// withID is the identity with a key and an id.
func (s *identitySet) withID(key normalKey, id string) (Identity, bool) {
	if identity, ok := s.byKey[key]; ok && identity.ID == id {
		return identity, true
	}
	for _, twin := range s.twins[key] {
		if twin.ID == id {
			return twin, true
		}
	}
	return Identity{}, false
}

func isSpelled(identity Identity, key Key) bool {
	return identity.ImportedDeviceIdentifier == key.Identifier || identity.ImportedDeviceIdentifier == deviceid.Wire(key.Type, key.Identifier)
}
