package deviceid

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

// MaxDescription is the number of characters that the description of an
// identity may have: the limit of the portal's details column.
const MaxDescription = 128

// ParsePortalCSV reads the file that the Intune portal imports: identifier and
// details, or manufacturer, model and serial number, one type per file, no
// header. It returns descriptions by identifier; the identifier of three parts
// is built by [ManufacturerModelSerial] and has no description.
//
// It reads what Excel makes of such a file: a byte order mark, any line ending,
// quotes, semicolons instead of commas, empty lines and empty trailing cells.
// The error counts the faults of the whole file and tells the first twenty with
// their lines.
func ParsePortalCSV(t Type, content string) (map[string]string, error) {
	if err := checkType(t); err != nil {
		return nil, err
	}
	content = strings.TrimPrefix(content, byteOrderMark)
	if err := checkEncoding(content); err != nil {
		return nil, err
	}
	reader := newPortalReader(t, content)
	identities := map[string]string{}
	rows := rowSet{t: t, seen: map[string]seenRow{}}
	var faults portalFaults
	var record portalRecord
	for reader.next(&record) {
		if record.err != nil {
			faults.add("line %d: %v", record.line, unreadable(record.err))
			continue
		}
		cells := withoutTrailingEmpty(record.cells)
		if len(cells) == 0 {
			continue
		}
		if isHeader(t, cells, len(rows.seen) == 0 && faults.count == 0) {
			faults.add("line %d looks like a header: remove it", record.line)
			continue
		}
		row, err := newPortalRow(t, cells, record.startsBare, reader.separator)
		if err == nil {
			err = rows.add(row, record.line)
		}
		if err != nil {
			faults.add("line %d: %s", record.line, inLine(err))
			continue
		}
		identities[row.identifier] = row.description
	}
	if err := faults.err(); err != nil {
		return nil, err
	}
	return identities, nil
}

// FormatPortalCSV writes what [ParsePortalCSV] reads: a file for the portal, in the
// order of the identifiers. Blanks around an identifier, the quotes of its parts
// that need none and a description of nothing but blanks do not come back. What such a file cannot hold is an error:
// identifiers that are invalid or the same, and descriptions of type
// manufacturerModelSerial.
func FormatPortalCSV(t Type, identities map[string]string) (string, error) {
	if err := checkType(t); err != nil {
		return "", err
	}
	rows := rowSet{t: t, seen: make(map[string]seenRow, len(identities))}
	var faults portalFaults
	var b strings.Builder
	for _, identifier := range slices.Sorted(maps.Keys(identities)) {
		row, cells, err := formatPortalRow(t, identifier, identities[identifier], len(rows.seen) == 0)
		if err == nil {
			err = rows.add(row, 0)
		}
		if err != nil {
			faults.add("%s", inLine(err))
			continue
		}
		for i, cell := range cells {
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteString(quoteCell(cell))
		}
		b.WriteByte('\n')
	}
	if err := faults.err(); err != nil {
		return "", err
	}
	return b.String(), nil
}

// portalRow is one row of the file as the fleet resource takes it.
type portalRow struct{ identifier, description string }

// newPortalRow makes a row of the cells of a line, of which the last is not
// empty.
func newPortalRow(t Type, cells []string, startsBare bool, separator byte) (portalRow, error) {
	columns := portalColumns(t)
	if t == TypeManufacturerModelSerial && len(cells) != columns || len(cells) > columns {
		return portalRow{}, wrongNumberOfParts(t, cells, separator)
	}
	if t == TypeManufacturerModelSerial {
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		identifier, err := ManufacturerModelSerial(cells[0], cells[1], cells[2])
		if err != nil {
			return portalRow{}, err
		}
		return portalRow{identifier: identifier}, checkCells(cells[2], "")
	}
	row := portalRow{identifier: strings.TrimSpace(cells[0])}
	if number := cutShortenedNumber(cells); separator == ',' && number != "" {
		return portalRow{}, checkCells(number, "")
	}
	if len(cells) == columns {
		row.description = cells[1]
	}
	if row.identifier == "" {
		return portalRow{}, invalidf("expected identifier,details, found no identifier")
	}
	if err := checkCells(row.identifier, row.description); err != nil {
		return portalRow{}, err
	}
	// A quoted identifier is meant as it is written; a bare one with the other
	// separator in it is a line that was put together differently.
	if other := otherSeparator(separator); startsBare && strings.IndexByte(row.identifier, other) >= 0 {
		return portalRow{}, invalidf("the identifier %s contains a %s, and the columns of this file are separated by %ss",
			quote(row.identifier), separatorName(other), separatorName(separator))
	}
	return row, Validate(t, row.identifier)
}

// formatPortalRow is the inverse of [newPortalRow]. The first row of a file is
// read with more suspicion.
func formatPortalRow(t Type, identifier, description string, first bool) (portalRow, []string, error) {
	if err := Validate(t, identifier); err != nil {
		return portalRow{}, nil, err
	}
	cells := []string{strings.TrimSpace(identifier), description}
	if t == TypeManufacturerModelSerial {
		if description != "" {
			return portalRow{}, nil, invalidf("%s has the description %s, and the portal's file of Windows devices has no column for it: give it an empty one",
				quote(identifier), quote(description))
		}
		parts, _ := splitParts(identifier) // Validate has found them
		cells = parts[:]
	}
	if isHeader(t, cells, first) {
		return portalRow{}, nil, invalidf("%s looks like the header of a table and not like a device: remove it", quote(identifier))
	}
	// The last cell of a line is not empty when it is read.
	row, err := newPortalRow(t, withoutTrailingEmpty(slices.Clone(cells)), false, ',')
	if err == nil && checkEncoding(identifier+description) != nil {
		err = invalidf("%s: the identifier or its description %s has characters that are not UTF-8", quote(identifier), quote(description))
	}
	return row, cells, err
}

// checkCells checks what is not a matter of the identifier's type.
func checkCells(identifier, description string) error {
	if strings.HasPrefix(identifier, "'") {
		return invalidf("%s begins with an apostrophe, the mark for text in Excel, which is no part of the identifier: remove it", quote(identifier))
	}
	if strings.HasPrefix(identifier, formulaStart) {
		return errFormula
	}
	if isShortenedNumber(identifier) {
		return invalidf("%s is a number that Excel has shortened: give the column the format Text and enter the number again", quote(identifier))
	}
	if n := utf8.RuneCountInString(description); n > MaxDescription {
		return invalidf("the details %s have %d characters, and at most %d are accepted", quote(description), n, MaxDescription)
	}
	return nil
}

// rowSet finds rows that are the same device to Intune.
type rowSet struct {
	t    Type
	seen map[string]seenRow
}

type seenRow struct {
	identifier string
	line       int
}

// add takes a row of a line, or of no line when there is no file yet.
func (s *rowSet) add(row portalRow, line int) error {
	normal := Normalize(s.t, row.identifier)
	other, twice := s.seen[normal]
	if !twice {
		s.seen[normal] = seenRow{row.identifier, line}
		return nil
	}
	place := ""
	if other.line > 0 {
		place = fmt.Sprintf(" on line %d", other.line)
	}
	return invalidf("%s is the same identifier as %s%s: keep one of them", quote(row.identifier), quote(other.identifier), place)
}

// portalColumns is the number of columns that a file may have.
func portalColumns(t Type) int {
	if t == TypeManufacturerModelSerial {
		return mmsParts
	}
	return 2
}

// checkType refuses what is no type with the words of [Validate].
func checkType(t Type) error {
	if slices.Contains(Types(), t) {
		return nil
	}
	return Validate(t, "")
}
