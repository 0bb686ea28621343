package inventory

import (
	"context"
	"sync/atomic"

	"golang.org/x/sync/errgroup"
)

const (
	// defaultChunk is the rows of one call of an action: what a script in the field
	// uses ("Graph limits payload sizes"); nothing is documented.
	defaultChunk = 500
	// chunksInFlight is how many such calls run side by side.
	chunksInFlight = 4
)

// chunkSize is how many rows a call may carry. It shrinks for the whole process
// when the service says that a call was too large or took too long.
type chunkSize struct{ rows atomic.Int64 }

func (c *chunkSize) current() int {
	if n := c.rows.Load(); n > 0 {
		return int(n)
	}
	return defaultChunk
}

// shrink halves the size below that of a call that failed.
func (c *chunkSize) shrink(failed int) {
	next := int64(max((failed+1)/2, 1))
	for {
		current := c.rows.Load()
		if current > 0 && current <= next {
			return
		}
		if c.rows.CompareAndSwap(current, next) {
			return
		}
	}
}

// inChunks calls work for one chunk after another, several side by side. After
// an error no further chunk is begun; those in flight are let finish.
func inChunks[T any](ctx context.Context, size *chunkSize, all []T, work func(context.Context, []T) error) error {
	var group errgroup.Group
	group.SetLimit(chunksInFlight)
	var failed atomic.Bool
	for len(all) > 0 && !failed.Load() && ctx.Err() == nil {
		n := min(size.current(), len(all))
		chunk := all[:n]
		all = all[n:]
		group.Go(func() error {
			if failed.Load() { // while this chunk waited for its turn
				return nil
			}
			err := work(ctx, chunk)
			if err != nil {
				failed.Store(true)
			}
			return err
		})
	}
	if err := group.Wait(); err != nil || len(all) == 0 {
		return err
	}
	return context.Cause(ctx)
}
