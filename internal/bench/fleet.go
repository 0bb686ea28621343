package main

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/intunetf/terraform-provider-intune/internal/bench/bare/bareprovider"
)

const (
	fleetType = "intune_imported_device_identities"
	bareType  = bareprovider.ResourceType
	// bareFleetType has the other attributes of a fleet, too.
	bareFleetType = bareprovider.FleetType
)

// fleet is one fleet at the protocol level.
type fleet struct {
	typeName string
	object   tftypes.Object
	rows     map[string]string
	state    instance
	planned  []byte
}

func (r *runner) newFleet(n int) (*fleet, error) { return r.newFleetOf(fleetType, n) }

func (r *runner) newFleetOf(typeName string, n int) (*fleet, error) {
	object, err := r.shapes.resource(typeName)
	if err != nil {
		return nil, err
	}
	f := &fleet{typeName: typeName, object: object, rows: serials(n)}
	f.state.state, err = null(object)
	return f, err
}

func (f *fleet) config() ([]byte, error) {
	set := map[string]any{"identities": f.rows}
	if f.typeName != bareType {
		set["imported_device_identity_type"] = "serialNumber"
	}
	return encode(f.object, set)
}

// apply is validate, refresh where there is something, plan and apply.
func (f *fleet) apply(ctx context.Context, p *process, config []byte, create bool) error {
	if err := p.validate(ctx, f.typeName, config); err != nil {
		return err
	}
	prior := f.state
	var err error
	if !create {
		if prior, err = p.read(ctx, f.typeName, prior); err != nil {
			return err
		}
	}
	// Nothing of a fleet is computed: what is proposed is what is configured.
	planned, err := p.plan(ctx, f.typeName, config, config, prior)
	if err != nil {
		return err
	}
	f.state, err = p.apply(ctx, f.typeName, config, prior, planned)
	return err
}

// refresh is validate, refresh and a plan that must be empty.
func (f *fleet) refresh(ctx context.Context, p *process, config []byte) error {
	if err := p.validate(ctx, f.typeName, config); err != nil {
		return err
	}
	return f.readAndPlan(ctx, p, config)
}

func (f *fleet) readAndPlan(ctx context.Context, p *process, config []byte) error {
	read, err := p.read(ctx, f.typeName, f.state)
	if err != nil {
		return err
	}
	planned, err := p.plan(ctx, f.typeName, config, config, read)
	if err != nil {
		return err
	}
	f.planned = planned.state
	return nil
}

// wantEmptyPlan compares the last plan of readAndPlan with what was configured.
// It is no part of a measurement: decoding takes as long as planning.
func (f *fleet) wantEmptyPlan(config []byte) error {
	planned, err := unpack(f.object, f.planned)
	if err != nil {
		return err
	}
	configured, err := unpack(f.object, config)
	if err != nil {
		return err
	}
	if !planned["identities"].Equal(configured["identities"]) {
		return fmt.Errorf("the plan of %d rows is not empty", len(f.rows))
	}
	return nil
}

func (f *fleet) destroy(ctx context.Context, p *process) error {
	prior, err := p.read(ctx, f.typeName, f.state)
	if err != nil {
		return err
	}
	nothing, err := null(f.object)
	if err != nil {
		return err
	}
	planned, err := p.plan(ctx, f.typeName, nothing, nothing, prior)
	if err != nil {
		return err
	}
	f.state, err = p.apply(ctx, f.typeName, nothing, prior, planned)
	return err
}

// fleetRun measures the four operations on n rows.
func (r *runner) fleetRun(ctx context.Context, n int) ([]sample, error) {
	t, err := r.newTenant()
	if err != nil {
		return nil, err
	}
	defer t.close()
	f, err := r.newFleet(n)
	if err != nil {
		return nil, err
	}
	first, err := f.config()
	if err != nil {
		return nil, err
	}
	for i := range onePercent(n) {
		f.rows[serial(i)] = fmt.Sprintf(changedDescription, i)
	}
	changed, err := f.config()
	if err != nil {
		return nil, err
	}
	samples, err := r.steps(ctx, t, formFleet, n, map[string]func(*process) error{
		opCreate:  func(p *process) error { return f.apply(ctx, p, first, true) },
		opRefresh: func(p *process) error { return f.refresh(ctx, p, first) },
		opUpdate:  func(p *process) error { return f.apply(ctx, p, changed, false) },
		opDestroy: func(p *process) error { return f.destroy(ctx, p) },
	})
	if err != nil {
		return samples, err
	}
	return samples, f.wantEmptyPlan(first)
}

// steps measures four operations and holds the tenant against each.
func (r *runner) steps(ctx context.Context, t *tenant, form string, n int, work map[string]func(*process) error) ([]sample, error) {
	var samples []sample
	for _, operation := range operations() {
		s, err := r.measure(ctx, t, unlimited(t), work[operation])
		if err == nil {
			err = wantAfter(t, operation, n)
		}
		if err != nil {
			return samples, fmt.Errorf("%s, %s of %d: %w", form, operation, n, err)
		}
		s.form, s.operation, s.n = form, operation, n
		samples = append(samples, s)
	}
	return samples, nil
}

func wantAfter(t *tenant, operation string, n int) error {
	switch operation {
	case opUpdate:
		return wantHeld(t, n, fmt.Sprintf(changedDescription, 0))
	case opDestroy:
		return wantHeld(t, 0, "")
	default:
		return wantHeld(t, n, fmt.Sprintf(firstDescription, 0))
	}
}

// growth measures a refresh and a plan without change of a fleet that is in the
// tenant, and the same of resources without logic.
type growth struct {
	n                       int
	intune, bare, bareFleet sample
}

// growthRun measures everything twice and keeps the run that took less: what
// else the machine does only ever adds.
func (r *runner) growthRun(ctx context.Context, n int) (growth, error) {
	g := growth{n: n}
	t, err := r.newTenant(seeded(n))
	if err != nil {
		return g, err
	}
	defer t.close()
	bare := *r
	bare.intune, bare.shapes = r.bare, r.bareShapes
	for range 2 {
		for _, one := range []struct {
			runner   *runner
			typeName string
			settings map[string]any
			into     *sample
		}{
			{r, fleetType, unlimited(t), &g.intune}, {&bare, bareType, nil, &g.bare}, {&bare, bareFleetType, nil, &g.bareFleet},
		} {
			s, err := one.runner.unchanged(ctx, t, one.typeName, one.settings, n)
			if err != nil {
				return g, fmt.Errorf("%s with %d rows: %w", one.typeName, n, err)
			}
			if one.into.usage.CPU == 0 || s.usage.CPU < one.into.usage.CPU {
				*one.into = s
			}
		}
	}
	return g, nil
}

// unchanged refreshes and plans a fleet whose rows the tenant holds.
func (r *runner) unchanged(ctx context.Context, t *tenant, typeName string, settings map[string]any, n int) (sample, error) {
	f, err := r.newFleetOf(typeName, n)
	if err != nil {
		return sample{}, err
	}
	config, err := f.config()
	if err != nil {
		return sample{}, err
	}
	f.state.state = config
	s, err := r.measure(ctx, t, settings, func(p *process) error { return f.readAndPlan(ctx, p, config) })
	if err != nil {
		return s, err
	}
	return s, f.wantEmptyPlan(config)
}
