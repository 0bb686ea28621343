package deviceid

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

const byteOrderMark = "\ufeff"

// portalReader reads the lines of a file. It is not encoding/csv because that
// stops at the first fault, where this one goes on with the next line, and
// because people write blanks outside of quotes.
type portalReader struct {
	rest      string
	line      int // of the first character of rest
	separator byte
}

// portalRecord is a line, or several when a quoted cell has line breaks.
type portalRecord struct {
	line  int // the first one
	cells []string
	// startsBare is set when the first cell is not quoted.
	startsBare bool
	// err says why the line cannot be read.
	err error
}

// newPortalReader finds out what separates the columns: a file has one
// separator, so every line has a vote, and the portal's comma wins a draw.
func newPortalReader(t Type, content string) *portalReader {
	line := 1
	if first, rest := cutLine(content); len(first) == len("sep=;") && strings.HasPrefix(first, "sep=") {
		// Excel's own way to name the separator.
		if separator := first[len(first)-1]; separator == ',' || separator == ';' {
			return &portalReader{rest: rest, line: line + 1, separator: separator}
		}
	}
	separator := byte(',')
	if strings.Contains(content, ";") && votes(t, content, ';') > votes(t, content, ',') {
		separator = ';'
	}
	return &portalReader{rest: content, line: line, separator: separator}
}

// votes counts the lines that a separator takes apart well: into three parts
// that are not empty, or behind an identifier without any separator in it (the
// details may have the other separator). The decimal comma of a number that
// Excel has shortened separates nothing.
func votes(t Type, content string, separator byte) int {
	reader := portalReader{rest: content, line: 1, separator: separator}
	other := otherSeparator(separator)
	count := 0
	var record portalRecord
	for reader.next(&record) {
		cells := withoutTrailingEmpty(record.cells)
		switch {
		case record.err != nil:
		case t == TypeManufacturerModelSerial:
			if len(cells) == mmsParts && cells[0] != "" && cells[1] != "" {
				count++
			}
		case len(record.cells) < 2 || separator == ',' && cutShortenedNumber(record.cells) != "":
		case !record.startsBare || isShortenedNumber(record.cells[0]) || strings.IndexByte(record.cells[0], other) < 0:
			count++
		}
	}
	return count
}

// next reads the next line into record, whose cells are valid until the next
// call. A line that cannot be read ends where it ends, even in an open quote:
// otherwise one forgotten quote would hide the faults of all lines below. That
// stays linear, because an open quote reaches no further than to the next line
// with an odd number of quotes.
func (r *portalReader) next(record *portalRecord) bool {
	if r.rest == "" {
		return false
	}
	record.line, record.cells, record.err = r.line, record.cells[:0], nil
	start := r.rest
	for {
		r.rest = trimBlanks(r.rest)
		cell, bare, err := r.cell()
		if err != nil {
			record.err = err
			_, r.rest = cutLine(start)
			r.line = record.line + 1
			return true
		}
		if len(record.cells) == 0 {
			record.startsBare = bare
		}
		record.cells = append(record.cells, cell)
		if r.rest == "" {
			return true
		}
		if r.rest[0] != r.separator {
			_, r.rest = cutLine(r.rest)
			r.line++
			return true
		}
		r.rest = r.rest[1:]
	}
}

// cell takes one cell from a rest without blanks before it, and leaves the rest
// at a separator, a line end or the end of the file.
func (r *portalReader) cell() (cell string, bare bool, err error) {
	if !strings.HasPrefix(r.rest, `"`) {
		end := r.endOfCell()
		cell = strings.TrimRightFunc(r.rest[:end], unicode.IsSpace)
		r.rest = r.rest[end:]
		switch {
		case strings.HasPrefix(cell, formulaStart):
			return "", true, errFormula
		case strings.Contains(cell, `"`):
			return "", true, errStrayQuote
		}
		return cell, true, nil
	}
	cell, rest, err := cutQuoted(r.rest[1:])
	if err != nil {
		return "", false, err
	}
	r.line += countLineEnds(r.rest[:len(r.rest)-len(rest)])
	r.rest = trimBlanks(rest)
	if r.endOfCell() > 0 {
		return "", false, errStrayQuote
	}
	return cell, false, nil
}

// endOfCell is where a bare cell at the start of the rest ends.
func (r *portalReader) endOfCell() int {
	for i := range len(r.rest) {
		if c := r.rest[i]; c == r.separator || c == '\n' || c == '\r' {
			return i
		}
	}
	return len(r.rest)
}

// trimBlanks removes the blanks at the start of s that do not end the line.
func trimBlanks(s string) string {
	return strings.TrimLeftFunc(s, func(c rune) bool { return c != '\n' && c != '\r' && unicode.IsSpace(c) })
}

// cutLine cuts s at its first line end: CRLF, LF, or the CR of old Macs.
func cutLine(s string) (line, rest string) {
	i := strings.IndexAny(s, "\r\n")
	switch {
	case i < 0:
		return s, ""
	case strings.HasPrefix(s[i:], "\r\n"):
		return s[:i], s[i+2:]
	default:
		return s[:i], s[i+1:]
	}
}

func countLineEnds(s string) int {
	return strings.Count(s, "\n") + strings.Count(s, "\r") - strings.Count(s, "\r\n")
}

// withoutTrailingEmpty drops what Excel writes for the empty cells of a sheet.
func withoutTrailingEmpty(cells []string) []string {
	for len(cells) > 0 && strings.TrimSpace(cells[len(cells)-1]) == "" {
		cells = cells[:len(cells)-1]
	}
	return cells
}

// quoteCell quotes a cell that would otherwise be read differently.
func quoteCell(cell string) string {
	if !strings.ContainsAny(cell, ",;\"\r\n") && cell == strings.TrimSpace(cell) && !strings.HasPrefix(cell, "sep=") {
		return cell
	}
	return `"` + strings.ReplaceAll(cell, `"`, `""`) + `"`
}

// checkEncoding refuses content that was not read as UTF-8. One message is
// enough: nothing that follows can be trusted.
func checkEncoding(content string) error {
	const remedy = `In Excel, save the file as "CSV UTF-8 (Comma delimited)", or read it in Terraform with textdecodebase64(filebase64("devices.csv"), %q)`

	at := strings.IndexFunc(content, func(c rune) bool { return c == 0 || c == utf8.RuneError })
	if at < 0 {
		return nil
	}
	line := 1 + countLineEnds(content[:at])
	switch {
	case content[at] == 0 && !strings.HasPrefix(content, "\xff\xfe") && strings.Count(content, "\x00") < len(content)/4:
		return invalidf("line %d: the content has a NUL, a byte that no text has: remove it", line)
	case strings.HasPrefix(content, "\xfe\xff"), strings.HasPrefix(content, "\x00"):
		return invalidf("line %d: the content is not UTF-8 but UTF-16. "+remedy, line, "UTF-16BE")
	case content[at] == 0, strings.HasPrefix(content, "\xff\xfe"):
		return invalidf("line %d: the content is not UTF-8 but UTF-16. "+remedy, line, "UTF-16LE")
	case strings.HasPrefix(content[at:], string(utf8.RuneError)):
		return invalidf("line %d: the content has the character U+FFFD, which stands for one that was lost in a conversion. "+remedy, line, "windows-1252")
	default:
		return invalidf("line %d: the content is not UTF-8 (byte 0x%02X); perhaps it is Windows-1252. "+remedy, line, content[at], "windows-1252")
	}
}
