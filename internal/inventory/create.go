package inventory

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/intunetf/terraform-provider-intune/internal/graph"
)

// maxImports bounds how often an import with an unknown outcome is repeated
// after the identity was looked up and found absent.
const maxImports = 6

// Create creates an identity and returns it as the tenant shows it. An identity
// that is returned together with an error exists: its id must not be lost.
//
// Errors: [*DisputedError], [*ExistsError], [*RejectedError], [*NotAppliedError],
// [*UnconfirmedError], [*RouteRefusedError], or what the service answered.
func (inv *Inventory) Create(ctx context.Context, w Wanted) (Identity, error) {
	defer inv.imports.begin()()
	disputed, err := inv.claims.take(ctx, w.Owner, []normalKey{w.normal()})
	if err != nil {
		return Identity{}, err
	}
	if len(disputed) > 0 {
		// The tenant's own answer would not do: it says the same to both when they
		// share a call, and each could take the identity for its own.
		return Identity{}, &DisputedError{Identifiers: []string{w.Identifier}}
	}
	created, err := inv.create(ctx, w)
	if created.ID == "" {
		inv.claims.release(w.Owner, w.normal())
	} else {
		inv.claims.settle(w.Owner, w.normal())
	}
	return created, err
}

func (inv *Inventory) create(ctx context.Context, w Wanted) (Identity, error) {
	c := &creation{inv: inv, wanted: w}
	created, err := c.run(ctx)
	if err != nil {
		return c.recover(ctx, err)
	}
	if c.together > 1 && isComplete(created, w) {
		// With many creates under way the answer's rows are the reading back.
		return created, nil
	}
	shown, err := inv.confirm(ctx, created, w.Description)
	var differs *NotAppliedError
	if errors.As(err, &differs) && !w.Overwrite && c.theirs(shown) {
		return Identity{}, &ExistsError{Existing: shown}
	}
	var notApplied *NotAppliedError
	if errors.As(err, &notApplied) && w.Overwrite && !c.ours(created) {
		// An adopted identity was there before: in the state of a failed create it
		// would be deleted by the next apply. An unconfirmed create has not failed.
		return Identity{}, err
	}
	return shown, err
}

// creation is one attempt to create one identity.
type creation struct {
	inv    *Inventory
	wanted Wanted
	// since is the service's own time before this attempt wrote anything.
	since time.Time
	// absent is set when the tenant was seen without the identity at that time.
	absent bool
	// lost is set once a write of this attempt had an unknown outcome.
	lost bool
	// together is how many rows the import call carried that was answered.
	together int
}

func (c *creation) run(ctx context.Context) (Identity, error) {
	switch c.inv.method {
	case CreateMethodImport:
		return c.byImport(ctx)
	case CreateMethodCreate:
		// Nothing but the documented create is allowed: there is nothing to probe for.
		created, _, err := c.byDocumentedCreate(ctx, new(verdict))
		return created, err
	case CreateMethodAuto:
	}
	v, err := c.inv.createRoute.enter(ctx)
	if err != nil {
		return Identity{}, err
	}
	if v == routeRefused {
		return c.byImport(ctx)
	}
	learnt := routeUnknown
	created, next, err := c.byDocumentedCreate(ctx, &learnt)
	if v == routeUnknown || learnt == routeRefused {
		c.inv.createRoute.settle(learnt)
	}
	if next {
		return c.byImport(ctx)
	}
	return created, err
}

// byDocumentedCreate sends the documented POST. next says that the create goes
// on through the import action. learnt is what the answer says of the route.
func (c *creation) byDocumentedCreate(ctx context.Context, learnt *verdict) (created Identity, next bool, err error) {
	// What an existing identity makes of the POST is documented nowhere, and
	// after a lost reply only an earlier look tells ours from theirs.
	existing, err := c.look(ctx)
	if err == nil {
		created, err = c.exists(ctx, existing)
		return created, false, err
	}
	if !errors.Is(err, ErrNotFound) {
		return Identity{}, false, err
	}
	created, err = c.inv.identities.Create(ctx, c.wanted.body())
	auto := c.inv.method == CreateMethodAuto
	switch {
	case err == nil:
		*learnt = routeWorks
		created, err = c.checkCreated(ctx, created)
		return created, false, err
	case graph.IsRouteRefused(err) || graph.IsNotFound(err):
		*learnt = routeRefused
		if auto {
			return Identity{}, true, nil
		}
		return Identity{}, false, &RouteRefusedError{Route: "POST /deviceManagement/importedDeviceIdentities", Err: err}
	case graph.IsConflict(err) || graph.IsBadRequest(err):
		// What a POST of an existing identity answers is documented nowhere.
		if graph.IsConflict(err) {
			*learnt = routeWorks
		}
		return c.afterConflict(ctx, err)
	case graph.IsOutcomeUnknown(err):
		return c.afterLostCreate(ctx, err, learnt)
	default:
		return Identity{}, false, err
	}
}

