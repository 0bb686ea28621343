package deviceid

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxLength is the number of characters that a serial number, an identifier of
// unknown type or one part of a manufacturerModelSerial may have.
const MaxLength = 128

// Validate reports whether identifier can be an identifier of type t. Blanks
// around it are accepted, because [Wire] removes them. The error is a text for
// the user: what is wrong, and what to write instead.
func Validate(t Type, identifier string) error {
	switch t {
	case TypeUnknown, TypeSerialNumber, TypeIMEI, TypeManufacturerModelSerial:
	default:
		return invalidf("%s is not an identifier type. Write one of: %s.", quote(string(t)), strings.Join(TypeStrings(), ", "))
	}
	identifier = strings.TrimSpace(identifier)
	if identifier == "" {
		return invalidf("The identifier is empty. %s", form(t))
	}
	if err := validateCharacters("The identifier", identifier); err != nil {
		return err
	}
	switch t {
	case TypeIMEI:
		_, err := imeiDigits(identifier)
		return err
	case TypeManufacturerModelSerial:
		parts, err := splitParts(identifier)
		if err != nil {
			return err
		}
		for i, part := range parts {
			if err := validatePart(i, part); err != nil {
				return fmt.Errorf("%w %s", err, mmsForm)
			}
		}
		return nil
	default:
		return validateLength("The identifier", identifier)
	}
}

// Warning returns what is suspicious about a valid identifier, or "". It warns
// of an IMEI of 15 digits whose last digit is not its check digit: Intune
// accepts it, and no device ever matches it.
func Warning(t Type, identifier string) string {
	if t != TypeIMEI {
		return ""
	}
	digits, err := imeiDigits(identifier)
	if err != nil || len(digits) != imeiWithCheck {
		return ""
	}
	want := luhn(digits[:imeiBody])
	if int(digits[imeiBody]-'0') == want {
		return ""
	}
	return fmt.Sprintf("The IMEI %s ends in the check digit %c, and %d is the check digit of its first 14 digits. "+
		"Intune accepts it, but a device with this IMEI can hardly exist: one of the digits is probably mistyped. "+
		"If the first 14 digits are right, write %s%d.",
		quote(strings.TrimSpace(identifier)), digits[imeiBody], want, digits[:imeiBody], want)
}

// form says how an identifier of type t is written.
func form(t Type) string {
	switch t {
	case TypeIMEI:
		return "Write the IMEI as 14 to 16 digits, for example 490154203237518."
	case TypeManufacturerModelSerial:
		return mmsForm
	default:
		return "Write the serial number as the device reports it, for example C02ABC123DEF."
	}
}

// validatePart checks part i of a manufacturerModelSerial identifier.
func validatePart(i int, part string) error {
	name := [mmsParts]string{"manufacturer", "model", "serial number"}[i]
	subject := "The " + name
	if strings.TrimSpace(part) == "" {
		return invalidf("%s is empty, and Intune needs all three parts: manufacturer, model and serial number.", subject)
	}
	if err := validateCharacters(subject, part); err != nil {
		return err
	}
	if strings.Map(keepAlphanumeric, part) == "" {
		return invalidf("%s %s has neither a letter nor a digit, so nothing is left of it when Intune stores it. "+
			"Write the %s as the device reports it.", subject, quote(part), name)
	}
	return validateLength(subject, part)
}

// validateCharacters refuses what no device reports: broken text, control
// characters, and invisible ones such as the zero-width space or the byte order
// mark that come along when text is copied from a web page or an Excel export.
func validateCharacters(subject, s string) error {
	if !utf8.ValidString(s) {
		return invalidf("%s %s is not valid UTF-8. Save the file that it comes from as UTF-8.", subject, quote(s))
	}
	position := 0
	for _, r := range s {
		position++
		kind := ""
		switch {
		case unicode.IsControl(r):
			kind = "control"
		case unicode.Is(unicode.Cf, r):
			kind = "invisible"
		default:
			continue
		}
		return invalidf("%s %s contains the %s character %U at position %d. Remove it.", subject, quote(s), kind, r, position)
	}
	return nil
}

func validateLength(subject, s string) error {
	if n := utf8.RuneCountInString(s); n > MaxLength {
		return invalidf("%s %s has %d characters, and at most %d are accepted. Write it as the device reports it, without a description.",
			subject, quote(s), n, MaxLength)
	}
	return nil
}

// quote puts a value into a message: on one line, visible and not too long.
func quote(s string) string {
	const most = 60
	if utf8.RuneCountInString(s) <= most {
		return fmt.Sprintf("%q", s)
	}
	return fmt.Sprintf("%q (shortened)", string([]rune(s)[:most])+"…")
}
