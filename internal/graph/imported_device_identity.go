package graph

import (
	"encoding/json"
	"strings"
)

const (
	// odataTypeResult is the type that the reference's create example sends.
	odataTypeResult = "#microsoft.graph.importedDeviceIdentityResult"
	odataType       = "#microsoft.graph.importedDeviceIdentity"
)

// ImportedDeviceIdentity is what the service answers: importedDeviceIdentity, or
// importedDeviceIdentityResult where Status is set. A nil pointer is a member
// that the answer omitted or null. Enum members are strings, so that one that
// this package does not know survives reading.
//
// https://learn.microsoft.com/graph/api/resources/intune-enrollment-importeddeviceidentityresult?view=graph-rest-beta
type ImportedDeviceIdentity struct {
	ODataType                  string           `json:"@odata.type"`
	ID                         string           `json:"id"`
	ImportedDeviceIdentifier   string           `json:"importedDeviceIdentifier"`
	ImportedDeviceIdentityType string           `json:"importedDeviceIdentityType"`
	LastModifiedDateTime       *DateTime        `json:"lastModifiedDateTime"`
	CreatedDateTime            *DateTime        `json:"createdDateTime"`
	LastContactedDateTime      *DateTime        `json:"lastContactedDateTime"`
	Description                Nullable[string] `json:"description"`
	EnrollmentState            *string          `json:"enrollmentState"`
	Platform                   *string          `json:"platform"`
	Status                     *bool            `json:"status"`
}

// canonicalType is the documented spelling of an identity type: an answer that
// writes another case must not look like another identity.
func canonicalType(t string) string {
	for _, name := range []string{"unknown", "imei", "serialNumber", "manufacturerModelSerial"} {
		if strings.EqualFold(t, name) {
			return name
		}
	}
	return t
}

// Nullable tells a member that the answer omitted from one that is null.
type Nullable[T any] struct {
	// Value is the zero value when the member is null or was omitted.
	Value T
	// Present is false when the member was omitted.
	Present bool
}

// UnmarshalJSON is called for every member that is present, null included.
func (n *Nullable[T]) UnmarshalJSON(b []byte) error {
	n.Present = true
	if text, ok := any(&n.Value).(*string); ok && plainText(b) {
		*text = string(b[1 : len(b)-1])
		return nil
	}
	return json.Unmarshal(b, &n.Value)
}

// plainText reports whether a JSON value is a string that stands for itself. Most
// are, and there are four in every identity of a list: reading them without a
// decoder of their own takes two fifths off the time of a page.
func plainText(b []byte) bool {
	if len(b) < 2 || b[0] != '"' || b[len(b)-1] != '"' {
		return false
	}
	for _, c := range b[1 : len(b)-1] {
		if c < ' ' || c == '"' || c == '\\' || c > '~' {
			return false
		}
	}
	return true
}

// Text is a string member of a request body that can also be null. As a pointer
// with omitempty it has the three forms of JSON: omitted, null and text.
type Text struct {
	value string
	null  bool
}

// NewText is a member that holds s, which may be empty.
func NewText(s string) *Text { return &Text{value: s} }

// NullText is a member that is null.
func NullText() *Text { return &Text{null: true} }

// MarshalJSON writes null or the text.
func (t Text) MarshalJSON() ([]byte, error) {
	if t.null {
		return []byte("null"), nil
	}
	return json.Marshal(t.value)
}

// NewImportedDeviceIdentity is the body of the documented create and a row of
// the import action. A nil or empty optional member is not sent.
type NewImportedDeviceIdentity struct {
	ImportedDeviceIdentifier   string    `json:"importedDeviceIdentifier"`
	ImportedDeviceIdentityType string    `json:"importedDeviceIdentityType"`
	Description                *Text     `json:"description,omitempty"`
	EnrollmentState            string    `json:"enrollmentState,omitempty"`
	LastContactedDateTime      *DateTime `json:"lastContactedDateTime,omitempty"`
	Platform                   string    `json:"platform,omitempty"`
	// Status belongs to the documented create only; the import action has its own.
	Status *bool `json:"status,omitempty"`
}

// typedIdentity is a body with the type that the reference's examples send.
type typedIdentity struct {
	ODataType string `json:"@odata.type"`
	NewImportedDeviceIdentity
}

// IdentityKey is the natural key of an identity, unique in a tenant.
type IdentityKey struct {
	ImportedDeviceIdentifier   string `json:"importedDeviceIdentifier"`
	ImportedDeviceIdentityType string `json:"importedDeviceIdentityType"`
}
