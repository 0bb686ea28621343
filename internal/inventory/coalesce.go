package inventory

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/intunetf/terraform-provider-intune/internal/graph"
)

const (
	// lingerQuiet and lingerMost bound how long the next import call waits for
	// company while several creates are under way. Terraform starts ten at a time:
	// at 50 ms a call, 500 creates make 64 calls with lingering and 174 without,
	// in the same time.
	lingerQuiet = 100 * time.Millisecond
	lingerMost  = 300 * time.Millisecond
	// lingerAfter is how long after a shared call a row counts as the first of the
	// next ones: Terraform begins ten creates when ten have ended, not at once.
	lingerAfter = time.Second
)

// coalescer gathers the rows of concurrent creates into common import calls: what
// queues while a call is in flight goes into the next one. A lone create is
// never delayed.
type coalescer struct {
	send func(ctx context.Context, rows []graph.NewImportedDeviceIdentity, overwrite bool) ([]Identity, error)
	size *chunkSize
	// creates is the number of creates that are under way, sent or not.
	creates atomic.Int64
	// shared is the number of shared calls that ended a moment ago.
	shared atomic.Int64

	mu      sync.Mutex
	queue   []*queuedRow
	running bool
	arrived chan struct{}
}

// queuedRow is one create's row and what became of it.
type queuedRow struct {
	ctx       context.Context //nolint:containedctx // the row waits in a queue; its context says until when
	key       Key
	row       graph.NewImportedDeviceIdentity
	overwrite bool
	answer    chan rowAnswer
}

// rowAnswer is the answer about one row. together is the number of rows that
// were sent in the same call.
type rowAnswer struct {
	rows     []Identity
	together int
	err      error
}

func newCoalescer(size *chunkSize, send func(context.Context, []graph.NewImportedDeviceIdentity, bool) ([]Identity, error)) *coalescer {
	return &coalescer{send: send, size: size, arrived: make(chan struct{}, 1)}
}

// begin announces a create; the function it returns ends it.
func (c *coalescer) begin() (end func()) {
	c.creates.Add(1)
	return func() { c.creates.Add(-1) }
}

// submit sends a row with whatever else is waiting and returns the answer's rows
// that are about it.
func (c *coalescer) submit(ctx context.Context, key Key, row graph.NewImportedDeviceIdentity, overwrite bool) rowAnswer {
	queued := &queuedRow{ctx: ctx, key: key, row: row, overwrite: overwrite, answer: make(chan rowAnswer, 1)}
	c.mu.Lock()
	c.queue = append(c.queue, queued)
	start := !c.running
	c.running = true
	c.mu.Unlock()
	select {
	case c.arrived <- struct{}{}:
	default:
	}
	if start {
		go c.run()
	}
	select {
	case answer := <-queued.answer:
		return answer
	case <-ctx.Done():
		if c.withdraw(queued) {
			return rowAnswer{err: context.Cause(ctx)}
		}
		// It is on its way with others' rows. The call ends by itself, at once when
		// all of them have given up, and its answer may name what was created.
		return <-queued.answer
	}
}

// withdraw takes a row back that was not sent yet.
func (c *coalescer) withdraw(queued *queuedRow) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	at := slices.Index(c.queue, queued)
	if at < 0 {
		return false
	}
	c.queue = slices.Delete(c.queue, at, at+1)
	return true
}

// run sends batch after batch until nothing waits.
func (c *coalescer) run() {
	for !c.isDone() {
		if c.creates.Load() > 1 || c.shared.Load() > 0 {
			c.linger()
		}
		if batch := c.takeBatch(); len(batch) > 0 {
			c.sendBatch(batch)
		}
	}
}

// isDone reports whether nothing waits; the next row then starts anew.
func (c *coalescer) isDone() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.running = len(c.queue) > 0
	return !c.running
}

// linger waits until no row arrived for a while, or the queue fills a call.
func (c *coalescer) linger() {
	deadline := time.NewTimer(lingerMost)
	defer deadline.Stop()
	for !c.isFull() {
		quiet := time.NewTimer(lingerQuiet)
		select {
		case <-c.arrived:
			quiet.Stop()
		case <-quiet.C:
			return
		case <-deadline.C:
			quiet.Stop()
			return
		}
	}
}

