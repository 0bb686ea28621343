package inventory

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/intunetf/terraform-provider-intune/internal/graph"
)

// byImport sends one row through the import action.
func (c *creation) byImport(ctx context.Context) (Identity, error) {
	if err := c.knowTheTime(ctx); err != nil {
		return Identity{}, err
	}
	row := c.wanted.body()
	for imports := 1; ; imports++ {
		answer := c.inv.imports.submit(ctx, c.wanted.Key, row, c.wanted.Overwrite)
		rows, err := answer.rows, answer.err
		c.together = answer.together
		if err == nil {
			return c.readRow(ctx, rows)
		}
		if !graph.IsOutcomeUnknown(err) || ctx.Err() != nil {
			c.lost = c.lost || graph.IsOutcomeUnknown(err)
			return Identity{}, err
		}
		c.lost = true
		patience := time.Duration(0)
		if imports == maxImports {
			// No further answer would name what is not visible yet.
			patience = c.inv.waits.lost
		}
		found, lookupErr := c.lookAgain(ctx, patience)
		switch {
		case lookupErr == nil && c.ours(found):
			return found, nil
		case lookupErr == nil && !c.wanted.Overwrite:
			return Identity{}, &ExistsError{Existing: found}
		case lookupErr != nil && !errors.Is(lookupErr, ErrNotFound):
			return Identity{}, fmt.Errorf("%w; looking for the identifier then failed, too: %w", err, lookupErr)
		}
		// Absent, or to be overwritten: sending the row again does no harm.
		if imports == maxImports || !sleep(ctx, max(graph.RetryAfter(err), time.Second<<(imports-1))) {
			return Identity{}, err
		}
	}
}

// knowTheTime makes sure that the service's clock was seen before the write.
// Usually an earlier reply of the process has shown it.
func (c *creation) knowTheTime(ctx context.Context) error {
	if !c.since.IsZero() {
		return nil
	}
	if now, ok := c.inv.client.ServiceTime(); ok {
		c.since = now
		return nil
	}
	existing, err := c.look(ctx)
	if err == nil && !c.wanted.Overwrite {
		return &ExistsError{Existing: existing}
	}
	if err != nil && !errors.Is(err, ErrNotFound) {
		return err
	}
	return nil
}

// readRow reads the import's answer about the one row.
func (c *creation) readRow(ctx context.Context, rows []Identity) (Identity, error) {
	row, ok := match(rows, c.wanted.Key)
	accepted := ok && (row.Status == nil || *row.Status)
	if accepted && row.ID != "" && (row.Status != nil || c.wanted.Overwrite || c.ours(row)) {
		return row, nil
	}
	if ok && row.Status == nil && !c.wanted.Overwrite {
		// Without a status the row does not say whether it was created or was there.
		return c.ownRow(ctx, row)
	}
	// An answer that leaves the row out says nothing of what became of it.
	c.lost = c.lost || !ok
	found, err := c.rowInTenant(ctx, row, ok, accepted)
	switch {
	case err != nil && !errors.Is(err, ErrNotFound):
		return Identity{}, err
	case err != nil && !ok:
		return Identity{}, &RejectedError{Key: c.wanted.Key, Reason: fmt.Sprintf("answered 200 with %d rows, none of them for this identifier, and the tenant does not have it", len(rows))}
	case err != nil && accepted:
		return Identity{}, &RejectedError{Key: c.wanted.Key, Reason: "answered 200 with status true but without an id, and the tenant does not have the identifier"}
	case err != nil:
		return Identity{}, &RejectedError{Key: c.wanted.Key, Reason: "answered 200 with status false for this identifier: it did not take it, and the tenant does not have it"}
	}
	if accepted || c.lost && c.ours(found) {
		return found, nil
	}
	if c.wanted.Overwrite {
		if found.Description.Value == c.wanted.Description {
			return found, nil
		}
		return Identity{}, &RejectedError{Key: c.wanted.Key, Reason: "answered 200 with status false although overwriting was asked for; the identifier in the tenant (id " + found.ID + ") was not changed"}
	}
	return Identity{}, &ExistsError{Existing: found}
}

// ownRow reads what a row without a status speaks of, and takes it when this
// attempt created it.
func (c *creation) ownRow(ctx context.Context, row Identity) (Identity, error) {
	found, err := c.rowInTenant(ctx, row, true, true)
	switch {
	case errors.Is(err, ErrNotFound):
		return Identity{}, &RejectedError{Key: c.wanted.Key, Reason: "answered 200 without a status for this identifier, and the tenant does not have it"}
	case err != nil:
		return Identity{}, err
	case !c.ours(found):
		return Identity{}, &ExistsError{Existing: found}
	default:
		return found, nil
	}
}

// rowInTenant looks for what a doubtful row speaks of: by its id, then by key.
// What was created, or may have been, need not be visible yet.
func (c *creation) rowInTenant(ctx context.Context, row Identity, ok, accepted bool) (Identity, error) {
	patience := time.Duration(0)
	switch {
	case !ok:
		patience = c.inv.waits.lost
	case accepted || c.lost && c.ours(row):
		patience = c.inv.waits.visible
	}
	if ok && row.ID != "" {
		var found Identity
		var err error
		poll(ctx, patience, func() bool {
			found, err = c.inv.Get(ctx, row.ID)
			return !errors.Is(err, ErrNotFound)
		})
		if !errors.Is(err, ErrNotFound) {
			return found, err
		}
		patience = 0
	}
	return c.lookAgain(ctx, patience)
}
