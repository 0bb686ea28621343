package inventory

import (
	"strings"
	"time"
	"unicode"

	"github.com/intunetf/terraform-provider-intune/internal/deviceid"
)

// Filter narrows a list of identities. Every field that is set must match; the
// zero value lets all identities pass.
type Filter struct {
	Type, EnrollmentState string
	// Platform is compared whatever the case: the reference spells tvOS in two ways.
	Platform string
	// IdentifierContains is compared as identifiers are: whatever the case, and
	// also in the form that Intune stores.
	IdentifierContains string
	// NeverContacted selects identities without a last contact, or only those with
	// one.
	NeverContacted *bool
	// LastContactedBefore selects identities whose last contact is earlier. One that
	// never had contact has no last contact, however Graph writes that: a freshly
	// imported identifier is not stale.
	LastContactedBefore *time.Time
	// CreatedBefore selects identities that are known to be older.
	CreatedBefore *time.Time
}

// Match reports whether an identity passes.
func (f Filter) Match(identity Identity) bool {
	return (f.Type == "" || f.Type == identity.ImportedDeviceIdentityType) &&
		(f.Platform == "" || strings.EqualFold(f.Platform, textOf(identity.Platform))) &&
		(f.EnrollmentState == "" || f.EnrollmentState == textOf(identity.EnrollmentState)) &&
		(f.NeverContacted == nil || *f.NeverContacted == NeverContacted(identity)) &&
		(f.LastContactedBefore == nil || !NeverContacted(identity) && identity.LastContactedDateTime.Before(*f.LastContactedBefore)) &&
		(f.CreatedBefore == nil || isBefore(identity.CreatedDateTime, *f.CreatedBefore)) &&
		f.matchIdentifier(identity)
}

func (f Filter) matchIdentifier(identity Identity) bool {
	if f.IdentifierContains == "" {
		return true
	}
	stored := strings.ToUpper(identity.ImportedDeviceIdentifier)
	if strings.Contains(stored, strings.ToUpper(f.IdentifierContains)) {
		return true
	}
	t := deviceid.Type(identity.ImportedDeviceIdentityType)
	text := normalizePart(t, f.IdentifierContains)
	return text != "" && strings.Contains(deviceid.Normalize(t, identity.ImportedDeviceIdentifier), text)
}

// normalizePart is a piece of an identifier in the form that Intune stores. A
// piece of manufacturer,model,serial need not have three parts, and a piece with
// letters must not become an IMEI's digits, so that [deviceid.Normalize] is not
// enough.
func normalizePart(t deviceid.Type, text string) string {
	switch t {
	case deviceid.TypeIMEI:
		return strings.ToUpper(deviceid.Wire(t, text))
	case deviceid.TypeManufacturerModelSerial:
		if _, _, _, err := deviceid.SplitManufacturerModelSerial(text); err == nil {
			return deviceid.Normalize(t, text)
		}
		return strings.ToUpper(strings.Map(func(r rune) rune {
			if r == ',' || unicode.IsLetter(r) || unicode.IsDigit(r) {
				return r
			}
			return -1
		}, text))
	default:
		return deviceid.Normalize(t, text)
	}
}

// onServer is the text that the service may be asked for, "" where its answer
// could be short of matches. Whether contains() of the service folds case is not
// documented, and a stored Windows identifier has no punctuation: only digits of
// a type that is made of digits, or that is stored as it is, are certain.
func (f Filter) onServer() string {
	if f.Type != string(deviceid.TypeIMEI) && f.Type != string(deviceid.TypeSerialNumber) {
		return ""
	}
	text := normalizePart(deviceid.Type(f.Type), f.IdentifierContains)
	if strings.Trim(text, "0123456789") != "" {
		return ""
	}
	return text
}

// NeverContacted reports whether the device has not contacted Intune since its
// identifier was added: Graph writes the first day of the calendar.
func NeverContacted(identity Identity) bool {
	return identity.LastContactedDateTime == nil || identity.LastContactedDateTime.UTC().Year() <= 1
}

func isBefore(t *DateTime, bound time.Time) bool { return t != nil && t.Before(bound) }

func textOf(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
