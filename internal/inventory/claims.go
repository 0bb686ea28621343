package inventory

import (
	"context"
	"sync"
)

// Owner names one resource of a Terraform configuration for as long as it lives;
// "" is nobody. It tells a resource that gives up its own identity from one
// whose identity another resource has taken over.
type Owner string

// claims keeps, for the process, which keys a create or an adoption has taken,
// and which are being deleted. It makes moving a row from one resource to
// another safe in whichever order Terraform does the two halves: a deletion
// skips what another resource has taken, and who takes a key waits until a
// deletion that has begun is over.
type claims struct {
	mu      sync.Mutex
	taken   map[normalKey]*claim
	leaving map[normalKey]chan struct{}
}

// claim is one key that a resource has taken, or is about to.
type claim struct {
	owner Owner
	// settled is closed when the create or adoption is done; one that failed gives
	// its claim back.
	settled chan struct{}
}

func (c *claim) isPending() bool {
	select {
	case <-c.settled:
		return false
	default:
		return true
	}
}

func newClaims() *claims {
	return &claims{taken: map[normalKey]*claim{}, leaving: map[normalKey]chan struct{}{}}
}

// take claims all keys or, where another resource has claimed some in this
// process, none; those are returned.
func (c *claims) take(ctx context.Context, who Owner, keys []normalKey) (disputed []normalKey, err error) {
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

func (c *claims) tryTake(who Owner, keys []normalKey) (disputed []normalKey, leaving chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, key := range keys {
		if other := c.taken[key]; other != nil && other.owner != who {
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
		if c.taken[key] == nil || !c.taken[key].isPending() {
			c.taken[key] = &claim{owner: who, settled: make(chan struct{})}
		}
	}
	return nil, nil
}

// settle says that the keys are created or adopted: a deletion by another
// resource now skips them.
func (c *claims) settle(who Owner, keys ...normalKey) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, key := range keys {
		if own := c.taken[key]; own != nil && own.owner == who && own.isPending() {
			close(own.settled)
		}
	}
}

// forget drops what was claimed. A refresh or an import begins a new run:
// Terraform reads before it applies, never after, and a process that serves
// several runs must not take the claims of one into the next.
func (c *claims) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, claim := range c.taken {
		if claim.isPending() { // nobody may wait for what is forgotten
			close(claim.settled)
		}
	}
	clear(c.taken)
}

// release gives keys back that a failed operation has not come to own.
func (c *claims) release(who Owner, keys ...normalKey) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, key := range keys {
		if own := c.taken[key]; own != nil && own.owner == who {
			if own.isPending() {
				close(own.settled)
			}
			delete(c.taken, key)
		}
	}
}

// leave announces deletions. It returns the keys that may be deleted, and what
// to call when that is over. It waits for creates of the same keys that are
// under way, because only one that succeeds takes the identity over, and for other
// deletions of them, which may fail; it holds no key while it waits, so that
// nobody can wait for it in turn.
func (c *claims) leave(ctx context.Context, who Owner, keys []normalKey) (free []normalKey, done func(), err error) {
	for {
		free, done, pending := c.tryLeave(who, keys)
		if pending == nil {
			return free, done, nil
		}
		select {
		case <-pending:
		case <-ctx.Done():
			return nil, func() {}, context.Cause(ctx)
		}
	}
}

// tryLeave returns what to wait for instead, where somebody else's claim is not
// settled yet or somebody else's deletion is not over.
func (c *claims) tryLeave(who Owner, keys []normalKey) (free []normalKey, done func(), pending chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, key := range keys {
		if other := c.taken[key]; other != nil && other.owner != who && other.isPending() {
			return nil, nil, other.settled
		}
		if gone := c.leaving[key]; gone != nil {
			return nil, nil, gone
		}
	}
	over := make(chan struct{})
	for _, key := range keys {
		if other := c.taken[key]; other != nil && other.owner != who {
			continue
		}
		delete(c.taken, key)
		c.leaving[key] = over
		free = append(free, key)
	}
	return free, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		for _, key := range free {
			delete(c.leaving, key)
		}
		close(over)
	}, nil
}
