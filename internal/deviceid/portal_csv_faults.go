package deviceid

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// shownFaults bounds how many faults of a file are told one by one.
const shownFaults = 20

const doubledQuote = `a double quote that belongs to a part is doubled, and the part quoted: "24"" Monitor"`

// formulaStart begins the formula by which people keep Excel from dropping
// leading zeros.
const formulaStart = `="`

var errFormula = errors.New(`="…" is a formula of Excel and no identifier: give the column the format Text and write what is between the quotes alone`)

// portalFaults gathers the faults of a file.
type portalFaults struct {
	shown []string
	count int
}

func (f *portalFaults) add(format string, args ...any) {
	if f.count++; f.count <= shownFaults {
		f.shown = append(f.shown, fmt.Sprintf(format, args...))
	}
}

// err is the one fault, or a list of them with a line for each.
func (f *portalFaults) err() error {
	switch f.count {
	case 0:
		return nil
	case 1:
		return invalid(f.shown[0])
	}
	lines := append([]string{fmt.Sprintf("%d faults:", f.count)}, f.shown...)
	if more := f.count - len(f.shown); more > 0 {
		lines = append(lines, fmt.Sprintf("and %d more", more))
	}
	return invalid(strings.Join(lines, "\n  "))
}

// inLine makes a sentence fit behind "line 3: ".
func inLine(err error) string {
	text := strings.TrimSuffix(err.Error(), ".")
	if rest, ok := strings.CutPrefix(text, "The "); ok {
		return "the " + rest
	}
	return text
}

// unreadable adds to the fault of a line what helps.
func unreadable(err error) error {
	if errors.Is(err, errFormula) {
		return err
	}
	return fmt.Errorf("%w; %s", err, doubledQuote)
}

// wrongNumberOfParts says what the line has, and the likely cause.
func wrongNumberOfParts(t Type, cells []string, separator byte) error {
	form, noun, hint := "identifier,details", "parts", ""
	if t == TypeManufacturerModelSerial {
		form = "manufacturer,model,serial"
	}
	switch {
	case len(cells) > portalColumns(t):
		hint = fmt.Sprintf("; put a part that contains a %s in double quotes", separatorName(separator))
		if t == TypeManufacturerModelSerial {
			hint += ", and write no details"
		}
	case len(cells) == 1:
		noun = "part"
		switch other := otherSeparator(separator); {
		case strings.IndexByte(cells[0], other) >= 0:
			hint = fmt.Sprintf("; the columns of this file are separated by %ss", separatorName(separator))
		case strings.Contains(cells[0], "\t"):
			hint = "; separate them by commas, not tabs"
		}
	}
	return invalidf("expected %s, found %d %s%s", form, len(cells), noun, hint)
}

// titles are the headers that people give to the columns, reduced to lower-case
// letters, in the languages of many spreadsheets.
var titles, titleWords = func() (map[string]bool, []string) {
	words := strings.Fields(`
		identifier identifiers deviceidentifier importeddeviceidentifier corporateidentifier id
		imei imeinumber meid serial serials serialno serialnr serialnumber serialnumbers deviceserial deviceserialnumber sn devicesn
		manufacturer devicemanufacturer oemmanufacturer oemmanufacturername make vendor brand
		model devicemodel oemmodelname modelname product
		details devicedetails description note notes comment
		seriennummer hersteller modell beschreibung geräteseriennummer
		numérodesérie fabricant modèle constructeur
		númerodeserie fabricante modelo
		serienummer fabrikant`)
	all, long := make(map[string]bool, len(words)), []string{}
	for _, word := range words {
		all[word] = true
		// A serial number without a digit may begin with a shorter one.
		if word == "imei" || utf8.RuneCountInString(word) > 4 {
			long = append(long, word)
		}
	}
	return all, long
}()

// isHeader reports whether a line names columns. It is asked for every line,
// because files are put together from others. One word is enough for an
// identifier; of manufacturer, model and serial number two must be titles, and
// where a title has other words beside it, or is the only one of the first line,
// no cell may have a digit, because serial numbers do. The first line of IMEIs is
// a header in any language when it has letters and no digit.
func isHeader(t Type, cells []string, first bool) bool {
	if t == TypeManufacturerModelSerial {
		exactly, about, digits := 0, 0, false
		for _, cell := range cells {
			title, exact := isTitle(cell)
			if exact {
				exactly++
			}
			if title {
				about++
			}
			digits = digits || strings.ContainsFunc(cell, isDigit)
		}
		return exactly > 1 || !digits && (about > 1 || first && about > 0)
	}
	if t == TypeIMEI && first && strings.ContainsFunc(cells[0], unicode.IsLetter) && !strings.ContainsFunc(cells[0], isDigit) {
		return true
	}
	title, _ := isTitle(cells[0])
	return title
}

// isTitle reports whether a cell names a column, and whether it says nothing
// else: "Serial number (required)" does.
func isTitle(cell string) (title, exact bool) {
	const longest = 40 // bytes; spares the work for most other cells
	if len(cell) > longest || strings.ContainsFunc(cell, isDigit) {
		return false, false
	}
	letters := strings.Map(func(c rune) rune {
		if unicode.IsLetter(c) {
			return unicode.ToLower(c)
		}
		return -1
	}, cell)
	if titles[letters] {
		return true, true
	}
	return slices.ContainsFunc(titleWords, func(word string) bool {
		return strings.HasPrefix(letters, word) || strings.HasSuffix(letters, word)
	}), false
}

// shortenedNumber is what Excel writes for a long number in a column of its
// format General: the digits behind are lost. It has ten digits or more, so a
// serial number such as 1E7 passes, and so does one with a longer tail.
var shortenedNumber = regexp.MustCompile(`^[0-9]([.,][0-9]+)?[Ee]\+?(0?9|[1-9][0-9])$`)

func isShortenedNumber(identifier string) bool {
	return strings.ContainsAny(identifier, "Ee") && shortenedNumber.MatchString(identifier)
}

// cutShortenedNumber is a shortened number whose decimal comma was taken for the
// separator, or nothing: its halves begin the first two cells, and the rest of the
// line may stand behind a semicolon.
func cutShortenedNumber(cells []string) string {
	if len(cells) < 2 {
		return ""
	}
	second, _, _ := strings.Cut(cells[1], ";")
	if number := cells[0] + "," + strings.TrimSpace(second); isShortenedNumber(number) {
		return number
	}
	return ""
}

func otherSeparator(separator byte) byte {
	if separator == ',' {
		return ';'
	}
	return ','
}

func separatorName(separator byte) string {
	if separator == ',' {
		return "comma"
	}
	return "semicolon"
}
