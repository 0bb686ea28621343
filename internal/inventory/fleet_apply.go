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
	found, err := a.look(ctx)
	if err != nil {
		return err
	}
	a.since, _ = a.inv.client.ServiceTime()
	if _, conflicts := compare(a.fleet, a.change.Add, found); len(conflicts) > 0 {
		return &ConflictError{Rows: conflicts}
	}
	for _, identifier := range slices.Sorted(maps.Keys(a.change.Add)) {
		row := a.fleet.wanted(identifier, a.change.Add[identifier])
		if twins := found.ambiguous(row.Key); twins != nil {
			return &AmbiguousError{Identifier: identifier, Identities: twins}
		}
		identity, exists := found.find(row.Key)
		switch {
		case !exists:
			row.Platform = a.fleet.Platform
			a.create = append(a.create, row)
		case identity.Description.Value == row.Description:
			a.result.Adopted++
			a.result.In[identifier] = row.Description
		default:
			row.stored = identity.ImportedDeviceIdentifier
			a.overwrite = append(a.overwrite, row)
		}
	}
	for _, identifier := range slices.Sorted(maps.Keys(a.change.Update)) {
		row := a.fleet.wanted(identifier, a.change.Update[identifier])
		former := a.former(identifier)
		if twins := found.ambiguous(former); twins != nil {
			return &AmbiguousError{Identifier: identifier, Identities: twins}
		}
		if identity, exists := found.find(former); exists {
			row.stored = identity.ImportedDeviceIdentifier
		}
		a.overwrite = append(a.overwrite, row)
	}
	return nil
}

// former is the key by which an updated row was managed so far.
func (a *fleetApply) former(identifier string) Key {
	if former, ok := a.change.Former[identifier]; ok {
		identifier = former
	}
	return Key{a.fleet.Type, identifier}
}

// look finds the rows of a change in the tenant. Search may compare spellings
// where the tenant's own rule does not, so what it does not show is looked for in
// the list, too: for rows that are managed already, and for new ones where a list
// of a moment ago, which the plan has read, shows them.
func (a *fleetApply) look(ctx context.Context) (*identitySet, error) {
	var keys, managed []Key
	for _, identifier := range slices.Sorted(maps.Keys(a.change.Add)) {
		keys = append(keys, Key{a.fleet.Type, identifier})
	}
	for _, identifier := range slices.Sorted(maps.Keys(a.change.Update)) {
		managed = append(managed, a.former(identifier))
	}
	if len(keys)+len(managed) == 0 {
		return &identitySet{}, nil
	}
	recent := a.inv.snapshots.atHand()
	found, malformed, err := a.inv.lookupMany(ctx, slices.Concat(keys, managed), true)
	if err != nil {
		return nil, err
	}
	if err := a.refuseMalformed(malformed); err != nil {
		return nil, err
	}
	isUnseen := func(key Key) bool { _, shown := found.find(key); return !shown }
	unseen := slices.ContainsFunc(managed, isUnseen)
	if recent != nil && !unseen {
		unseen = slices.ContainsFunc(keys, func(key Key) bool {
			_, listed := recent.find(key)
			return listed && isUnseen(key)
		})
	}
	if !unseen {
		return &found, nil
	}
	list, err := a.inv.snapshot(ctx, true)
	if err != nil {
		return nil, err
	}
	for _, identities := range []identitySet{list.only(keys), list.only(managed)} {
		found.addAll(identities)
	}
	return &found, nil
}

// refuseMalformed names the new rows that search found malformed. What the tenant
// has already may be, in today's eyes.
func (a *fleetApply) refuseMalformed(malformed []Key) error {
	refused := &MalformedError{}
	for _, key := range malformed {
		if _, isNew := a.change.Add[key.Identifier]; isNew {
			refused.Identifiers = append(refused.Identifiers, key.Identifier)
		}
	}
	if len(refused.Identifiers) == 0 {
		return nil
	}
	slices.Sort(refused.Identifiers)
	return refused
}

func (a *fleetApply) write(ctx context.Context) error {
	total := len(a.create) + len(a.overwrite)
	if total == 0 {
		return nil
	}
	adopted := a.result.Adopted // what the writers adopt is among the total
	failures := map[normalKey]error{}
	err := a.send(ctx, a.inv.newRowWriter(a.fleet.Overwrite, a.since, a.fleet.progress("imported", len(a.create))), a.create, failures)
	if err == nil {
		err = a.sendOverwrites(ctx, failures)
	}
	if err == nil && len(failures) == 0 {
		return nil
	}
	partial := &PartialError{Done: len(a.result.In) - adopted, Total: total, Verb: "written", Err: err}
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
	a.result.Adopted += writer.adopted
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
		if identity, ok := list.find(row.storedKey()); ok && identity.Description.Value == row.Description {
			a.result.In[row.Identifier] = row.Description
		}
	}
}
