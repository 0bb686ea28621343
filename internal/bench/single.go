package main

import (
	"context"
	"fmt"
	"maps"

	"github.com/hashicorp/terraform-plugin-go/tftypes"
	"golang.org/x/sync/errgroup"
)

const singleType = "intune_imported_device_identity"

// singles are n single resources at the protocol level, ten under way as
// Terraform has them.
type singles struct {
	object   tftypes.Object
	computed []string
	states   []instance
}

func (r *runner) newSingles(n int) (*singles, error) {
	object, err := r.shapes.resource(singleType)
	if err != nil {
		return nil, err
	}
	nothing, err := null(object)
	s := &singles{object: object, states: make([]instance, n)}
	for i := range s.states {
		s.states[i].state = nothing
	}
	for _, attribute := range r.shapes.resources[singleType].Block.Attributes {
		if attribute.Computed {
			s.computed = append(s.computed, attribute.Name)
		}
	}
	return s, err
}

func (s *singles) each(ctx context.Context, work func(ctx context.Context, i int) error) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(coreParallelism)
	for i := range s.states {
		group.Go(func() error { return work(ctx, i) })
	}
	return group.Wait()
}

func settingsOf(i int, description string) map[string]any {
	return map[string]any{
		"imported_device_identity_type": "serialNumber", "imported_device_identifier": serial(i),
		"description": fmt.Sprintf(description, i),
	}
}

// propose is what Terraform proposes: the configuration, and the prior value of
// what is computed and not configured.
func (s *singles) propose(settings map[string]any, prior []byte) ([]byte, error) {
	before, err := unpack(s.object, prior)
	if err != nil {
		return nil, err
	}
	proposed := maps.Clone(settings)
	for _, name := range s.computed {
		if v, ok := before[name]; ok {
			proposed[name] = v
		}
	}
	return encode(s.object, proposed)
}

// planned plans resource i. Terraform plans all resources before it applies one.
func (s *singles) plan(ctx context.Context, p *process, i int, description string, prior instance, create bool) (config []byte, planned instance, err error) {
	settings := settingsOf(i, description)
	if config, err = encode(s.object, settings); err != nil {
		return nil, instance{}, err
	}
	proposed := config
	if !create {
		if proposed, err = s.propose(settings, prior.state); err != nil {
			return nil, instance{}, err
		}
	}
	planned, err = p.plan(ctx, singleType, config, proposed, prior)
	return config, planned, err
}

func (s *singles) create(ctx context.Context, p *process) error {
	configs, plans := make([][]byte, len(s.states)), make([]instance, len(s.states))
	err := s.each(ctx, func(ctx context.Context, i int) error {
		var err error
		configs[i], plans[i], err = s.plan(ctx, p, i, firstDescription, s.states[i], true)
		return err
	})
	if err != nil {
		return err
	}
	return s.each(ctx, func(ctx context.Context, i int) error {
		next, err := p.apply(ctx, singleType, configs[i], s.states[i], plans[i])
		s.states[i] = next
		return err
	})
}

// update refreshes and plans all and applies the first ones with the other
// description; with changed 0 it is a refresh.
func (s *singles) update(ctx context.Context, p *process, changed int) error {
	configs, plans := make([][]byte, len(s.states)), make([]instance, len(s.states))
	err := s.each(ctx, func(ctx context.Context, i int) error {
		read, err := p.read(ctx, singleType, s.states[i])
		if err != nil {
			return err
		}
		s.states[i] = read
		description := firstDescription
		if i < changed {
			description = changedDescription
		}
		configs[i], plans[i], err = s.plan(ctx, p, i, description, read, false)
		return err
	})
	if err != nil {
		return err
	}
	return s.each(ctx, func(ctx context.Context, i int) error {
		if i >= changed {
			return nil
		}
		next, err := p.apply(ctx, singleType, configs[i], s.states[i], plans[i])
		s.states[i] = next
		return err
	})
}

func (s *singles) destroy(ctx context.Context, p *process) error {
	nothing, err := null(s.object)
	if err != nil {
		return err
	}
	err = s.each(ctx, func(ctx context.Context, i int) error {
		read, err := p.read(ctx, singleType, s.states[i])
		if err != nil {
			return err
		}
		s.states[i] = read
		_, err = p.plan(ctx, singleType, nothing, nothing, read)
		return err
	})
	if err != nil {
		return err
	}
	return s.each(ctx, func(ctx context.Context, i int) error {
		_, err := p.apply(ctx, singleType, nothing, s.states[i], instance{state: nothing, private: s.states[i].private})
		return err
	})
}

// singleRun measures the four operations on n single resources.
func (r *runner) singleRun(ctx context.Context, n int) ([]sample, error) {
	t, err := r.newTenant()
	if err != nil {
		return nil, err
	}
	defer t.close()
	s, err := r.newSingles(n)
	if err != nil {
		return nil, err
	}
	return r.steps(ctx, t, formSingle, n, map[string]func(*process) error{
		opCreate:  func(p *process) error { return s.create(ctx, p) },
		opRefresh: func(p *process) error { return s.update(ctx, p, 0) },
		opUpdate:  func(p *process) error { return s.update(ctx, p, onePercent(n)) },
		opDestroy: func(p *process) error { return s.destroy(ctx, p) },
	})
}
