package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"strings"
	"time"

	"github.com/intunetf/terraform-provider-intune/internal/graphsim"
)

// What Microsoft documents for Intune, per app and tenant.
const (
	documentedRequests = 1000
	documentedWrites   = 100
	limitWindow        = 20 * time.Second
)

// limitResult is an operation under limits.
type limitResult struct {
	Scenario string
	N        int
	// Writes were admitted, Limit is how many the tenant admits in a window.
	Writes, Limit int
	Refused       int
	Wall          time.Duration
	// Virtual time is that of a clock that jumps while everybody waits.
	Virtual bool
}

// imposed is how long a client needs that knows everything: it uses every slot
// in the moment in which it becomes free.
func (l limitResult) imposed() time.Duration {
	return time.Duration((l.Writes-1)/l.Limit) * limitWindow
}

func (l limitResult) ratio() float64 { return l.Wall.Seconds() / l.imposed().Seconds() }

// limitRuns destroys a small fleet in real time with the released binary and its
// default settings, and then has the test of this package do the large ones on
// a virtual clock: they would take an hour.
func (r *runner) limitRuns(ctx context.Context, all *results) error {
	const n = 250
	t, err := r.newTenant(seeded(n), func(o *graphsim.Options) {
		o.RequestLimit, o.WriteLimit = documentedRequests, documentedWrites
	})
	if err != nil {
		return err
	}
	defer t.close()
	f, err := r.newFleet(n)
	if err != nil {
		return err
	}
	if f.state.state, err = f.config(); err != nil {
		return err
	}
	s, err := r.measure(ctx, t, t.settings(), func(p *process) error { return f.destroy(ctx, p) })
	if err == nil {
		err = wantHeld(t, 0, "")
	}
	if err != nil {
		return err
	}
	all.limits = append(all.limits, limitResult{
		Scenario: "fleet, released binary, default settings", N: n, Writes: n + s.routes.Search, Limit: documentedWrites,
		Refused: s.routes.Refused, Wall: s.wall,
	})
	virtual, err := r.virtualLimits(ctx)
	all.limits = append(all.limits, virtual...)
	return err
}

// limitsMark comes before each result in the output of the test.
const limitsMark = "limits: "

func (r *runner) virtualLimits(ctx context.Context) ([]limitResult, error) {
	output, err := exec.CommandContext(ctx, "go", "test", "-run", "^TestLimits", "-count=1", "-v",
		"github.com/intunetf/terraform-provider-intune/internal/bench").CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("go test: %w\n%s", err, output)
	}
	var all []limitResult
	for line := range strings.Lines(string(output)) {
		_, encoded, ok := strings.Cut(line, limitsMark)
		if !ok {
			continue
		}
		var one limitResult
		if err := json.Unmarshal([]byte(encoded), &one); err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, nil
}
