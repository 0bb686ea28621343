package inventory

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/intunetf/terraform-provider-intune/internal/graph"
)

// maxRefused is how many rows may be refused one by one before the writing stops.
const maxRefused = 25

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

	// refused counts the rows that alone were answered with 400.
	refused atomic.Int64

	mu      sync.Mutex
	settled int
	in      map[normalKey]bool
	// adopted counts the rows that were there before, as wanted, although the
	// pre-flight did not see them.
	adopted  int
	failures map[normalKey]error
}

func (inv *Inventory) newRowWriter(overwrite bool, since time.Time, progress func(int)) *rowWriter {
	return &rowWriter{
		inv: inv, overwrite: overwrite, since: since, progress: progress,
		in: map[normalKey]bool{}, failures: map[normalKey]error{},
	}
}

// sending is where a chunk stands. again is set once a call with its rows had an
// unknown outcome.
type sending struct {
	attempt int
	again   bool
}

// write sends all rows. The error is what stopped it; failures of single rows
// are in w.failures, and rows that were not reached are in neither map.
func (w *rowWriter) write(ctx context.Context, rows []Wanted) error {
	return inChunks(ctx, &w.inv.chunks, rows, func(ctx context.Context, chunk []Wanted) error {
		return w.send(ctx, chunk, sending{attempt: 1})
	})
}

// send sends one chunk, in halves where it is too large or where one row spoils
// it, and again where its outcome is unknown.
func (w *rowWriter) send(ctx context.Context, rows []Wanted, now sending) error {
	if n := w.inv.chunks.current(); len(rows) > n {
		return w.sendAll(ctx, [][]Wanted{rows[:n], rows[n:]}, now)
	}
	bodies := make([]graph.NewImportedDeviceIdentity, len(rows))
	for i, row := range rows {
		bodies[i] = w.body(row)
	}
	answers, err := w.inv.identities.Import(ctx, bodies, w.overwrite)
	w.inv.snapshots.changed()
	switch {
	case err == nil:
		return w.read(ctx, rows, answers, now)
	case graph.IsOutcomeUnknown(err):
		return w.afterLost(ctx, rows, now, err)
	case graph.IsTooLarge(err) && len(rows) > 1:
		w.inv.chunks.shrink(len(rows))
		return w.sendAll(ctx, halves(rows), now)
	case graph.IsBadRequest(err) && !graph.IsRouteRefused(err) && len(rows) > 1:
		return w.sendAll(ctx, halves(rows), now)
	case graph.IsBadRequest(err) && !graph.IsRouteRefused(err):
		return w.refuse(rows[0], err)
	default:
		return err
	}
}

func (w *rowWriter) sendAll(ctx context.Context, parts [][]Wanted, now sending) error {
	for _, part := range parts {
		if err := w.send(ctx, part, now); err != nil {
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

// refuse settles a row that alone is answered with 400. Where many are, it is not
// the rows (a full tenant is answered so, too), and bisecting all others would
// cost two calls a row.
func (w *rowWriter) refuse(row Wanted, err error) error {
	w.fail(row, err)
	if w.refused.Add(1) > maxRefused {
		return err
	}
	return nil
}

// afterLost looks at the tenant before anything is sent again. Halving a chunk
// that took too long is no repetition: it ends by itself.
func (w *rowWriter) afterLost(ctx context.Context, rows []Wanted, now sending, lost error) error {
	halved := graph.IsTooLarge(lost) && len(rows) > 1
	if halved {
		w.inv.chunks.shrink(len(rows))
	}
	if ctx.Err() != nil {
		return lost
	}
	last := now.attempt == maxImports && !halved
	patience := time.Duration(0)
	if last {
		// No further answer would name what is not visible yet.
		patience = w.inv.waits.lost
	}
	open, err := w.settleByLooking(ctx, rows, patience, func(Wanted) bool { return true })
	if err != nil {
		return fmt.Errorf("%w; looking for the rows then failed, too: %w", lost, err)
	}
	if len(open) == 0 {
		return nil
	}
	if last || !sleep(ctx, time.Duration(now.attempt)*time.Second) {
		return lost
	}
	if !halved {
		now.attempt++
	}
	now.again = true
	absent := make([]Wanted, len(open))
	for i, row := range open {
		absent[i] = row.Wanted
	}
	return w.send(ctx, absent, now)
}

// openRow is a row that the tenant does not show as wanted. seen is what it shows
// under the key, with an id of "" for nothing.
type openRow struct {
	Wanted
	seen Identity
}

// settleByLooking settles the rows whose fate the tenant shows and returns the
// others, after patience. Rows that are to overwrite, and that show another
// description, are among those: a change may be late. maybeOurs says which rows
// this writer may have created.
func (w *rowWriter) settleByLooking(ctx context.Context, rows []Wanted, patience time.Duration, maybeOurs func(Wanted) bool) (open []openRow, err error) {
	pending := rows
	poll(ctx, patience, func() bool {
		keys := make([]Key, len(pending))
		for i, row := range pending {
			keys[i] = row.storedKey()
		}
		var found identitySet
		if found, _, err = w.inv.lookupMany(ctx, keys, true); err != nil {
			return true
		}
		open = nil
		var still []Wanted
		for _, row := range pending {
			identity, ok := found.find(row.storedKey())
			if !ok || w.overwrite && identity.Description.Value != row.Description {
				still, open = append(still, row), append(open, openRow{row, identity})
				continue
			}
			w.settle(row, identity, maybeOurs(row))
		}
		pending = still
		return len(pending) == 0
	})
	return open, err
}

// settle decides about a row that is not to overwrite, or that is as wanted.
func (w *rowWriter) settle(row Wanted, identity Identity, maybeOurs bool) {
	switch {
	case identity.Description.Value == row.Description:
		if !w.overwrite && identity.CreatedDateTime != nil && identity.CreatedDateTime.Before(w.since) {
			w.mu.Lock()
			w.adopted++
			w.mu.Unlock()
		}
		w.accept(row)
	case maybeOurs && w.ours(row, identity):
		w.fail(row, &NotAppliedError{ID: identity.ID, What: fmt.Sprintf("Graph created it, but with the description %q instead of %q", identity.Description.Value, row.Description)})
	default:
		w.fail(row, &ExistsError{Existing: identity})
	}
}

// ours reports whether an identity was created since this writer's change began.
func (w *rowWriter) ours(row Wanted, identity Identity) bool {
	c := creation{wanted: row, since: w.since, absent: true}
	return c.ours(identity)
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