// look reads the identity before anything is written, and the service's clock
// with it.
func (c *creation) look(ctx context.Context) (Identity, error) {
	existing, err := c.inv.lookup(ctx, c.wanted.Key)
	c.since, _ = c.inv.client.ServiceTime()
	c.absent = errors.Is(err, ErrNotFound)
	return existing, err
}

// lookAgain is the look after a write: what the write created may not be visible
// at once.
func (c *creation) lookAgain(ctx context.Context, patience time.Duration) (Identity, error) {
	var found Identity
	var err error
	poll(ctx, patience, func() bool {
		found, err = c.inv.lookup(ctx, c.wanted.Key)
		return !errors.Is(err, ErrNotFound)
	})
	if errors.Is(err, ErrNotFound) && ctx.Err() != nil {
		err = endedEarly(ctx, "the tenant did not show the identifier yet")
	}
	return found, err
}

// checkCreated reads the 201: where it carries status false and that was not
// asked for, the tenant decides whether that means "exists already", "refused"
// or nothing.
func (c *creation) checkCreated(ctx context.Context, created Identity) (Identity, error) {
	asked := c.wanted.Status != nil && !*c.wanted.Status
	if created.Status == nil || *created.Status || asked {
		return created, nil
	}
	found, err := c.inv.lookup(ctx, c.wanted.Key)
	switch {
	case errors.Is(err, ErrNotFound):
		return Identity{}, &RejectedError{Key: c.wanted.Key, Reason: "answered 201 with status false: it did not take the identifier"}
	case err != nil:
		c.lost = true
		return Identity{}, err
	case c.ours(found):
		return found, nil
	default:
		return c.exists(ctx, found)
	}
}

func (c *creation) afterConflict(ctx context.Context, conflict error) (Identity, bool, error) {
	existing, err := c.inv.lookup(ctx, c.wanted.Key)
	if err != nil {
		return Identity{}, false, conflict
	}
	existing, err = c.exists(ctx, existing)
	return existing, false, err
}

// afterLostCreate decides after a POST that may or may not have created the
// identity. Nothing is sent again before the tenant was looked at.
func (c *creation) afterLostCreate(ctx context.Context, lost error, learnt *verdict) (Identity, bool, error) {
	c.lost = true
	if ctx.Err() != nil {
		return Identity{}, false, lost
	}
	auto := c.inv.method == CreateMethodAuto
	patience := time.Duration(0)
	if !auto {
		// No import follows whose answer would name what is not visible yet.
		patience = c.inv.waits.lost
	}
	found, err := c.lookAgain(ctx, patience)
	switch {
	case err == nil && c.ours(found):
		*learnt = routeWorks
		return found, false, nil
	case err == nil:
		found, err = c.exists(ctx, found)
		return found, false, err
	case !errors.Is(err, ErrNotFound):
		return Identity{}, false, fmt.Errorf("%w; looking for the identifier then failed, too: %w", lost, err)
	}
	if !auto {
		return Identity{}, false, lost
	}
	if graph.IsInternalServerError(lost) {
		*learnt = routeRefused
	}
	return Identity{}, true, nil
}

// exists settles what to do with an identity that was there before.
func (c *creation) exists(ctx context.Context, existing Identity) (Identity, error) {
	if !c.wanted.Overwrite {
		return Identity{}, &ExistsError{Existing: existing}
	}
	adopted, err := c.inv.setDescription(ctx, existing, c.wanted.Description)
	if err != nil {
		// It was there before; a failed create must not put it into the state.
		return Identity{}, err
	}
	return adopted, nil
}

// ours decides, after a write whose answer was lost, whether an identity that is
// there now was created by this attempt, on the service's own clock. Its Date
// has whole seconds: within that second an identity counts as ours when it was
// seen to be absent before, or when it is what would have been written.
func (c *creation) ours(found Identity) bool {
	if found.CreatedDateTime == nil || c.since.IsZero() || found.CreatedDateTime.Before(c.since) {
		return false
	}
	if c.absent || !found.CreatedDateTime.Before(c.since.Add(time.Second)) {
		return true
	}
	return found.Description.Value == c.wanted.Description
}

// theirs reports whether an identity was certainly there before this attempt.
func (c *creation) theirs(found Identity) bool {
	return found.CreatedDateTime != nil && !found.CreatedDateTime.IsZero() && !c.since.IsZero() && found.CreatedDateTime.Before(c.since)
}

// recover looks for what an interrupted create left behind, so that the id
// reaches the state. The context of the operation has ended by then.
func (c *creation) recover(ctx context.Context, err error) (Identity, error) {
	if ctx.Err() == nil || !c.lost && !graph.IsOutcomeUnknown(err) {
		return Identity{}, err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), c.inv.waits.recovery)
	defer cancel()
	found, lookupErr := c.lookAgain(ctx, c.inv.waits.recovery/4)
	if lookupErr != nil || !c.ours(found) {
		return Identity{}, err
	}
	return found, nil
}
