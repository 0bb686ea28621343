package graphsim

import (
	"encoding/base64"
	"encoding/csv"
	"strings"
	"time"
	"unicode"
)

// Identity is one importedDeviceIdentity as the tenant holds it. The JSON names are Graph's; seed and state files of
// the binary use them.
type Identity struct {
	ID                         string    `json:"id,omitempty"`
	ImportedDeviceIdentifier   string    `json:"importedDeviceIdentifier"`   // the stored spelling
	ImportedDeviceIdentityType string    `json:"importedDeviceIdentityType"` // unknown, imei, serialNumber, manufacturerModelSerial
	Description                string    `json:"description,omitempty"`      // "" is none
	EnrollmentState            string    `json:"enrollmentState,omitempty"`
	Platform                   string    `json:"platform,omitempty"`
	CreatedDateTime            time.Time `json:"createdDateTime,omitzero"`
	LastModifiedDateTime       time.Time `json:"lastModifiedDateTime,omitzero"`
	LastContactedDateTime      time.Time `json:"lastContactedDateTime,omitzero"` // zero until the device has been seen
	// Status is what a documented create sent; nil in the field profile and for imported rows.
	Status *bool `json:"status,omitempty"`
}

// clone returns a copy that shares nothing.
func (i Identity) clone() Identity {
	if i.Status != nil {
		status := *i.Status
		i.Status = &status
	}
	return i
}

// The members of the three enums (field notes §1.4); the position in identityTypes is the enum value that leads an id.
func identityTypes() []string {
	return []string{"unknown", "imei", "serialNumber", "manufacturerModelSerial"}
}

func enrollmentStates() []string {
	return []string{"unknown", "enrolled", "pendingReset", "failed", "notContacted", "blocked"}
}

func platforms() []string {
	return []string{"unknown", "ios", "android", "windows", "windowsMobile", "macOS", "visionOS", "tvOS"}
}

// base64ID is the id that one captured request shows: base64 of the type's number and the stored identifier
// (behaviour 6, field notes §2.3).
func base64ID(identityType, identifier string) string {
	number := byte(0)
	for _, member := range identityTypes() {
		if member == identityType {
			return base64.StdEncoding.EncodeToString(append([]byte{number}, identifier...))
		}
		number++
	}
	return base64.StdEncoding.EncodeToString(append([]byte{0}, identifier...)) // a type that only a seed can have
}

// normalise returns what the service stores for a sent identifier; ok is false for one that it refuses (behaviours 7,
// 8, 13).
func (b *Behaviour) normalise(identityType, identifier string) (stored string, ok bool) {
	trimmed := strings.TrimSpace(identifier)
	switch identityType {
	case "imei":
		return trimmed, b.validIMEI(trimmed)
	case "serialNumber":
		return b.normaliseSerial(trimmed)
	case "manufacturerModelSerial":
		parts, valid := manufacturerModelSerial(trimmed)
		if !b.NormaliseMMS || !valid {
			return trimmed, trimmed != "" && (valid || !b.CheckIdentifiers)
		}
		return strings.Join(parts, ","), true
	default:
		return trimmed, trimmed != ""
	}
}

func (b *Behaviour) validIMEI(imei string) bool {
	if imei == "" {
		return false
	}
	if !b.CheckIdentifiers {
		return true
	}
	if strings.Trim(imei, "0123456789") != "" {
		return false
	}
	return !b.IMEILengthChecked || (len(imei) >= 14 && len(imei) <= 16)
}

func (b *Behaviour) normaliseSerial(serial string) (string, bool) {
	switch b.SerialForm {
	case SerialUpper:
		serial = strings.ToUpper(serial)
	case SerialStripped:
		serial = stripped(serial)
	case SerialTrimmed:
	}
	return serial, serial != ""
}

// manufacturerModelSerial splits one CSV line, quotes honoured, into its three parts as the portal stores them; ok is
// false when there are not three, or nothing is left of one.
func manufacturerModelSerial(line string) (parts []string, ok bool) {
	reader := csv.NewReader(strings.NewReader(line))
	reader.TrimLeadingSpace = true
	reader.FieldsPerRecord = -1
	records, err := reader.ReadAll()
	if err != nil || len(records) != 1 || len(records[0]) != 3 {
		return nil, false
	}
	for _, part := range records[0] {
		part = stripped(part)
		if part == "" {
			return nil, false
		}
		parts = append(parts, part)
	}
	return parts, true
}

func stripped(s string) string {
	return strings.ToUpper(strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return r
		}
		return -1
	}, s))
}
