package inventory

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/intunetf/terraform-provider-intune/internal/graphsim"
)

// interruptions end a context five seconds from now.
func interruptions() map[string]func(context.Context) (context.Context, context.CancelFunc) {
	return map[string]func(context.Context) (context.Context, context.CancelFunc){
		"interrupted": func(ctx context.Context) (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancel(ctx)
			time.AfterFunc(5*time.Second, cancel)
			return ctx, cancel
		},
		"timeout": func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeout(ctx, 5*time.Second)
		},
	}
}

func isEnd(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

func TestCreate_InterruptedAfterTheEffectIsRecovered(t *testing.T) {
	t.Parallel()
	late := func(b *graphsim.Behaviour) { b.SearchLags = true }
	type test struct {
		tenant tenant
		op     graphsim.Operation
	}
	runs(t, map[string]test{
		"documented, auto":     {documented(), graphsim.OpCreate},
		"documented, create":   {documented().with(CreateMethodCreate), graphsim.OpCreate},
		"documented, late":     {documented(late).lagging(8 * time.Second), graphsim.OpCreate},
		"field, auto":          {field(), graphsim.OpImport},
		"field, import":        {field().with(CreateMethodImport), graphsim.OpImport},
		"field, import, late":  {field(late).with(CreateMethodImport).lagging(8 * time.Second), graphsim.OpImport},
		"search is impossible": {field(func(b *graphsim.Behaviour) { b.SearchRoute = graphsim.RouteForbidden }), graphsim.OpImport},
	}, func(t *testing.T, test test) {
		for name, interrupt := range interruptions() {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				test.tenant.in(t, func(t *testing.T, w *world) {
					w.Inject(silent(test.op, true))
					ctx, cancel := interrupt(t.Context())
					defer cancel()
					start := time.Now()
					got, err := w.Create(ctx, serial("C0", "text"))
					w.wantCreated(got, err, "C0", "text")
					if took := time.Since(start); took > 25*time.Second {
						t.Errorf("an interrupted create went on for %s", took)
					}
				})
			})
		}
	})
}

func TestCreate_InterruptedBeforeTheEffectLeavesNothing(t *testing.T) {
	t.Parallel()
	type test struct {
		tenant tenant
		op     graphsim.Operation
		looks  bool
	}
	runs(t, map[string]test{
		"documented, at the POST": {documented(), graphsim.OpCreate, true},
		"documented, at the look": {documented(), graphsim.OpSearch, false},
		"field, at the import":    {field(), graphsim.OpImport, true},
		"import, at the look":     {field().with(CreateMethodImport), graphsim.OpSearch, false},
	}, func(t *testing.T, test test) {
		for name, interrupt := range interruptions() {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				test.tenant.in(t, func(t *testing.T, w *world) {
					w.Inject(silent(test.op, false))
					ctx, cancel := interrupt(t.Context())
					defer cancel()
					start := time.Now()
					got, err := w.Create(ctx, serial("C0", "text"))
					if got.ID != "" || !isEnd(err) || !strings.Contains(err.Error(), "; gave up because the operation") {
						t.Errorf("got %+v, %v", got, err)
					}
					if took := time.Since(start); (took > 5*time.Second) != test.looks || took > 25*time.Second {
						t.Errorf("took %s", took)
					}
					if left := w.Tenant().Identities(); len(left) > 0 {
						t.Errorf("left: %+v", left)
					}
				})
			})
		}
	})
}

func TestCreate_InterruptedOverTheirIdentityReturnsNothing(t *testing.T) {
	t.Parallel()
	field().seeded(theirs("OLD", "before")).in(t, func(t *testing.T, w *world) {
		if _, err := w.Create(t.Context(), serial("FIRST", "")); err != nil {
			t.Fatal(err)
		}
		w.Inject(silent(graphsim.OpImport, true))
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		got, err := w.Create(ctx, serial("OLD", "mine"))
		if got.ID != "" || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %+v, %v", got, err)
		}
	})
}

func TestCreate_InterruptedAfterAnAnswerWithoutItsRow(t *testing.T) {
	t.Parallel()
	field().with(CreateMethodImport).in(t, func(t *testing.T, w *world) {
		look := silent(graphsim.OpSearch, false)
		look.Skip = 1
		w.Inject(answering(func(rows) rows { return nil }), look)
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		got, err := w.Create(ctx, serial("C0", "text"))
		w.wantCreated(got, err, "C0", "text")
	})
}

