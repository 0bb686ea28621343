package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/intunetf/terraform-provider-intune/internal/bench/bare/bareprovider"
	"github.com/intunetf/terraform-provider-intune/internal/graphsim"
	"github.com/intunetf/terraform-provider-intune/internal/provider"
)

// runner holds what all measurements share.
type runner struct {
	options
	folder       string
	intune, bare string // binaries
	shapes       shapes
	bareShapes   shapes
}

// sample is one measured operation.
type sample struct {
	form, operation string
	n               int
	wall            time.Duration
	usage           usage
	terraformCPU    time.Duration
	routes          routes
}

// operation names, in the order in which they are done.
const (
	opCreate  = "create"
	opRefresh = "refresh"
	opUpdate  = "update 1 %"
	opDestroy = "destroy"
)

func operations() []string { return []string{opCreate, opRefresh, opUpdate, opDestroy} }

func newRunner(ctx context.Context, o options) (*runner, error) {
	folder, err := os.MkdirTemp("", "intune-bench-")
	if err != nil {
		return nil, err
	}
	r := &runner{options: o, folder: folder}
	if r.intune, err = r.build(ctx, "terraform-provider-intune", "."); err != nil {
		return r, err
	}
	if r.bare, err = r.build(ctx, "terraform-provider-bare", "./internal/bench/bare"); err != nil {
		return r, err
	}
	if r.shapes, err = shapesOf(ctx, provider.New("bench")()); err != nil {
		return r, err
	}
	r.bareShapes, err = shapesOf(ctx, bareprovider.New())
	return r, err
}

func (r *runner) close() { _ = os.RemoveAll(r.folder) }

// build builds a binary as a release does.
func (r *runner) build(ctx context.Context, name, path string) (string, error) {
	binary := filepath.Join(r.folder, name)
	root, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}").Output()
	if err != nil {
		return "", fmt.Errorf("go list: %w", err)
	}
	build := exec.CommandContext(ctx, "go", "build", "-tags", "grpcnotrace", "-trimpath", "-ldflags", "-s -w", "-o", binary, path) //nolint:gosec // the paths are this program's own
	build.Dir = filepath.Clean(string(root[:len(root)-1]))
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if output, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, output)
	}
	return binary, nil
}

// newTenant is an empty tenant that behaves as live ones were observed to.
func (r *runner) newTenant(adjust ...func(*graphsim.Options)) (*tenant, error) {
	options := graphsim.Options{Profile: graphsim.ProfileField, Latency: r.latency}
	for _, f := range adjust {
		f(&options)
	}
	return startTenant(r.folder, options)
}

// unlimited are the settings for a tenant without limits: the provider's own
// would pause it.
func unlimited(t *tenant) map[string]any {
	settings := t.settings()
	settings["request_limit"], settings["write_limit"] = 1_000_000, 1_000_000
	return settings
}

// start starts the provider and configures it for a tenant.
func (r *runner) start(ctx context.Context, settings map[string]any) (*process, error) {
	config, err := encode(r.shapes.provider, settings)
	if err != nil {
		return nil, err
	}
	p, err := startProcess(ctx, r.intune, r.folder)
	if err != nil {
		return nil, err
	}
	if err := p.configure(ctx, config); err != nil {
		_, _ = p.stop()
		return nil, err
	}
	return p, nil
}

// measure does one operation in a provider process of its own. Its processor
// time and memory include the start, its wall time does not.
func (r *runner) measure(ctx context.Context, t *tenant, settings map[string]any, work func(*process) error) (sample, error) {
	p, err := r.start(ctx, settings)
	if err != nil {
		return sample{}, err
	}
	t.takeRoutes()
	began := time.Now()
	workErr := work(p)
	s := sample{wall: time.Since(began), routes: t.takeRoutes()}
	s.usage, err = p.stop()
	if workErr != nil {
		return s, workErr
	}
	return s, err
}

// measureStart is what every process costs before it does anything.
func (r *runner) measureStart(ctx context.Context) (sample, error) {
	t, err := r.newTenant()
	if err != nil {
		return sample{}, err
	}
	defer t.close()
	began := time.Now()
	p, err := r.start(ctx, unlimited(t))
	if err != nil {
		return sample{}, err
	}
	s := sample{form: "start", wall: time.Since(began), routes: t.takeRoutes()}
	s.usage, err = p.stop()
	return s, err
}

// loopRun does the four operations of a bare loop one after the other.
func (r *runner) loopRun(ctx context.Context, form string, n int) ([]sample, error) {
	t, err := r.newTenant()
	if err != nil {
		return nil, err
	}
	defer t.close()
	l, err := newLoop(t)
	if err != nil {
		return nil, err
	}
	defer l.client.CloseIdleConnections()
	work := map[string][]func(context.Context, int) error{
		formFloorFleet:  {l.fleetCreate, l.fleetRefresh, l.fleetUpdate, l.fleetDestroy},
		formFloorSingle: {l.singleCreate, l.fleetRefresh, l.singleUpdate, l.singleDestroy},
		formNaive:       {l.naiveCreate, l.naiveRefresh, l.naiveUpdate, l.naiveDestroy},
	}[form]
	var samples []sample
	for i, operation := range operations() {
		t.takeRoutes()
		began := time.Now()
		if err := work[i](ctx, n); err != nil {
			return samples, fmt.Errorf("%s, %s of %d: %w", form, operation, n, err)
		}
		samples = append(samples, sample{form: form, operation: operation, n: n, wall: time.Since(began), routes: t.takeRoutes()})
	}
	return samples, wantHeld(t, 0, "")
}

// The forms of the work.
const (
	formFleet       = "fleet"
	formSingle      = "single"
	formFloorFleet  = "floor of the fleet"
	formFloorSingle = "floor of single resources"
	formNaive       = "naive"
	formCLIFleet    = "fleet, CLI"
	formCLIBare     = "bare resource, CLI"
	formCLISingle   = "single, CLI"
)

// wantHeld holds the tenant against the number of rows and the description of
// the first: a measurement of work that was not done would be worth nothing.
func wantHeld(t *tenant, n int, first string) error {
	held := t.Tenant().Identities()
	if len(held) != n {
		return fmt.Errorf("the tenant holds %d identities, want %d", len(held), n)
	}
	if n == 0 || first == "" {
		return nil
	}
	identity, ok := t.Tenant().Find("serialNumber", serial(0))
	if !ok || identity.Description != first {
		return fmt.Errorf("the first identity has the description %q, want %q", identity.Description, first)
	}
	return nil
}
