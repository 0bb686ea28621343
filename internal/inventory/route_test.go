package inventory

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/intunetf/terraform-provider-intune/internal/graph"
	"github.com/intunetf/terraform-provider-intune/internal/graphsim"
)

// outcome is what one of several concurrent operations returned.
type outcome struct {
	name     string
	identity Identity
	err      error
}

// concurrently creates C00, C01, … at the same time.
func (w *world) concurrently(ctx context.Context, n int, operation func(ctx context.Context, name string) (Identity, error)) []outcome {
	outcomes := make([]outcome, n)
	var group sync.WaitGroup
	for i := range outcomes {
		group.Go(func() {
			name := fmt.Sprintf("C%02d", i)
			identity, err := operation(ctx, name)
			outcomes[i] = outcome{name, identity, err}
		})
	}
	group.Wait()
	return outcomes
}

func (w *world) createText(ctx context.Context, name string) (Identity, error) {
	return w.Create(ctx, serial(name, "text"))
}

func TestProbe_IsSentOncePerProcess(t *testing.T) {
	t.Parallel()
	type test struct {
		tenant  tenant
		creates int
		imports int
	}
	slow := func(tn tenant) tenant { tn.Latency = time.Second; return tn }
	answers := func(answer graphsim.RouteAnswer) tenant {
		return slow(field(func(b *graphsim.Behaviour) { b.CreateRoute = answer }))
	}
	runs(t, map[string]test{
		"field, refused":    {slow(field()), 1, 1},
		"404":               {answers(graphsim.RouteUnknownSegment), 1, 1},
		"405":               {answers(graphsim.RouteNotAllowed), 1, 1},
		"501":               {answers(graphsim.RouteNotImplemented), 1, 1},
		"500":               {answers(graphsim.RouteServerError), 1, 1},
		"documented, works": {slow(documented()), 20, 0},
		"import":            {slow(field().with(CreateMethodImport)), 0, 1},
	}, func(t *testing.T, test test) {
		test.tenant.in(t, func(t *testing.T, w *world) {
			for _, o := range w.concurrently(t.Context(), 20, w.createText) {
				w.wantCreated(o.identity, o.err, o.name, "text")
			}
			w.wantCounts(map[graphsim.Operation]int{graphsim.OpCreate: test.creates, graphsim.OpImport: test.imports})
		})
	})
}

func TestProbe_OfTheUpdateIsSentOncePerProcess(t *testing.T) {
	t.Parallel()
	type test struct {
		tenant  tenant
		patches int
		imports int
	}
	answers := func(answer graphsim.RouteAnswer) tenant {
		return field(func(b *graphsim.Behaviour) { b.PatchRoute = answer })
	}
	runs(t, map[string]test{
		"field, refused":    {field(), 1, 1},
		"404":               {answers(graphsim.RouteUnknownSegment), 1, 1},
		"405":               {answers(graphsim.RouteNotAllowed), 1, 1},
		"501":               {answers(graphsim.RouteNotImplemented), 1, 1},
		"500":               {answers(graphsim.RouteServerError), 1, 1},
		"documented, works": {documented(), 20, 0},
		"import":            {documented().with(CreateMethodImport), 0, 1},
	}, func(t *testing.T, test test) {
		for i := range 20 {
			test.tenant.Seed = append(test.tenant.Seed, theirs(fmt.Sprintf("C%02d", i), "before"))
		}
		test.tenant.Latency = time.Second
		test.tenant.in(t, func(t *testing.T, w *world) {
			for _, o := range w.concurrently(t.Context(), 20, func(ctx context.Context, name string) (Identity, error) {
				return w.UpdateDescription(ctx, w.stored(name).ID, "after")
			}) {
				w.wantCreated(o.identity, o.err, o.name, "after")
			}
			w.wantCounts(map[graphsim.Operation]int{graphsim.OpUpdate: test.patches, graphsim.OpImport: test.imports})
		})
	})
}

func TestProbe_OneThatLearnsNothingHandsOver(t *testing.T) {
	t.Parallel()
	runs(t, map[string]graphsim.Fault{
		"403":         status(graphsim.OpCreate, http.StatusForbidden, false),
		"400":         status(graphsim.OpCreate, http.StatusBadRequest, false),
		"failed look": status(graphsim.OpSearch, http.StatusUnauthorized, false),
	}, func(t *testing.T, fault graphsim.Fault) {
		tn := field()
		tn.Latency = time.Second
		tn.in(t, func(t *testing.T, w *world) {
			w.Inject(fault)
			failed := 0
			for _, o := range w.concurrently(t.Context(), 20, w.createText) {
				if o.err != nil {
					failed++
					continue
				}
				w.wantCreated(o.identity, o.err, o.name, "text")
			}
			posts := 2
			if fault.Operation == graphsim.OpSearch {
				posts = 1
			}
			if failed != 1 {
				t.Errorf("%d creates failed, want that of the first probe only", failed)
			}
			w.wantCounts(map[graphsim.Operation]int{graphsim.OpCreate: posts, graphsim.OpImport: 1})
		})
	})
}