func TestCreate_InterruptedAfterTheAnswerIsUnconfirmed(t *testing.T) {
	t.Parallel()
	type test struct {
		tenant tenant
		fault  graphsim.Fault
	}
	stale := graphsim.Fault{Operation: graphsim.OpGet, Count: -1, Body: func(body map[string]any) map[string]any {
		body["description"] = "stale"
		return body
	}}
	runs(t, map[string]test{
		"a read that hangs":   {field(), silent(graphsim.OpGet, false)},
		"not visible yet":     {documented().lagging(time.Hour), graphsim.Fault{}},
		"an old description":  {documented(), stale},
		"a read that retries": {field(), always(status(graphsim.OpGet, 503, false))},
	}, func(t *testing.T, test test) {
		for name, interrupt := range interruptions() {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				test.tenant.in(t, func(t *testing.T, w *world) {
					if test.fault.Operation != "" {
						w.Inject(test.fault)
					}
					ctx, cancel := interrupt(t.Context())
					defer cancel()
					got, err := w.Create(ctx, serial("C0", "text"))
					var unconfirmed *UnconfirmedError
					if !errors.As(err, &unconfirmed) || !isEnd(err) || got.ID != w.stored("C0").ID {
						t.Errorf("got %+v, %v", got, err)
					}
				})
			})
		}
	})
}

func TestUpdate_InterruptedIsToldAsSuch(t *testing.T) {
	t.Parallel()
	ignored := func(b *graphsim.Behaviour) { b.OverwriteIgnored, b.PatchIgnored = true, true }
	type test struct {
		tenant tenant
		fault  graphsim.Fault
	}
	runs(t, map[string]test{
		"at the PATCH, before":  {documented(), silent(graphsim.OpUpdate, false)},
		"at the PATCH, after":   {documented(), silent(graphsim.OpUpdate, true)},
		"at the import, before": {field(), silent(graphsim.OpImport, false)},
		"at the import, after":  {field(), silent(graphsim.OpImport, true)},
		"while waiting, PATCH":  {documented(ignored), graphsim.Fault{}},
		"while waiting, import": {field(ignored), graphsim.Fault{}},
	}, func(t *testing.T, test test) {
		for name, interrupt := range interruptions() {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				test.tenant.seeded(theirs("C0", "before")).in(t, func(t *testing.T, w *world) {
					if test.fault.Operation != "" {
						w.Inject(test.fault)
					}
					ctx, cancel := interrupt(t.Context())
					defer cancel()
					start := time.Now()
					_, err := w.UpdateDescription(ctx, w.stored("C0").ID, "after")
					if !isEnd(err) || time.Since(start) != 5*time.Second {
						t.Errorf("got %v after %s", err, time.Since(start))
					}
					reason := map[string]string{"interrupted": "the operation was interrupted", "timeout": "the operation's timeout ended"}[name]
					if !strings.Contains(err.Error(), reason) {
						t.Errorf("got %q, which does not say %q", err, reason)
					}
				})
			})
		}
	})
}

func TestDelete_InterruptedIsToldAsSuch(t *testing.T) {
	t.Parallel()
	type test struct {
		tenant tenant
		fault  graphsim.Fault
	}
	runs(t, map[string]test{
		"at the DELETE, before": {field(), silent(graphsim.OpDelete, false)},
		"at the DELETE, after":  {field(), silent(graphsim.OpDelete, true)},
		"at the GET":            {field(), silent(graphsim.OpGet, false)},
		"while waiting":         {field().lagging(time.Hour), graphsim.Fault{}},
	}, func(t *testing.T, test test) {
		for name, interrupt := range interruptions() {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				test.tenant.seeded(theirs("C0", "")).in(t, func(t *testing.T, w *world) {
					if test.fault.Operation != "" {
						w.Inject(test.fault)
					}
					ctx, cancel := interrupt(t.Context())
					defer cancel()
					start := time.Now()
					err := w.Delete(ctx, "", Key{}, w.stored("C0").ID)
					if !isEnd(err) || time.Since(start) != 5*time.Second {
						t.Errorf("got %v after %s", err, time.Since(start))
					}
				})
			})
		}
	})
}
