package inventory

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/intunetf/terraform-provider-intune/internal/graph"
)

// rowWriter sends many rows through the import action and finds out what became
// of each: the action answers 200 whatever became of its rows, rows are missing
// or in another order, and a lost answer says nothing at all.
type rowWriter struct {
	inv       *Inventory
	overwrite bool
	// null writes an empty description as null.
	null bool
	// since is the service's own time before anything was written.
	since time.Time
	// progress is told how many rows are settled.
	progress func(done int)

	mu       sync.Mutex
	settled  int
	in       map[normalKey]bool
	failures map[normalKey]error
}

func (inv *Inventory) newRowWriter(overwrite bool, since time.Time, progress func(int)) *rowWriter {
	return &rowWriter{
		inv: inv, overwrite: overwrite, since: since, progress: progress,
		in: map[normalKey]bool{}, failures: map[normalKey]error{},
	}
}

// write sends all rows. The error is what stopped it; failures of single rows
// are in w.failures, and rows that were not reached are in neither map.
func (w *rowWriter) write(ctx context.Context, rows []Wanted) error {
	return inChunks(ctx, &w.inv.chunks, rows, func(ctx context.Context, chunk []Wanted) error {
		return w.send(ctx, chunk, 1)
	})
}

// send sends one chunk, in halves where it is too large or where one row spoils
// it, and again where its outcome is unknown.
func (w *rowWriter) send(ctx context.Context, rows []Wanted, attempt int) error {
	if n := w.inv.chunks.current(); len(rows) > n {
		return w.sendAll(ctx, [][]Wanted{rows[:n], rows[n:]}, attempt)
	}
	bodies := make([]graph.NewImportedDeviceIdentity, len(rows))
	for i, row := range rows {
		bodies[i] = w.body(row)
	}
	answers, err := w.inv.identities.Import(ctx, bodies, w.overwrite)
	w.inv.snapshots.changed()
	switch {
	case err == nil:
		return w.read(ctx, rows, answers)
	case graph.IsOutcomeUnknown(err):
		if graph.IsTooLarge(err) {
			w.inv.chunks.shrink(len(rows))
		}
		return w.afterLost(ctx, rows, attempt, err)
	case graph.IsTooLarge(err) && len(rows) > 1:
		w.inv.chunks.shrink(len(rows))
		return w.sendAll(ctx, halves(rows), attempt)
	case graph.IsBadRequest(err) && !graph.IsRouteRefused(err) && len(rows) > 1:
		return w.sendAll(ctx, halves(rows), attempt)
	case graph.IsBadRequest(err) && !graph.IsRouteRefused(err):
		w.fail(rows[0], err)
		return nil
	default:
		return err
	}
}

func (w *rowWriter) sendAll(ctx context.Context, parts [][]Wanted, attempt int) error {
	for _, part := range parts {
		if err := w.send(ctx, part, attempt); err != nil {
			return err
		}
	}
	return nil
}

func (w *rowWriter) body(row Wanted) graph.NewImportedDeviceIdentity {
	row.Overwrite = w.overwrite
	body := row.body()
	if w.null && row.Description == "" {
		body.Description = graph.NullText()
	}
	return body
}

// afterLost looks at the tenant before anything is sent again.
func (w *rowWriter) afterLost(ctx context.Context, rows []Wanted, attempt int, lost error) error {
	if ctx.Err() != nil {
		return lost
	}
	patience := time.Duration(0)
	if attempt == maxImports {
		// No further answer would name what is not visible yet.
		patience = w.inv.waits.lost
	}
	absent, err := w.settleByLooking(ctx, rows, patience, true)
	if err != nil {
		return fmt.Errorf("%w; looking for the rows then failed, too: %w", lost, err)
	}
	if len(absent) == 0 {
		return nil
	}
	if attempt == maxImports || !sleep(ctx, time.Duration(attempt)*time.Second) {
		return lost
	}
	return w.send(ctx, absent, attempt+1)
}

// read takes the answer's rows by key. What they leave in doubt is looked up.
func (w *rowWriter) read(ctx context.Context, rows []Wanted, answers []Identity) error {
	byKey := make(map[normalKey]Identity, len(answers))
	for _, answer := range answers {
		byKey[normalKeyOf(answer)] = answer
	}
	var doubtful []Wanted
	missing := false
	for _, row := range rows {
		answer, ok := byKey[row.normal()]
		if !ok && len(rows) == 1 {
			answer, ok = match(answers, row.Key)
		}
		missing = missing || !ok
		if ok && answer.ID != "" && (answer.Status == nil || *answer.Status) && answer.Description.Value == row.Description {
			w.accept(row)
			continue
		}
		doubtful = append(doubtful, row)
	}
	if len(doubtful) == 0 {
		return nil
	}
	patience := time.Duration(0)
	if missing {
		patience = w.inv.waits.lost
	}
	absent, err := w.settleByLooking(ctx, doubtful, patience, missing)
	if err != nil {
		return err
	}
	for _, row := range absent {
		reason := "answered 200 with status false for this identifier: it did not take it, and the tenant does not have it"
		if _, ok := byKey[row.normal()]; !ok {
			reason = "answered 200 without a row for this identifier, and the tenant does not have it"
		}
		w.fail(row, &RejectedError{Key: row.Key, Reason: reason})
	}
	return nil
}

// settleByLooking settles the rows that the tenant shows and returns the others.
// With lost an identity that was created since the start counts as ours.
func (w *rowWriter) settleByLooking(ctx context.Context, rows []Wanted, patience time.Duration, lost bool) (absent []Wanted, err error) {
	absent = rows
	poll(ctx, patience, func() bool {
		keys := make([]Key, len(absent))
		for i, row := range absent {
			keys[i] = row.Key
		}
		var found map[normalKey]Identity
		if found, _, err = w.inv.lookupMany(ctx, keys, true); err != nil {
			return true
		}
		var still []Wanted
		for _, row := range absent {
			if identity, ok := found[row.normal()]; ok {
				w.settle(row, identity, lost)
			} else {
				still = append(still, row)
			}
		}
		absent = still
		return len(absent) == 0
	})
	return absent, err
}

// settle decides about a row whose identity the tenant shows.
func (w *rowWriter) settle(row Wanted, identity Identity, lost bool) {
	c := creation{wanted: row, since: w.since, absent: true}
	switch {
	case identity.Description.Value == row.Description:
		w.accept(row)
	case w.overwrite:
		w.fail(row, &NotAppliedError{ID: identity.ID, What: fmt.Sprintf("Graph accepted the description %q, but the tenant shows %q", row.Description, identity.Description.Value)})
	case lost && c.ours(identity):
		w.fail(row, &NotAppliedError{ID: identity.ID, What: fmt.Sprintf("Graph created it, but with the description %q instead of %q", identity.Description.Value, row.Description)})
	default:
		w.fail(row, &ExistsError{Existing: identity})
	}
}

func (w *rowWriter) accept(row Wanted) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.in[row.normal()] = true
	w.count()
}

func (w *rowWriter) fail(row Wanted, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.failures[row.normal()] = err
	w.count()
}

func (w *rowWriter) count() {
	w.settled++
	if w.progress != nil {
		w.progress(w.settled)
	}
}

// notCleared takes back the rows whose description the service did not clear.
func (w *rowWriter) notCleared(rows []Wanted) []Wanted {
	var again []Wanted
	for _, row := range rows {
		var notApplied *NotAppliedError
		if row.Description == "" && errors.As(w.failures[row.normal()], &notApplied) {
			delete(w.failures, row.normal())
			again = append(again, row)
		}
	}
	return again
}