func TestProbe_AForbiddenRouteIsAnErrorForEverybody(t *testing.T) {
	t.Parallel()
	field(func(b *graphsim.Behaviour) { b.CreateRoute = graphsim.RouteForbidden }).in(t, func(t *testing.T, w *world) {
		for _, o := range w.concurrently(t.Context(), 5, w.createText) {
			if !IsForbidden(o.err) || o.identity.ID != "" {
				t.Errorf("%s: got %+v, %v", o.name, o.identity, o.err)
			}
		}
		w.wantCounts(map[graphsim.Operation]int{graphsim.OpImport: 0})
	})
}

func TestProbe_OneThatIsCancelledHandsOver(t *testing.T) {
	t.Parallel()
	field().in(t, func(t *testing.T, w *world) {
		w.Inject(silent(graphsim.OpCreate, false))
		first, cancel := context.WithCancel(t.Context())
		var group sync.WaitGroup
		group.Go(func() {
			if got, err := w.Create(first, serial("PROBE", "")); !errors.Is(err, context.Canceled) || got.ID != "" {
				t.Errorf("the cancelled probe: %+v, %v", got, err)
			}
		})
		synctest.Wait()
		group.Go(func() {
			for _, o := range w.concurrently(t.Context(), 20, w.createText) {
				w.wantCreated(o.identity, o.err, o.name, "text")
			}
		})
		synctest.Wait()
		w.wantCounts(map[graphsim.Operation]int{graphsim.OpCreate: 1, graphsim.OpImport: 0})
		cancel()
		group.Wait()
		w.wantCounts(map[graphsim.Operation]int{graphsim.OpCreate: 2, graphsim.OpImport: 1})
	})
}

func TestProbe_AWaitingCreateCanBeInterrupted(t *testing.T) {
	t.Parallel()
	field().in(t, func(t *testing.T, w *world) {
		w.Inject(silent(graphsim.OpCreate, false))
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		var group sync.WaitGroup
		group.Go(func() { _, _ = w.Create(ctx, serial("PROBE", "")) })
		synctest.Wait()
		waiting, stop := context.WithTimeout(t.Context(), 5*time.Second)
		defer stop()
		start := time.Now()
		got, err := w.Create(waiting, serial("C0", ""))
		if !errors.Is(err, context.DeadlineExceeded) || got.ID != "" || time.Since(start) != 5*time.Second {
			t.Errorf("got %+v, %v after %s", got, err, time.Since(start))
		}
		cancel()
		group.Wait()
	})
}

func TestProbe_ARouteThatIsTakenAwayLaterIsRefusedFromThenOn(t *testing.T) {
	t.Parallel()
	documented().in(t, func(t *testing.T, w *world) {
		got, err := w.Create(t.Context(), serial("C1", ""))
		w.wantCreated(got, err, "C1", "")
		w.Inject(always(graphsim.Fault{Operation: graphsim.OpCreate, Status: 400, Code: "No method match route template", Message: "No OData route exists"}))
		for _, identifier := range []string{"C2", "C3"} {
			got, err := w.Create(t.Context(), serial(identifier, ""))
			w.wantCreated(got, err, identifier, "")
		}
		w.wantCounts(map[graphsim.Operation]int{graphsim.OpCreate: 2, graphsim.OpImport: 2})
	})
}

func TestProbe_WhatAnAnswerSaysOfTheRoute(t *testing.T) {
	t.Parallel()
	type test struct {
		fault graphsim.Fault
		want  verdict
	}
	runs(t, map[string]test{
		"201":               {graphsim.Fault{}, routeWorks},
		"409":               {status(graphsim.OpCreate, http.StatusConflict, false), routeWorks},
		"lost, with effect": {lost(graphsim.OpCreate, true), routeWorks},
		"500, with effect":  {status(graphsim.OpCreate, http.StatusInternalServerError, true), routeWorks},
		"lost, no effect":   {lost(graphsim.OpCreate, false), routeUnknown},
		"503, no effect":    {status(graphsim.OpCreate, http.StatusServiceUnavailable, false), routeUnknown},
		"500, no effect":    {status(graphsim.OpCreate, http.StatusInternalServerError, false), routeRefused},
		"any 404":           {status(graphsim.OpCreate, http.StatusNotFound, false), routeRefused},
		"400":               {status(graphsim.OpCreate, http.StatusBadRequest, false), routeUnknown},
		"403":               {status(graphsim.OpCreate, http.StatusForbidden, false), routeUnknown},
	}, func(t *testing.T, test test) {
		documented().in(t, func(t *testing.T, w *world) {
			if test.fault.Operation != "" {
				w.Inject(test.fault)
			}
			_, _ = w.Create(t.Context(), serial("C0", ""))
			if got, err := w.createRoute.enter(t.Context()); got != test.want || err != nil {
				t.Errorf("got %d, %v, want %d", got, err, test.want)
			}
		})
	})
}

func TestRoute_ARefusalIsNotTakenBackByAnEarlierAnswer(t *testing.T) {
	t.Parallel()
	r := newRoute()
	r.settle(routeRefused)
	r.settle(routeWorks)
	if v, err := r.enter(t.Context()); v != routeRefused || err != nil || !r.refused() {
		t.Errorf("got %d, %v", v, err)
	}
}

func TestOpen_RefusesWrongOptions(t *testing.T) {
	t.Parallel()
	if _, err := Open(Options{Options: graph.Options{Endpoint: "http://graph.microsoft.com"}}); err == nil {
		t.Error("an endpoint without TLS was taken")
	}
	if got := CreateMethods(); got[0] != "auto" || len(got) != 3 {
		t.Errorf("got %v", got)
	}
}
