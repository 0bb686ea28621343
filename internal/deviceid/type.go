// Package deviceid knows the corporate device identifiers of Intune: which
// types exist, which values a type accepts, when two spellings mean the same
// device and what is sent over the wire.
//
// It knows neither Terraform nor Microsoft Graph. Errors are whole sentences
// that say what is wrong and what to write instead, so that they can be shown
// to an administrator as they are.
package deviceid

import (
	"fmt"
	"strings"
)

// Type is the kind of a corporate device identifier, spelled as the Graph enum
// importedDeviceIdentityType spells it.
type Type string

// The members of importedDeviceIdentityType. The enum is not evolvable: Graph
// refuses every other member.
const (
	TypeUnknown                 Type = "unknown"
	TypeIMEI                    Type = "imei"
	TypeSerialNumber            Type = "serialNumber"
	TypeManufacturerModelSerial Type = "manufacturerModelSerial"
)

// Types returns all types in the order of their Graph enum values (0 to 3).
func Types() []Type {
	return []Type{TypeUnknown, TypeIMEI, TypeSerialNumber, TypeManufacturerModelSerial}
}

// TypeStrings returns the names of [Types], in the same order.
func TypeStrings() []string {
	types := Types()
	names := make([]string, len(types))
	for i, t := range types {
		names[i] = string(t)
	}
	return names
}

// ParseImportID reads the import id "<type>/<identifier>", for example
// "serialNumber/C02ABC123DEF". ok is false when the part before the first
// slash is not exactly the name of a type: the string is then a raw Graph id,
// which is opaque and may itself contain "/", "+" and "=". The identifier is
// returned as written, and is not validated.
func ParseImportID(s string) (t Type, identifier string, ok bool) {
	name, rest, found := strings.Cut(s, "/")
	if !found {
		return "", "", false
	}
	for _, t := range Types() {
		if name == string(t) {
			return t, rest, true
		}
	}
	return "", "", false
}

// invalid is an error whose text is one or more complete sentences.
type invalid string

func (e invalid) Error() string { return string(e) }

func invalidf(format string, args ...any) error {
	return invalid(fmt.Sprintf(format, args...))
}
