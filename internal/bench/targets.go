package main

import (
	"fmt"
	"strings"
	"time"
)

// target is one promise and what became of it.
type target struct {
	work, want, got string
	met             bool
}

func (all *results) writeTargets(b *strings.Builder) {
	targets := all.targets()
	if len(targets) == 0 {
		return
	}
	b.WriteString("## Targets\n\n| work | target | measured | |\n| --- | --- | --- | --- |\n")
	for _, t := range targets {
		met := "**not met**"
		if t.met {
			met = "met"
		}
		fmt.Fprintf(b, "| %s | %s | %s | %s |\n", t.work, t.want, t.got, met)
	}
	b.WriteString("\n")
}

func (all *results) targets() []target {
	var targets []target
	targets = append(targets, all.requestTargets()...)
	targets = append(targets, all.wallTargets()...)
	targets = append(targets, all.singleTargets()...)
	targets = append(targets, all.limitTargets()...)
	return append(targets, all.growthTargets()...)
}

// requestTargets holds the fleet against its budgets, by protocol and with the
// CLI.
func (all *results) requestTargets() []target {
	var targets []target
	for _, budget := range []struct {
		work, operation string
		n, most         int
	}{
		{"fleet create, n = 10,000, chunk 500", opCreate, 10_000, 45},
		{"fleet refresh, n = 10,000, page 1,000", opRefresh, 10_000, 12},
		{"fleet update of 100 in 10,000, refresh and plan included", opUpdate, 10_000, 27},
		{"fleet destroy, n = 1,000", opDestroy, 1000, 60},
	} {
		t := target{work: budget.work, want: fmt.Sprintf("at most %d requests", budget.most), met: true}
		var got []string
		for _, form := range []string{formFleet, formCLIFleet} {
			if s, ok := all.find(form, budget.operation, budget.n); ok {
				got = append(got, fmt.Sprintf("%d %s", s.routes.total(), where(form)))
				t.met = t.met && s.routes.total() <= budget.most
			}
		}
		if t.got = strings.Join(got, ", "); t.got != "" {
			targets = append(targets, t)
		}
	}
	if s, ok := all.find(formFleet, opRefresh, 10_000); ok {
		targets = append(targets, target{
			"fleet refresh, n = 10,000", "provider CPU under 2 s", seconds(s.usage.CPU) + " " + where(formFleet), s.usage.CPU < 2*time.Second,
		})
	}
	return targets
}

func where(form string) string {
	if strings.HasSuffix(form, ", CLI") {
		return "with the CLI"
	}
	return "without Terraform"
}

// wallTargets holds the create against the floor and Terraform's own time, which
// is what a resource without logic takes. Whether the plugin framework's part of
// that is Terraform's own is a matter of reading, so both are told.
func (all *results) wallTargets() []target {
	floor, same, cli, bare := all.walls.floor, all.walls.same, all.walls.cli, all.walls.bare
	if floor.wall == 0 {
		return nil
	}
	const (
		sameFloor = "the floor sends the same requests: a sign-in and a list for each of the two processes that Terraform starts, searches and imports; "
		bareFloor = "the floor only signs in once, searches and imports; "
		framework = "core is a bare resource's wall, its framework included"
		coreAlone = "core is a bare resource's wall without its provider's CPU"
	)
	var targets []target
	for _, reading := range []struct {
		what        string
		floor, core time.Duration
	}{
		{sameFloor + framework, same.wall, bare.wall},
		{bareFloor + framework, floor.wall, bare.wall},
		{sameFloor + coreAlone, same.wall, bare.wall - bare.usage.CPU},
	} {
		most := reading.floor*3/2 + reading.core
		targets = append(targets, target{
			"fleet create, n = 10,000, with the CLI", "wall at most 1.5 × floor + Terraform core's own time, where " + reading.what,
			fmt.Sprintf("%s, allowed 1.5 × %s + %s = %s; the least of three runs each", seconds(cli.wall), seconds(reading.floor), seconds(reading.core), seconds(most)),
			cli.wall <= most,
		})
	}
	return targets
}

func (all *results) singleTargets() []target {
	var targets []target
	for _, budget := range []struct {
		operation string
		n, most   int
	}{{opCreate, 200, 60}, {opCreate, 500, 120}, {opRefresh, 500, 30}} {
		t := target{work: fmt.Sprintf("%s of %d single resources, parallelism 10, 50 ms", budget.operation, budget.n), want: fmt.Sprintf("at most %d requests", budget.most), met: true}
		var got []string
		for _, form := range []string{formSingle, formCLISingle} {
			if s, ok := all.find(form, budget.operation, budget.n); ok {
				got = append(got, fmt.Sprintf("%d %s", s.routes.total(), where(form)))
				t.met = t.met && s.routes.total() <= budget.most
			}
		}
		if t.got = strings.Join(got, ", "); t.got != "" {
			targets = append(targets, t)
		}
	}
	return targets
}

// limitTargets is about every scenario: the worst counts.
func (all *results) limitTargets() []target {
	if len(all.limits) == 0 {
		return nil
	}
	worst := limitResult{}
	for _, l := range all.limits {
		if l.imposed() > 0 && (worst.Limit == 0 || l.ratio() > worst.ratio()) {
			worst = l
		}
	}
	if worst.Limit == 0 {
		return nil
	}
	return []target{{
		"under documented limits (100 writes, 1,000 requests per 20 s) with 429s", "no failed apply, wall at most 1.15 × what the limits impose",
		fmt.Sprintf("none failed in %d runs; the worst took %.2f × (%s, n = %s)", len(all.limits), worst.ratio(), worst.Scenario, grouped(worst.N)),
		worst.ratio() <= 1.15,
	}}
}

func (all *results) growthTargets() []target {
	var targets []target
	for _, g := range all.growths {
		if g.n != 100_000 {
			continue
		}
		targets = append(targets,
			target{
				"n = 100,000 fleet, refresh + plan with no change", "provider CPU at most 1.5 × that of a bare resource",
				fmt.Sprintf("%s, bare %s: %s ×", seconds(g.intune.usage.CPU), seconds(g.bare.usage.CPU), ratio(g.intune.usage.CPU, g.bare.usage.CPU)),
				g.intune.usage.CPU*2 <= g.bare.usage.CPU*3,
			},
			target{
				"n = 100,000 fleet, refresh + plan with no change", "peak RSS under 700 MB", megabytes(g.intune.usage.Peak), g.intune.usage.Peak < 700_000_000,
			})
	}
	return targets
}
