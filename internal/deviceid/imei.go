package deviceid

import "strings"

// Lengths of an IMEI in digits. The check digit is the fifteenth; an IMEISV
// carries a two-digit software version in its place.
const (
	imeiBody      = 14
	imeiWithCheck = 15
	imeiSV        = 16
)

// CheckDigit returns the check digit (0 to 9, Luhn, 3GPP TS 23.003 annex B) of
// the first 14 digits of an IMEI of 14 or 15 digits. Spaces and hyphens between
// the digits are accepted. The error is a sentence for the user.
func CheckDigit(imei string) (int, error) {
	digits, err := imeiDigits(imei)
	if err != nil {
		return 0, err
	}
	if len(digits) == imeiSV {
		return 0, invalidf("%s has 16 digits: it is an IMEISV, which ends in a software version and has no check digit. "+
			"Write the IMEI with 14 or 15 digits.", quote(imei))
	}
	return luhn(digits[:imeiBody]), nil
}

// luhn returns the digit that completes digits, which are ASCII.
func luhn(digits string) int {
	sum := 0
	for i := range len(digits) {
		d := int(digits[len(digits)-1-i] - '0')
		if i%2 == 0 {
			d *= 2
			if d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return (10 - sum%10) % 10
}

// imeiDigits returns the 14 to 16 digits of an IMEI, or says what is wrong.
func imeiDigits(imei string) (string, error) {
	const form = "Write the IMEI as 14 digits (without check digit), 15 digits (with it) or 16 digits (IMEISV), for example 490154203237518."

	imei = strings.TrimSpace(imei)
	digits := strings.Map(keepDigit, imei)
	previous := '-' // a separator first is as wrong as two in a row
	for _, r := range imei {
		switch {
		case isDigit(r):
		case !isIMEISeparator(r):
			return "", invalidf("%s is not an IMEI: it contains %q, and only digits are allowed (%d found). %s",
				quote(imei), r, len(digits), form)
		case isIMEISeparator(previous):
			return "", invalidf("%s is not an IMEI: only a single space or hyphen may stand between two digits. %s", quote(imei), form)
		}
		previous = r
	}
	switch {
	case len(digits) < imeiBody || len(digits) > imeiSV:
		return "", invalidf("%s is not an IMEI: it has %d digits. %s", quote(imei), len(digits), form)
	case isIMEISeparator(previous):
		return "", invalidf("%s is not an IMEI: only a single space or hyphen may stand between two digits. %s", quote(imei), form)
	}
	return digits, nil
}

func isIMEISeparator(r rune) bool { return r == ' ' || r == '-' }
