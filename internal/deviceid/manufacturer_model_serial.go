package deviceid

import (
	"errors"
	"strings"
	"unicode"
)

// mmsParts is the number of parts of a manufacturerModelSerial identifier.
const mmsParts = 3

const mmsForm = "Write it as manufacturer,model,serial, for example Microsoft Corporation,Surface Laptop 5,0F12345A; " +
	`put a part that contains a comma in double quotes: "Dell, Inc.",Latitude 5440,ABC1234.`

var (
	// errUnbalancedQuote is a quoted part that never ends.
	errUnbalancedQuote = errors.New("a double quote is opened and never closed")
	// errStrayQuote is a quote that neither opens nor closes a part.
	errStrayQuote = errors.New("a double quote stands in the middle of a part")
)

// ManufacturerModelSerial joins the three parts of an identifier of type
// manufacturerModelSerial into the CSV form that Intune reads. A part is quoted
// only where it must be, quotes inside it are doubled, and
// [SplitManufacturerModelSerial] gives the same parts back. The error names the
// part that cannot be used.
func ManufacturerModelSerial(manufacturer, model, serial string) (string, error) {
	parts := [mmsParts]string{manufacturer, model, serial}
	var b strings.Builder
	for i, part := range parts {
		if err := validatePart(i, part); err != nil {
			return "", err
		}
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(quotePart(part))
	}
	return b.String(), nil
}

// SplitManufacturerModelSerial is the inverse of [ManufacturerModelSerial].
// Commas inside double quotes do not separate, and blanks around a part are not
// part of it unless they are quoted. The error is a sentence for the user.
func SplitManufacturerModelSerial(s string) (manufacturer, model, serial string, err error) {
	parts, err := splitParts(s)
	if err != nil {
		return "", "", "", err
	}
	return parts[0], parts[1], parts[2], nil
}

// splitParts reads a line of exactly three parts.
func splitParts(s string) ([mmsParts]string, error) {
	var room [mmsParts + 1]string // keeps the usual line off the heap
	fields, err := splitLine(s, room[:0])
	if err != nil {
		return [mmsParts]string{}, invalidf("%s cannot be read: %v. %s "+
			`A double quote that belongs to a part is doubled, and the part quoted: "24"" Monitor".`, quote(s), err, mmsForm)
	}
	if len(fields) == mmsParts {
		return [mmsParts]string(fields), nil
	}
	noun, hint := "parts", ""
	if len(fields) == 1 {
		noun = "part"
		if strings.Contains(s, ";") {
			hint = "Separate the parts by commas, not semicolons. "
		}
	}
	return [mmsParts]string{}, invalidf("%s has %d comma-separated %s, and a manufacturerModelSerial identifier has exactly 3. %s%s",
		quote(s), len(fields), noun, hint, mmsForm)
}

// splitLine appends the comma-separated fields of one line to fields. It reads
// what encoding/csv reads, and more of what people write: blanks are allowed on
// both sides of a quoted field. A line break is a blank like any other. It is
// not encoding/csv because a fleet has tens of thousands of lines, each of
// which is compared several times, and a csv.Reader costs a buffer per line.
func splitLine(s string, fields []string) ([]string, error) {
	for {
		s = strings.TrimLeftFunc(s, unicode.IsSpace)
		if !strings.HasPrefix(s, `"`) {
			field, rest, more := strings.Cut(s, ",")
			if strings.Contains(field, `"`) {
				return fields, errStrayQuote
			}
			fields = append(fields, strings.TrimRightFunc(field, unicode.IsSpace))
			if !more {
				return fields, nil
			}
			s = rest
			continue
		}
		field, rest, err := cutQuoted(s[1:])
		if err != nil {
			return fields, err
		}
		fields = append(fields, field)
		s = strings.TrimLeftFunc(rest, unicode.IsSpace)
		switch {
		case s == "":
			return fields, nil
		case s[0] != ',':
			return fields, errStrayQuote
		}
		s = s[1:]
	}
}

// cutQuoted returns the content of a quoted field whose opening quote is gone,
// and what follows the closing one.
func cutQuoted(s string) (field, rest string, err error) {
	for i := 0; i < len(s); i++ {
		if s[i] != '"' {
			continue
		}
		if i+1 < len(s) && s[i+1] == '"' {
			i++
			continue
		}
		return strings.ReplaceAll(s[:i], `""`, `"`), s[i+1:], nil
	}
	return "", "", errUnbalancedQuote
}

// quotePart quotes a part that [splitLine] would otherwise read differently.
func quotePart(part string) string {
	if !strings.ContainsAny(part, `,"`) && part == strings.TrimSpace(part) {
		return part
	}
	return `"` + strings.ReplaceAll(part, `"`, `""`) + `"`
}
