package inventory

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/intunetf/terraform-provider-intune/internal/deviceid"
)

// Fleet is a set of identities of one type that are managed together, whatever
// its size, in a number of requests that grows with chunks and pages.
type Fleet struct {
	Owner Owner
	Type  deviceid.Type
	// Platform is sent when a row is created.
	Platform string
	// Overwrite changes the description of rows that are in the tenant already.
	Overwrite bool
	// Progress is told what was done, for a log; nil means silence.
	Progress func(what string, done, total int)
}

// Rows maps identifiers, in the user's spelling, to descriptions ("" for none).
type Rows map[string]string

// FleetChange is the difference between what the tenant has and what is wanted.
type FleetChange struct {
	Add, Update Rows
	Remove      []string
	// Former are the spellings by which updated rows were managed so far, by their
	// new ones, where the two differ.
	Former map[string]string
}

// FleetResult says what a change did. After an error In and Gone still tell the
// truth about the tenant.
type FleetResult struct {
	// Adopted rows were in the tenant already with the wanted description.
	Adopted int
	// In are the added and updated rows that the tenant has as wanted.
	In Rows
	// Gone are the removed identifiers that are gone, or that another resource of
	// this run has taken over.
	Gone []string
}

// ReadFleet reads rows again: with the tenant's description, and without those
// that the tenant does not have. Before rows are dropped the list is read once
// more, because paging skips rows while others are deleted.
func (inv *Inventory) ReadFleet(ctx context.Context, t deviceid.Type, rows Rows) (Rows, error) {
	inv.claims.forget()
	list, err := inv.snapshot(ctx, false)
	if err != nil {
		return nil, err
	}
	read := make(Rows, len(rows))
	var missing []string
	for identifier, description := range rows {
		if identity, ok := list.find(Key{t, identifier}); ok {
			read[identifier] = describedBy(identity, description)
		} else {
			missing = append(missing, identifier)
		}
	}
	if len(missing) == 0 {
		return read, nil
	}
	if list, err = inv.snapshot(ctx, true); err != nil {
		return nil, err
	}
	for _, identifier := range missing {
		if identity, ok := list.find(Key{t, identifier}); ok {
			read[identifier] = describedBy(identity, rows[identifier])
		}
	}
	return read, nil
}

// describedBy is the description as the tenant shows it, and as it was before
// where the answer leaves it out.
func describedBy(identity Identity, before string) string {
	if identity.Description.Present {
		return identity.Description.Value
	}
	return before
}

// ListFleet is every identity of a type, in the tenant's spelling.
func (inv *Inventory) ListFleet(ctx context.Context, t deviceid.Type) (Rows, error) {
	inv.claims.forget()
	list, err := inv.snapshot(ctx, false)
	if err != nil {
		return nil, err
	}
	rows := Rows{}
	for key, identity := range list.byKey {
		if key.identityType == t {
			rows[identity.ImportedDeviceIdentifier] = identity.Description.Value
		}
	}
	return rows, nil
}

// FleetCheck is what a plan can know of rows that are to be added or removed.
type FleetCheck struct {
	// Adopted rows are in the tenant already with the wanted description.
	Adopted int
	// Conflicts are in the tenant with another description.
	Conflicts []Conflict
	// OfType is how many identities of the fleet's type the tenant has.
	OfType int
}

// CheckFleet looks, read-only and on the shared list, for rows to be added that
// the tenant has already.
func (inv *Inventory) CheckFleet(ctx context.Context, f Fleet, add Rows) (FleetCheck, error) {
	list, err := inv.snapshot(ctx, false)
	if err != nil {
		return FleetCheck{}, err
	}
	check := FleetCheck{}
	for key := range list.byKey {
		if key.identityType == f.Type {
			check.OfType++
		}
	}
	check.Adopted, check.Conflicts = compare(f, add, &list.identitySet)
	return check, nil
}

