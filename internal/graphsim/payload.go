package graphsim

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

const (
	baseType       = "microsoft.graph.importedDeviceIdentity"
	resultType     = "microsoft.graph.importedDeviceIdentityResult"
	maxDescription = 128 // characters (field notes §1.3)
)

// payload is one identity as a client sent it.
type payload struct {
	identity Identity
	sent     map[string]bool // members that were present, null or not
	null     map[string]bool
	isResult bool // @odata.type is that of the result
}

// object decodes the body of a request into one JSON object (behaviour 14).
func (c *call) object() (map[string]any, *problem) {
	decoder := json.NewDecoder(bytes.NewReader(c.request.Body))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return nil, gatewayBadRequest("Unable to read JSON request payload. Please ensure Content-Type header is set and payload " +
			"is of valid JSON format.")
	}
	object, ok := value.(map[string]any)
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) || !ok {
		return nil, gatewayBadRequest("Unable to read JSON request payload: one JSON object is expected.")
	}
	return object, nil
}

// decodePayload reads one identity and is strict about names, JSON types and enum members.
func decodePayload(object map[string]any) (payload, *problem) {
	p := payload{sent: map[string]bool{}, null: map[string]bool{}}
	if declared, ok := object["@odata.type"]; ok {
		name, _ := declared.(string)
		name = strings.TrimPrefix(name, "#")
		if name != baseType && name != resultType {
			return p, gatewayBadRequest("A type named '%v' could not be resolved by the model.", declared)
		}
		p.isResult = name == resultType
	}
	// Sorted, so that the same body always gets the same complaint.
	for _, name := range slices.Sorted(maps.Keys(object)) {
		if name == "@odata.type" {
			continue
		}
		if problem := p.member(name, object[name]); problem != nil {
			return p, problem
		}
	}
	return p, nil
}

func (p *payload) member(name string, value any) *problem {
	p.sent[name], p.null[name] = true, value == nil
	i := &p.identity
	switch name {
	case "id":
		return text(name, value, false, &i.ID)
	case "importedDeviceIdentifier":
		return text(name, value, true, &i.ImportedDeviceIdentifier)
	case "description":
		return text(name, value, true, &i.Description)
	case "importedDeviceIdentityType":
		return enum(name, value, identityTypes(), &i.ImportedDeviceIdentityType)
	case "enrollmentState":
		return enum(name, value, enrollmentStates(), &i.EnrollmentState)
	case "platform":
		return enum(name, value, platforms(), &i.Platform)
	case "createdDateTime":
		return dateTime(name, value, &i.CreatedDateTime)
	case "lastModifiedDateTime":
		return dateTime(name, value, &i.LastModifiedDateTime)
	case "lastContactedDateTime":
		return dateTime(name, value, &i.LastContactedDateTime)
	case "status":
		if status, ok := value.(bool); ok && p.isResult {
			i.Status = &status
			return nil
		}
		if p.isResult {
			return wrongType(name, "Edm.Boolean")
		}
	}
	declared := baseType
	if p.isResult {
		declared = resultType
	}
	return gatewayBadRequest("The property '%s' does not exist on type '%s'. Make sure to only use property names that are "+
		"defined by the type.", name, declared)
}

func wrongType(name, want string) *problem {
	return gatewayBadRequest("Cannot convert the value of property '%s' to the expected type '%s'.", name, want)
}

func text(name string, value any, nullable bool, into *string) *problem {
	if value == nil && nullable {
		return nil
	}
	s, ok := value.(string)
	if !ok {
		return wrongType(name, "Edm.String")
	}
	*into = s
	return nil
}

func enum(name string, value any, members []string, into *string) *problem {
	s, ok := value.(string)
	if !ok {
		return wrongType(name, "microsoft.graph."+name)
	}
	if !slices.Contains(members, s) {
		return badRequest("Requested value '%s' was not found in the enumeration type 'microsoft.graph.%s'.", s, name)
	}
	*into = s
	return nil
}

func dateTime(name string, value any, into *time.Time) *problem {
	s, ok := value.(string)
	if !ok {
		return wrongType(name, "Edm.DateTimeOffset")
	}
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return wrongType(name, "Edm.DateTimeOffset")
	}
	*into = t.Truncate(100 * time.Nanosecond)
	return nil
}

// checkDescription applies the limit of 128 characters (behaviour 15).
func (b *Behaviour) checkDescription(p *payload) *problem {
	if utf8.RuneCountInString(p.identity.Description) <= maxDescription {
		return nil
	}
	switch b.LongDescription {
	case LongCut:
		p.identity.Description = string([]rune(p.identity.Description)[:maxDescription])
	case LongAccepted:
	case LongRefused:
		return badRequest("The description is too long: at most %d characters are allowed.", maxDescription)
	}
	return nil
}

// describe returns the description that an overwrite or PATCH leaves behind, and whether it was touched at all
// (question 6).
func (b *Behaviour) describe(current string, p *payload) (description string, touched bool) {
	if !p.sent["description"] {
		if b.OmissionClears {
			return "", true
		}
		return current, false
	}
	if p.identity.Description != "" {
		return p.identity.Description, true
	}
	clearing := b.ClearedBy == ClearedByBoth ||
		(b.ClearedBy == ClearedByNull && p.null["description"]) ||
		(b.ClearedBy == ClearedByEmpty && !p.null["description"])
	if clearing {
		return "", true
	}
	return current, true
}

// invalid reports whether the record is one that the service calls an invalid device identifier (behaviour 13).
func (b *Behaviour) invalid(p *payload) bool {
	if p.identity.ImportedDeviceIdentityType == "" {
		return true
	}
	_, ok := b.normalise(p.identity.ImportedDeviceIdentityType, p.identity.ImportedDeviceIdentifier)
	return !ok
}

// write turns an identity into the JSON object of the wire, without status.
func (s *Server) write(i Identity) map[string]any {
	object := map[string]any{
		"id":                         i.ID,
		"importedDeviceIdentifier":   i.ImportedDeviceIdentifier,
		"importedDeviceIdentityType": i.ImportedDeviceIdentityType,
		"lastModifiedDateTime":       s.writeTime(i.LastModifiedDateTime),
		"createdDateTime":            s.writeTime(i.CreatedDateTime),
		// As it was sent, with its own offset, where the profile keeps it.
		"lastContactedDateTime": i.LastContactedDateTime.Format(dateTimeOffset),
		"description":           i.Description,
		"enrollmentState":       i.EnrollmentState,
		"platform":              i.Platform,
	}
	if i.Description == "" && s.behaviour.NullDescription {
		object["description"] = nil
	}
	return object
}

// dateTimeOffset writes up to seven digits of a second, and none for a whole one.
const dateTimeOffset = "2006-01-02T15:04:05.9999999Z07:00"

func (s *Server) writeTime(t time.Time) string {
	if s.behaviour.DateZone != nil {
		t = t.In(s.behaviour.DateZone)
	} else {
		t = t.UTC()
	}
	return t.Format(dateTimeOffset)
}

// writeResult adds the declared type and the status of the result.
func (s *Server) writeResult(i Identity, status *bool) map[string]any {
	object := s.write(i)
	object["@odata.type"] = "#" + resultType
	if status != nil {
		object["status"] = *status
	}
	return object
}

func (c *call) context(suffix string) string {
	return c.root + "/" + c.version + "/$metadata#" + suffix
}
