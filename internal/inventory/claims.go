package inventory

import (
	"context"
	"sync"
)

// claims keeps, for the process, which keys a create or an adoption has taken,
// and which are being deleted. It makes moving a row from one resource to
// another safe in whichever order Terraform does the two halves: a deletion
// skips what another resource has taken, and who takes a key waits until a
// deletion that has begun is over.
type claims struct {
	mu      sync.Mutex
	taken   map[normalKey]*claimant
	leaving map[normalKey]chan struct{}
}

// claimant is one operation of one resource.
type claimant struct{ _ byte }

func newClaims() *claims {
	return &claims{taken: map[normalKey]*claimant{}, leaving: map[normalKey]chan struct{}{}}
}

// take claims all keys or, where another operation of this process has claimed
// some already, none; those are returned.
func (c *claims) take(ctx context.Context, who *claimant, keys []normalKey) (disputed []normalKey, err error) {
	for {
		disputed, leaving := c.tryTake(who, keys)
		if leaving == nil {
			return disputed, nil
		}
		select {
		case <-leaving:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

func (c *claims) tryTake(who *claimant, keys []normalKey) (disputed []normalKey, leaving chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, key := range keys {
		if owner := c.taken[key]; owner != nil && owner != who {
			disputed = append(disputed, key)
		}
		if gone := c.leaving[key]; gone != nil {
			leaving = gone
		}
	}
	if len(disputed) > 0 {
		return disputed, nil
	}
	if leaving != nil {
		return nil, leaving
	}
	for _, key := range keys {
		c.taken[key] = who
	}
	return nil, nil
}

// release gives keys back that a failed operation has not come to own.
func (c *claims) release(who *claimant, keys ...normalKey) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, key := range keys {
		if c.taken[key] == who {
			delete(c.taken, key)
		}
	}
}

// leave announces deletions. It returns the keys that may be deleted, and what
// to call when that is over.
func (c *claims) leave(keys []normalKey) (free []normalKey, done func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	over := make(chan struct{})
	for _, key := range keys {
		if c.taken[key] == nil && c.leaving[key] == nil {
			c.leaving[key] = over
			free = append(free, key)
		}
	}
	return free, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		for _, key := range free {
			delete(c.leaving, key)
		}
		close(over)
	}
}