// compare tells rows that are in the tenant as wanted from those that are not.
func compare(f Fleet, add Rows, found *identitySet) (adopted int, conflicts []Conflict) {
	for _, identifier := range slices.Sorted(maps.Keys(add)) {
		identity, ok := found.find(Key{f.Type, identifier})
		switch {
		case !ok:
		case identity.Description.Value == add[identifier]:
			adopted++
		case !f.Overwrite:
			conflicts = append(conflicts, Conflict{Identifier: identifier, Wanted: add[identifier], Existing: identity})
		}
	}
	return adopted, conflicts
}

// ApplyFleet makes a change. Bad rows and conflicts are found before the first
// write: then nothing was written. The result is true whatever the error.
//
// Errors: [*DisputedError], [*ConflictError], [*MalformedError],
// [*AmbiguousError], [*PartialError], or what the service answered before anything was written.
func (inv *Inventory) ApplyFleet(ctx context.Context, f Fleet, change FleetChange) (FleetResult, error) {
	a := &fleetApply{inv: inv, fleet: f, change: change, result: FleetResult{In: Rows{}}}
	if err := a.claim(ctx); err != nil {
		return a.result, err
	}
	err := a.preflight(ctx)
	if err == nil {
		err = a.write(ctx)
	}
	if err != nil {
		a.release()
	}
	a.keep()
	if err != nil {
		return a.result, err
	}
	return a.result, a.remove(ctx)
}

func (f Fleet) progress(what string, total int) func(int) {
	if f.Progress == nil {
		return nil
	}
	return func(done int) { f.Progress(what, done, total) }
}

func (f Fleet) wanted(identifier, description string) Wanted {
	return Wanted{Key: Key{f.Type, identifier}, Description: description}
}

// Conflict is a row that the tenant has with another description.
type Conflict struct {
	Identifier, Wanted string
	Existing           Identity
}

// ConflictError says which rows are in the tenant already with another
// description. Nothing was written.
type ConflictError struct{ Rows []Conflict }

func (e *ConflictError) Error() string {
	return fmt.Sprintf("%d rows are in the tenant already with another description", len(e.Rows))
}

// AmbiguousError says that an identifier means several identities of the tenant,
// none of which is spelled like it. None was written or deleted.
type AmbiguousError struct {
	Identifier string
	Identities []Identity
}

func (e *AmbiguousError) Error() string {
	var stored []string
	for _, identity := range e.Identities {
		stored = append(stored, fmt.Sprintf("%q (id %s)", identity.ImportedDeviceIdentifier, identity.ID))
	}
	return fmt.Sprintf("the tenant has several identities that %q can mean: %s; write the identifier as the one that you mean is spelled", e.Identifier, strings.Join(stored, ", "))
}

// MalformedError says which rows the service found malformed. Nothing was
// written.
type MalformedError struct{ Identifiers []string }

func (e *MalformedError) Error() string {
	return fmt.Sprintf("the service found %d rows malformed", len(e.Identifiers))
}

// DisputedError says which rows another resource of the same run manages.
// Nothing was written.
type DisputedError struct{ Identifiers []string }

func (e *DisputedError) Error() string {
	return fmt.Sprintf("%d rows are managed by another resource of this run", len(e.Identifiers))
}

// RowFailure is what became of a row that is not as wanted.
type RowFailure struct {
	Identifier string
	Err        error
}

// PartialError says that a change stopped half-way.
type PartialError struct {
	// Done of Total rows are as wanted.
	Done, Total int
	// Verb is what was done: "written" or "deleted".
	Verb string
	// Failures are the rows at fault, sorted; empty when Err stopped everything.
	Failures []RowFailure
	Err      error
}

func (e *PartialError) Error() string {
	text := fmt.Sprintf("%d of %d rows were %s", e.Done, e.Total, e.Verb)
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

// Unwrap gives what stopped the change, and what the service said of rows.
func (e *PartialError) Unwrap() []error {
	var errs []error
	if e.Err != nil {
		errs = append(errs, e.Err)
	}
	for _, failure := range e.Failures {
		errs = append(errs, failure.Err)
	}
	return errs
}
