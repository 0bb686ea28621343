package graphsim

import (
	"maps"
	"net/http"
	"slices"
)

func tenantFull(limit int) *problem {
	return badRequest("The number of imported device identities exceeds the limit of %d of the tenant.", limit)
}

// rows decodes the body of an action (behaviours 14, 17).
func (s *Server) rows(body map[string]any, withOverwrite bool) ([]payload, *problem) {
	for _, name := range slices.Sorted(maps.Keys(body)) {
		if name != "importedDeviceIdentities" && (!withOverwrite || name != "overwriteImportedDeviceIdentities") {
			return nil, gatewayBadRequest("The parameter '%s' in the request payload is not a valid parameter for the operation.", name)
		}
	}
	values, ok := body["importedDeviceIdentities"].([]any)
	if !ok {
		return nil, wrongType("importedDeviceIdentities", "Collection("+baseType+")")
	}
	if limit := s.behaviour.RowsPerCall; limit > 0 && len(values) > limit {
		p := badRequest("The request holds %d import records; at most %d are allowed.", len(values), limit)
		if s.behaviour.RowsPerCallError == http.StatusRequestEntityTooLarge {
			p.status, p.code = http.StatusRequestEntityTooLarge, ""
		}
		return nil, p
	}
	rows := make([]payload, 0, len(values))
	for _, value := range values {
		object, isObject := value.(map[string]any)
		if !isObject {
			return nil, wrongType("importedDeviceIdentities", baseType)
		}
		row, p := decodePayload(object)
		if p != nil {
			return nil, p
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// checkRows refuses the whole call for malformed identifiers and tells their number, not their place (behaviour 13).
func (s *Server) checkRows(rows []payload) *problem {
	malformed := 0
	for i := range rows {
		if s.behaviour.invalid(&rows[i]) {
			malformed++
		}
	}
	if malformed == 0 {
		return nil
	}
	return badRequest("Invalid Device Identifier parameter found for %d import records!", malformed)
}

// importList is importDeviceIdentityList: 200 with a status per row, or nothing at all (behaviours 11-17).
func (s *Server) importList(c *call) reply {
	body, p := c.object()
	if p != nil {
		return s.refuse(c, p)
	}
	rows, p := s.rows(body, true)
	if p != nil {
		return s.refuse(c, p)
	}
	overwrite, isBool := body["overwriteImportedDeviceIdentities"].(bool)
	if _, sent := body["overwriteImportedDeviceIdentities"]; sent && !isBool {
		return s.refuse(c, wrongType("overwriteImportedDeviceIdentities", "Edm.Boolean"))
	}
	if p := s.checkImport(rows); p != nil {
		return s.refuse(c, p)
	}
	results := make([]any, 0, len(rows))
	seen := map[key]bool{}
	for i := range rows {
		results = append(results, s.importRow(&rows[i], overwrite, seen))
	}
	if s.behaviour.ImportReversed {
		slices.Reverse(results)
	}
	return jsonReply(http.StatusOK, map[string]any{
		"@odata.context": c.context("Collection(" + resultType + ")"), "value": results,
	})
}

// checkImport finds what refuses the whole call, before anything is written.
func (s *Server) checkImport(rows []payload) *problem {
	if !s.behaviour.InvalidFailsRow {
		if p := s.checkRows(rows); p != nil {
			return p
		}
	}
	keys := map[key]bool{}
	added := 0
	for i := range rows {
		row := &rows[i]
		if p := s.behaviour.checkDescription(row); p != nil {
			return p
		}
		k := s.store.keyOf(row.identity.ImportedDeviceIdentityType, row.identity.ImportedDeviceIdentifier)
		if keys[k] && s.behaviour.DuplicateRows == DuplicateRefused {
			return badRequest("Duplicate device identifiers found in the import records!")
		}
		if !keys[k] && s.store.byKey[k] == nil && !s.fails(row) {
			added++
		}
		keys[k] = true
	}
	if limit := s.behaviour.TenantLimit; limit > 0 && added > 0 && s.store.len()+added > limit {
		return tenantFull(limit)
	}
	return nil
}

// fails reports whether a new row is one that the service cannot import (behaviour 12).
func (s *Server) fails(row *payload) bool {
	i := &row.identity
	return s.behaviour.invalid(row) ||
		(s.behaviour.FailRow != nil && s.behaviour.FailRow(i.ImportedDeviceIdentityType, i.ImportedDeviceIdentifier))
}

// importRow does one row and returns its result.
func (s *Server) importRow(row *payload, overwrite bool, seen map[key]bool) map[string]any {
	k := s.store.keyOf(row.identity.ImportedDeviceIdentityType, row.identity.ImportedDeviceIdentifier)
	repeated := seen[k]
	seen[k] = true
	r := s.store.byKey[k]
	switch {
	case r == nil && s.fails(row):
		return s.result(row, s.failed(row), false)
	case r == nil:
		// Status is what a create was sent; for an imported row it is the service's verdict and is not kept.
		row.identity.Status = nil
		return s.result(row, s.insert(row).identity, true)
	case repeated && s.behaviour.DuplicateRows == DuplicateSecondFails:
		return s.result(row, r.identity, false)
	case overwrite || repeated:
		s.overwrite(r, row)
		return s.result(row, r.identity, true)
	default:
		return s.result(row, r.identity, false)
	}
}

// overwrite changes the description of an existing identity and nothing else.
func (s *Server) overwrite(r *record, row *payload) {
	description, touched := s.behaviour.describe(r.identity.Description, row)
	if s.behaviour.OverwriteIgnored || !touched {
		return
	}
	changed := r.identity.clone()
	changed.Description, changed.LastModifiedDateTime = description, s.now()
	s.change(r, changed)
}

// failed is the object of a row that was not imported: it carries an id that GET does not know.
func (s *Server) failed(row *payload) Identity {
	now := s.now()
	i := row.identity
	identityType := i.ImportedDeviceIdentityType
	if identityType == "" {
		identityType = "unknown"
	}
	return Identity{
		ID:                         s.newID(identityType, i.ImportedDeviceIdentifier),
		ImportedDeviceIdentifier:   i.ImportedDeviceIdentifier,
		ImportedDeviceIdentityType: identityType,
		Description:                i.Description,
		EnrollmentState:            "notContacted",
		Platform:                   "unknown",
		CreatedDateTime:            now,
		LastModifiedDateTime:       now,
	}
}

func (s *Server) result(row *payload, identity Identity, status bool) map[string]any {
	object := s.writeResult(identity, &status)
	// The rows of an action have one declared type, which is not repeated.
	delete(object, "@odata.type")
	if s.behaviour.EchoIdentifier {
		object["importedDeviceIdentifier"] = row.identity.ImportedDeviceIdentifier
	}
	return object
}
