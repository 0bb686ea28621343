package inventory

import (
	"context"
	"maps"
	"slices"
	"time"
)

// fleetApply is one change of one fleet.
type fleetApply struct {
	inv    *Inventory
	fleet  Fleet
	change FleetChange
	result FleetResult
	// since is the service's own time before anything was written.
	since time.Time
	// create and overwrite are what the pre-flight left to write.
	create, overwrite []Wanted
}

// claim takes the keys of all rows that are written, so that no other resource
// of this run deletes them.
func (a *fleetApply) claim(ctx context.Context) error {
	spelled := map[normalKey]string{}
	for _, rows := range []Rows{a.change.Add, a.change.Update} {
		for identifier := range rows {
			spelled[Key{a.fleet.Type, identifier}.normal()] = identifier
		}
	}
	disputed, err := a.inv.claims.take(ctx, a.fleet.Owner, slices.Collect(maps.Keys(spelled)))
	if err != nil || len(disputed) == 0 {
		return err
	}
	var identifiers []string
	for _, key := range disputed {
		identifiers = append(identifiers, spelled[key])
	}
	slices.Sort(identifiers)
	return &DisputedError{Identifiers: identifiers}
}

// release gives the rows back that a failed change has not come to own: another
// resource may still delete them.
func (a *fleetApply) release() {
	for _, rows := range []Rows{a.change.Add, a.change.Update} {
		for identifier := range rows {
			if _, in := a.result.In[identifier]; !in {
				a.inv.claims.release(a.fleet.Owner, Key{a.fleet.Type, identifier}.normal())
			}
		}
	}
}

// keep makes the claims final: what is in the tenant now is this fleet's.
func (a *fleetApply) keep() {
	for _, rows := range []Rows{a.change.Add, a.change.Update} {
		for identifier := range rows {
			a.inv.claims.settle(a.fleet.Owner, Key{a.fleet.Type, identifier}.normal())
		}
	}
}

// preflight finds what is wrong with the rows before the first of them is sent.
func (a *fleetApply) preflight(ctx context.Context) error {
	found := map[normalKey]Identity{}
	if len(a.change.Add) > 0 {
		keys := make([]Key, 0, len(a.change.Add))
		for _, identifier := range slices.Sorted(maps.Keys(a.change.Add)) {
			keys = append(keys, Key{a.fleet.Type, identifier})
		}
		var malformed []Key
		var err error
		if found, malformed, err = a.inv.lookupMany(ctx, keys, true); err != nil {
			return err
		}
		if len(malformed) > 0 {
			refused := &MalformedError{}
			for _, key := range malformed {
				refused.Identifiers = append(refused.Identifiers, key.Identifier)
			}
			slices.Sort(refused.Identifiers)
			return refused
		}
	}
	a.since, _ = a.inv.client.ServiceTime()
	if _, conflicts := compare(a.fleet, a.change.Add, found); len(conflicts) > 0 {
		return &ConflictError{Rows: conflicts}
	}
	for _, identifier := range slices.Sorted(maps.Keys(a.change.Add)) {
		row := a.fleet.wanted(identifier, a.change.Add[identifier])
		row.Platform = a.fleet.Platform
		identity, exists := found[row.normal()]
		switch {
		case !exists:
			a.create = append(a.create, row)
		case identity.Description.Value == row.Description:
			a.result.Adopted++
			a.result.In[identifier] = row.Description
		default:
			a.overwrite = append(a.overwrite, a.fleet.wanted(identifier, row.Description))
		}
	}
	for _, identifier := range slices.Sorted(maps.Keys(a.change.Update)) {
		a.overwrite = append(a.overwrite, a.fleet.wanted(identifier, a.change.Update[identifier]))
	}
	return nil
}

func (a *fleetApply) write(ctx context.Context) error {
	total := len(a.create) + len(a.overwrite)
	if total == 0 {
		return nil
	}
	failures := map[normalKey]error{}
	err := a.send(ctx, a.inv.newRowWriter(a.fleet.Overwrite, a.since, a.fleet.progress("imported", len(a.create))), a.create, failures)
	if err == nil {
		err = a.sendOverwrites(ctx, failures)
	}
	if err == nil && len(failures) == 0 {
		return nil
	}
	partial := &PartialError{Done: len(a.result.In) - a.result.Adopted, Total: total, Verb: "written", Err: err}
	for _, row := range slices.Concat(a.create, a.overwrite) {
		if failure := failures[row.normal()]; failure != nil {
			partial.Failures = append(partial.Failures, RowFailure{row.Identifier, failure})
		}
	}
	return partial
}

// sendOverwrites changes descriptions. Whether "" or null clears one is settled
// by no source: rows that show their old description are sent again with null.
func (a *fleetApply) sendOverwrites(ctx context.Context, failures map[normalKey]error) error {
	writer := a.inv.newRowWriter(true, a.since, a.fleet.progress("updated", len(a.overwrite)))
	var again []Wanted
	err := writer.write(ctx, a.overwrite)
	if err == nil {
		again = writer.notCleared(a.overwrite)
	}
	a.settle(ctx, writer, a.overwrite, failures, err)
	if len(again) == 0 {
		return err
	}
	writer = a.inv.newRowWriter(true, a.since, nil)
	writer.null = true
	return a.send(ctx, writer, again, failures)
}

func (a *fleetApply) send(ctx context.Context, writer *rowWriter, rows []Wanted, failures map[normalKey]error) error {
	err := writer.write(ctx, rows)
	a.settle(ctx, writer, rows, failures, err)
	return err
}

// settle takes over what a writer did and, where it was stopped, what it could
// not know.
func (a *fleetApply) settle(ctx context.Context, writer *rowWriter, rows []Wanted, failures map[normalKey]error, err error) {
	a.collect(writer, rows, failures)
	if err != nil {
		a.recover(ctx, rows)
	}
}

func (a *fleetApply) collect(writer *rowWriter, rows []Wanted, failures map[normalKey]error) {
	writer.mu.Lock()
	defer writer.mu.Unlock()
	for _, row := range rows {
		if writer.in[row.normal()] {
			a.result.In[row.Identifier] = row.Description
		}
	}
	maps.Copy(failures, writer.failures)
}

// recover looks, after an interruption, which rows the tenant has by now, so
// that the message and the state tell the truth.
func (a *fleetApply) recover(ctx context.Context, rows []Wanted) {
	if ctx.Err() == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), a.inv.waits.recovery)
	defer cancel()
	list, err := a.inv.snapshot(ctx, true)
	if err != nil {
		return
	}
	for _, row := range rows {
		if identity, ok := list.byKey[row.normal()]; ok && identity.Description.Value == row.Description {
			a.result.In[row.Identifier] = row.Description
		}
	}
}
