package graph

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// DateTime is an OData DateTimeOffset. It keeps the instant whatever the offset
// and the number of fractional digits (the reference's own example is
// 2016-12-31T23:58:44.2908994-08:00).
type DateTime struct{ time.Time }

// String is RFC 3339 with as many fractional digits as the instant has, in the
// offset in which it was written.
func (d DateTime) String() string { return d.Format(time.RFC3339Nano) }

// MarshalJSON writes RFC 3339.
func (d DateTime) MarshalJSON() ([]byte, error) { return json.Marshal(d.String()) }

// UnmarshalJSON reads RFC 3339; a value without an offset is taken as UTC, the
// form in which Graph writes the dates inside its errors.
func (d *DateTime) UnmarshalJSON(b []byte) error {
	var s string
	if plainText(b) {
		s = string(b[1 : len(b)-1])
	} else if err := json.Unmarshal(b, &s); err != nil {
		return fmt.Errorf("a date and time must be a string: %w", err)
	}
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		if t, err = time.Parse("2006-01-02T15:04:05.999999999", strings.TrimSpace(s)); err != nil {
			return fmt.Errorf("%q is no date and time", s)
		}
	}
	d.Time = t
	return nil
}
