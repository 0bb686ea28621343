package graphsim

import (
	"net/http"
	"time"
)

// visibleFrom is when readers see what is written now (behaviour 25).
func (s *Server) visibleFrom(now time.Time) time.Time {
	if s.options.VisibleAfter == 0 {
		return time.Time{}
	}
	return now.Add(s.options.VisibleAfter)
}

// insert stores a new identity and decides what the service takes from the payload (behaviour 9).
func (s *Server) insert(p *payload) *record {
	now := s.now()
	stored, _ := s.behaviour.normalise(p.identity.ImportedDeviceIdentityType, p.identity.ImportedDeviceIdentifier)
	identity := Identity{
		ImportedDeviceIdentifier:   stored,
		ImportedDeviceIdentityType: p.identity.ImportedDeviceIdentityType,
		Description:                p.identity.Description,
		EnrollmentState:            "notContacted",
		Platform:                   "unknown",
		CreatedDateTime:            now,
		LastModifiedDateTime:       now,
	}
	if s.behaviour.KeepSentPlatform && p.identity.Platform != "" {
		identity.Platform = p.identity.Platform
	}
	if s.behaviour.KeepSentState && p.identity.EnrollmentState != "" {
		identity.EnrollmentState = p.identity.EnrollmentState
	}
	if s.behaviour.KeepSentContact {
		identity.LastContactedDateTime = p.identity.LastContactedDateTime
	}
	identity.Status = p.identity.Status
	identity.ID = s.newID(identity.ImportedDeviceIdentityType, stored)
	s.revision++
	return s.store.add(identity, s.visibleFrom(now))
}

// change replaces a stored identity; readers see the old one for a while when updates lag.
func (s *Server) change(r *record, identity Identity) {
	now := s.now()
	if s.behaviour.UpdatesLag && s.options.VisibleAfter > 0 {
		if seen, ok := r.seen(now); ok {
			r.old, r.freshFrom = &seen, now.Add(s.options.VisibleAfter)
		}
	}
	id, old := r.identity.ID, r.key
	r.identity = identity.clone()
	s.store.rekey(r, id, old)
	s.revision++
}

// payloadOf decodes the body of a create or PATCH and checks what is checked for both.
func (s *Server) payloadOf(c *call) (payload, *problem) {
	body, p := c.object()
	if p != nil {
		return payload{}, p
	}
	sent, p := decodePayload(body)
	if p != nil {
		return sent, p
	}
	return sent, s.behaviour.checkDescription(&sent)
}

// create is the documented POST on the collection (behaviour 3).
func (s *Server) create(c *call) reply {
	sent, p := s.payloadOf(c)
	switch {
	case p != nil:
		return s.refuse(c, p)
	case s.behaviour.invalid(&sent):
		return s.refuse(c, badRequest("Invalid Device Identifier parameter found for 1 import records!"))
	}
	if r := s.store.find(sent.identity.ImportedDeviceIdentityType, sent.identity.ImportedDeviceIdentifier); r != nil {
		return s.createExisting(c, r)
	}
	if s.behaviour.TenantLimit > 0 && s.store.len() >= s.behaviour.TenantLimit {
		return s.refuse(c, tenantFull(s.behaviour.TenantLimit))
	}
	identity := s.insert(&sent).identity
	if s.behaviour.CreateRoute == RouteLostReply {
		return s.refuse(c, routeProblem(RouteServerError, "", ""))
	}
	// The documented answer is the whole result, status included, whether it was sent or not.
	status := true
	if identity.Status != nil {
		status = *identity.Status
	}
	return s.created(c, identity, status)
}

func (s *Server) created(c *call, identity Identity, status bool) reply {
	object := s.writeResult(identity, &status)
	object["@odata.context"] = c.context("deviceManagement/" + collection + "/$entity")
	return jsonReply(http.StatusCreated, object)
}

func (s *Server) createExisting(c *call, r *record) reply {
	switch s.behaviour.CreateExisting {
	case ExistingStatusFalse:
		return s.created(c, r.identity.clone(), false)
	case ExistingBadRequest:
		return s.refuse(c, badRequest("The imported device identity already exists."))
	case ExistingConflict:
	}
	return s.refuse(c, &problem{status: http.StatusConflict, message: "The imported device identity already exists."})
}

// update is PATCH (behaviour 4).
func (s *Server) update(c *call) reply {
	sent, p := s.payloadOf(c)
	if p != nil {
		return s.refuse(c, p)
	}
	r := s.store.byID[c.route.id]
	if r == nil {
		return s.refuse(c, missing(http.StatusNotFound, c.route.id))
	}
	changed := r.identity.clone()
	if !s.behaviour.PatchIgnored {
		if p := s.patch(&changed, &sent, r); p != nil {
			return s.refuse(c, p)
		}
		s.change(r, changed)
	}
	if s.behaviour.PatchRoute == RouteLostReply {
		return s.refuse(c, routeProblem(RouteServerError, "", ""))
	}
	var status *bool
	if s.behaviour.StatusOnGet {
		status = changed.Status
	}
	object := s.writeResult(changed, status)
	object["@odata.context"] = c.context("deviceManagement/" + collection + "/$entity")
	return jsonReply(http.StatusOK, object)
}

// patch changes the description, and what else was sent when the profile allows it; omitted members stay as they are.
func (s *Server) patch(changed *Identity, sent *payload, r *record) *problem {
	if sent.sent["description"] {
		changed.Description, _ = s.behaviour.describe(changed.Description, sent)
		changed.LastModifiedDateTime = s.now()
	}
	if !s.behaviour.PatchAll {
		return nil
	}
	if sent.sent["platform"] {
		changed.Platform = sent.identity.Platform
	}
	if sent.sent["enrollmentState"] {
		changed.EnrollmentState = sent.identity.EnrollmentState
	}
	if sent.sent["lastContactedDateTime"] {
		changed.LastContactedDateTime = sent.identity.LastContactedDateTime
	}
	if sent.sent["status"] {
		changed.Status = sent.identity.Status
	}
	if sent.sent["importedDeviceIdentityType"] {
		changed.ImportedDeviceIdentityType = sent.identity.ImportedDeviceIdentityType
	}
	if sent.sent["importedDeviceIdentifier"] {
		changed.ImportedDeviceIdentifier = sent.identity.ImportedDeviceIdentifier
	}
	stored, ok := s.behaviour.normalise(changed.ImportedDeviceIdentityType, changed.ImportedDeviceIdentifier)
	if !ok {
		return badRequest("Invalid Device Identifier parameter found for 1 import records!")
	}
	changed.ImportedDeviceIdentifier = stored
	if other := s.store.find(changed.ImportedDeviceIdentityType, stored); other != nil && other != r {
		return &problem{status: http.StatusConflict, message: "The imported device identity already exists."}
	}
	return nil
}

// remove is DELETE: 204, and for a missing id what the profile says (behaviour 20).
func (s *Server) remove(c *call) reply {
	r := s.store.byID[c.route.id]
	if r == nil && s.behaviour.DeleteMissing != http.StatusNoContent {
		return s.refuse(c, missing(s.behaviour.DeleteMissing, c.route.id))
	}
	if r != nil {
		now := s.now()
		goneFrom := now.Add(s.options.VisibleAfter)
		if now.Before(r.visibleFrom) {
			goneFrom = now // nobody has seen it yet
		}
		s.store.remove(r, goneFrom, now)
		s.revision++
	}
	return reply{status: http.StatusNoContent, header: http.Header{}}
}