func (c *coalescer) isFull() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.queue) >= c.size.current()
}

// takeBatch takes rows that can go together: the overwrite flag is the call's,
// and one type a call is what the portal sends.
func (c *coalescer) takeBatch() []*queuedRow {
	c.mu.Lock()
	defer c.mu.Unlock()
	var batch, rest []*queuedRow
	for _, queued := range c.queue {
		fits := len(batch) == 0 || queued.overwrite == batch[0].overwrite && queued.key.Type == batch[0].key.Type
		if fits && len(batch) < c.size.current() {
			batch = append(batch, queued)
		} else {
			rest = append(rest, queued)
		}
	}
	c.queue = rest
	return batch
}

// sendBatch sends rows together, and in halves where the call was too large or
// where one row spoils it for the others.
func (c *coalescer) sendBatch(batch []*queuedRow) {
	ctx, cancel := whileAnyoneWaits(batch)
	defer cancel()
	rows := make([]graph.NewImportedDeviceIdentity, len(batch))
	for i, queued := range batch {
		rows[i] = queued.row
	}
	answers, err := c.send(ctx, rows, batch[0].overwrite)
	if len(batch) > 1 {
		c.shared.Add(1)
		time.AfterFunc(lingerAfter, func() { c.shared.Add(-1) })
	}
	if err != nil && len(batch) > 1 {
		tooLarge := graph.IsTooLarge(err) && !graph.IsOutcomeUnknown(err)
		if tooLarge {
			c.size.shrink(len(batch))
		}
		if tooLarge || graph.IsBadRequest(err) && !graph.IsRouteRefused(err) {
			for _, half := range halves(batch) {
				c.sendBatch(half)
			}
			return
		}
	}
	if graph.IsTooLarge(err) {
		c.size.shrink(len(batch))
	}
	var own [][]Identity
	if len(batch) == 1 {
		own = [][]Identity{answers}
	} else {
		own = shareOut(batch, answers)
	}
	for i, queued := range batch {
		queued.answer <- rowAnswer{rows: own[i], together: len(batch), err: err}
	}
}

// shareOut gives every row of a batch the answer's rows about it: those of its
// key and, where the service stores identifiers in a form of its own, one of the
// others that it could have made of it.
func shareOut(batch []*queuedRow, answers []Identity) [][]Identity {
	own := make([][]Identity, len(batch))
	var others []Identity
	for _, answer := range answers {
		at := slices.IndexFunc(batch, func(q *queuedRow) bool { return isKey(answer, q.key) })
		if at < 0 {
			others = append(others, answer)
			continue
		}
		own[at] = append(own[at], answer)
	}
	for i, queued := range batch {
		if len(own[i]) > 0 {
			continue
		}
		if at := slices.IndexFunc(others, func(answer Identity) bool { return couldBe(answer, queued.key) }); at >= 0 {
			own[i] = others[at : at+1 : at+1]
			others = slices.Delete(slices.Clone(others), at, at+1)
		}
	}
	return own
}

// whileAnyoneWaits is a context that ends when the last of the creates has given
// up: the end of one must not take the others' rows with it.
func whileAnyoneWaits(batch []*queuedRow) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(context.WithoutCancel(batch[0].ctx))
	var waiting atomic.Int64
	waiting.Store(int64(len(batch)))
	stops := make([]func() bool, len(batch))
	var latest time.Time
	bounded := true
	for i, queued := range batch {
		deadline, ok := queued.ctx.Deadline()
		bounded = bounded && ok
		if deadline.After(latest) {
			latest = deadline
		}
		stops[i] = context.AfterFunc(queued.ctx, func() {
			if waiting.Add(-1) == 0 {
				cancel(context.Cause(queued.ctx))
			}
		})
	}
	release := func() {
		for _, stop := range stops {
			stop()
		}
		cancel(context.Canceled)
	}
	if !bounded {
		return ctx, release
	}
	// The deadline is handed on as such, so that a wait that it forbids is not
	// begun. It is not the call that ends first, though: a create whose call ended
	// must find its own context ended, or it would go on.
	ctx, end := context.WithDeadline(ctx, latest.Add(time.Second))
	return ctx, func() {
		end()
		release()
	}
}
