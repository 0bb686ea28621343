package graphsim

import (
	"crypto/sha256"
	"fmt"
	"time"
)

// Tenant is the handle by which a test, or a Hook, looks at what the tenant holds and lets the world move: an admin in
// the portal, a device that enrols. Its changes are visible at once, whatever VisibleAfter says. It is safe for
// concurrent use.
type Tenant struct{ server *Server }

// Tenant returns the handle of the server's tenant.
func (s *Server) Tenant() *Tenant { return &Tenant{server: s} }

// Identities returns copies of all identities in insertion order: the truth, not what VisibleAfter lets readers see.
func (t *Tenant) Identities() []Identity {
	t.server.mu.Lock()
	defer t.server.mu.Unlock()
	identities := make([]Identity, 0, t.server.store.len())
	for _, r := range t.server.store.records {
		if !r.deleted {
			identities = append(identities, r.identity.clone())
		}
	}
	return identities
}

// Find returns a copy of the identity with the type and identifier, compared as the service compares them.
func (t *Tenant) Find(identityType, identifier string) (Identity, bool) {
	t.server.mu.Lock()
	defer t.server.mu.Unlock()
	r := t.server.store.find(identityType, identifier)
	if r == nil {
		return Identity{}, false
	}
	return r.identity.clone(), true
}

// Seed puts identities into the tenant as they are: the identifier is stored in the given spelling. Id, created and
// modified dates, enrollmentState (notContacted) and platform (unknown) are filled where empty. One with the type and
// identifier of an identity that exists replaces it.
func (t *Tenant) Seed(identities ...Identity) {
	t.server.mu.Lock()
	defer t.server.mu.Unlock()
	for _, identity := range identities {
		t.server.seed(identity.clone())
	}
}

// Remove deletes an identity and reports whether there was one.
func (t *Tenant) Remove(identityType, identifier string) bool {
	t.server.mu.Lock()
	defer t.server.mu.Unlock()
	r := t.server.store.find(identityType, identifier)
	if r == nil {
		return false
	}
	now := t.server.now()
	t.server.store.remove(r, now, now)
	t.server.revision++
	return true
}

// Update lets change alter a copy of an identity, stores the result, and reports whether there was one. It sets no date
// by itself. change must not call the Tenant.
func (t *Tenant) Update(identityType, identifier string, change func(*Identity)) bool {
	t.server.mu.Lock()
	defer t.server.mu.Unlock()
	r := t.server.store.find(identityType, identifier)
	if r == nil {
		return false
	}
	changed := r.identity.clone()
	change(&changed)
	id := r.identity.ID
	r.identity, r.old = changed.clone(), nil
	t.server.store.rekey(r, id, r.key)
	t.server.revision++
	return true
}

// MarkEnrolled is a device that enrols: state enrolled, the given platform, last contact now (behaviour 10). It reports
// whether the tenant has the identity.
func (t *Tenant) MarkEnrolled(identityType, identifier, platform string) bool {
	now := t.server.now()
	return t.Update(identityType, identifier, func(i *Identity) {
		i.EnrollmentState, i.Platform, i.LastContactedDateTime = "enrolled", platform, now
	})
}

// MarkState sets another enrollmentState, such as failed or blocked (behaviour 10).
func (t *Tenant) MarkState(identityType, identifier, enrollmentState string) bool {
	return t.Update(identityType, identifier, func(i *Identity) { i.EnrollmentState = enrollmentState })
}

// seed expects the lock to be held.
func (s *Server) seed(identity Identity) {
	now := s.now()
	if identity.ImportedDeviceIdentityType == "" {
		identity.ImportedDeviceIdentityType = "unknown"
	}
	if old := s.store.find(identity.ImportedDeviceIdentityType, identity.ImportedDeviceIdentifier); old != nil {
		s.store.remove(old, now, now)
	}
	if identity.EnrollmentState == "" {
		identity.EnrollmentState = "notContacted"
	}
	if identity.Platform == "" {
		identity.Platform = "unknown"
	}
	if identity.CreatedDateTime.IsZero() {
		identity.CreatedDateTime = now
	}
	if identity.LastModifiedDateTime.IsZero() {
		identity.LastModifiedDateTime = identity.CreatedDateTime
	}
	if old := s.store.byID[identity.ID]; identity.ID == "" || old != nil {
		identity.ID = s.newID(identity.ImportedDeviceIdentityType, identity.ImportedDeviceIdentifier)
	}
	s.store.add(identity, time.Time{})
	s.revision++
}

// newID expects the lock to be held.
func (s *Server) newID(identityType, identifier string) string {
	if s.behaviour.IDForm == IDBase64 {
		return base64ID(identityType, identifier)
	}
	if s.options.NewID != nil {
		return s.options.NewID()
	}
	for {
		s.objects++
		// Identities loaded from a state file may hold the first ids of the sequence.
		if id := sequenceGUID("object", s.objects); s.store.byID[id] == nil {
			return id
		}
	}
}

// sequenceGUID is the nth GUID of a named sequence, so that runs are alike.
func sequenceGUID(kind string, n int) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s/%d", kind, n))
	sum[6], sum[8] = sum[6]&0x0f|0x40, sum[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", sum[0:4], sum[4:6], sum[6:8], sum[8:10], sum[10:16])
}
