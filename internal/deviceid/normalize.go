package deviceid

import (
	"strings"
	"unicode"
)

// Normalize returns the key by which Intune tells identifiers of type t apart.
// Two identifiers with the same key are the same identity of a tenant.
//
//   - manufacturerModelSerial: read as one CSV line, every part reduced to its
//     letters and digits and upper-cased, joined by commas (what the service
//     stores, seen in the field).
//   - serialNumber, unknown: blanks around it removed, upper-cased.
//   - imei: digits only.
//
// Normalize is idempotent and accepts everything: a value that [Validate]
// refuses (tenants hold such values) keeps its characters, upper-cased and
// without blanks around it.
func Normalize(t Type, identifier string) string {
	switch t {
	case TypeManufacturerModelSerial:
		if parts, err := splitParts(identifier); err == nil {
			return normalizeParts(parts, len(identifier))
		}
	case TypeIMEI:
		if digits := strings.Map(keepDigit, identifier); digits != "" {
			return digits
		}
	}
	return strings.ToUpper(strings.TrimSpace(identifier))
}

// Equal reports whether a and b mean the same identity of type t.
func Equal(t Type, a, b string) bool {
	return a == b || Normalize(t, a) == Normalize(t, b)
}

// StoredAs reports whether stored can be what the service made of sent. It is
// more lenient than [Equal], because what the service strips has changed over
// time and differs between its front ends: only letters and digits count, and
// their case does not. Use it to recognise the answer to a request, never to
// find out whether two identities are the same.
func StoredAs(t Type, sent, stored string) bool {
	if Equal(t, sent, stored) {
		return true
	}
	key := strings.Map(keepAlphanumeric, sent)
	return key != "" && key == strings.Map(keepAlphanumeric, stored)
}

// Wire returns the identifier as it is sent to Graph: without blanks around it
// and, for an IMEI, without the spaces and hyphens between the digits (Graph
// refuses an IMEI that is not numeric). Everything else is left as the user
// wrote it, because the service does its own normalisation.
func Wire(t Type, identifier string) string {
	identifier = strings.TrimSpace(identifier)
	if t != TypeIMEI {
		return identifier
	}
	return strings.Map(func(r rune) rune {
		if isIMEISeparator(r) {
			return -1
		}
		return r
	}, identifier)
}

// normalizeParts joins the normalised parts; size is a hint for the buffer.
func normalizeParts(parts [mmsParts]string, size int) string {
	var b strings.Builder
	b.Grow(size)
	for i, part := range parts {
		if i > 0 {
			b.WriteByte(',')
		}
		for _, r := range part {
			if r = keepAlphanumeric(r); r >= 0 {
				b.WriteRune(r)
			}
		}
	}
	return b.String()
}

// keepAlphanumeric upper-cases letters and digits and drops (-1) the rest, as
// strings.Map wants it. Letters outside ASCII are letters too.
func keepAlphanumeric(r rune) rune {
	switch {
	case r < unicode.MaxASCII:
		switch {
		case 'a' <= r && r <= 'z':
			return r - 'a' + 'A'
		case 'A' <= r && r <= 'Z', '0' <= r && r <= '9':
			return r
		}
	case unicode.IsLetter(r), unicode.IsDigit(r):
		return unicode.ToUpper(r)
	}
	return -1
}

func keepDigit(r rune) rune {
	if isDigit(r) {
		return r
	}
	return -1
}

// isDigit is about ASCII: Graph takes no other digits in an IMEI.
func isDigit(r rune) bool { return '0' <= r && r <= '9' }
