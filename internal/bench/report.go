package main

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"time"
)

// report is everything in Markdown.
func (all *results) report() string {
	var b strings.Builder
	b.WriteString("# What the provider costs\n\n")
	all.writeHead(&b)
	all.writeTargets(&b)
	all.writeProtocol(&b, "A fleet, without Terraform", fleetNote, formFleet, formFloorFleet, all.fleetSizes)
	all.writeProtocol(&b, "Single resources, without Terraform", singleNote, formSingle, formFloorSingle, all.singleSizes)
	all.writeNaive(&b)
	all.writeCLI(&b)
	all.writeLimits(&b)
	all.writeGrowth(&b)
	return strings.TrimRight(b.String(), "\n") + "\n"
}

func (all *results) writeHead(b *strings.Builder) {
	fmt.Fprintf(b, "Written by `make bench`; do not edit. Machine: %s/%s, %d processors; %s", runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), runtime.Version())
	if all.terraformVersion != "" {
		fmt.Fprintf(b, "; %s", all.terraformVersion)
	}
	fmt.Fprintf(b, ". The run took %s.\n\n", minutes(all.took))
	fmt.Fprintf(b, `The tenant is the simulator of this repository, behind HTTPS on the loopback
interface, with %s waited per request and pages of 1,000. Every number comes from
this run. Wall times depend on the machine and on what else it did; requests and
ratios do not, or hardly.

- *Provider* numbers are those of the released binary in a process of its own, from
  the operating system's account of that process when it ended. CPU and peak RSS
  include its start (%s of CPU, %s here; Configure, with the sign-in,
  takes %d requests to the authority).
- *Without Terraform* means that the bench speaks the plugin protocol to that
  process itself: validate, refresh, plan, apply, as Terraform would.
- The *floor* is a bare Go loop that sends the same payloads over the same kind of
  connection to the same kind of tenant: no Terraform, no checks, no retries.

`, all.latency, seconds(all.start.usage.CPU), megabytes(all.start.usage.Peak), all.start.routes.SignIn)
}

const (
	fleetNote = "The floor: a create searches for the rows and imports them, 500 a call, four calls side by side. The other three begin with the list, as a refresh does; an update then imports the changed rows, a destroy deletes in `$batch` calls of 20, two side by side."

	singleNote = "Ten resources are under way at a time, as Terraform has by default. The floor: one import call for every ten creates; the list for a refresh; one DELETE per device, ten side by side."
)

func (all *results) find(form, operation string, n int) (sample, bool) {
	at := slices.IndexFunc(all.samples, func(s sample) bool { return s.form == form && s.operation == operation && s.n == n })
	if at < 0 {
		return sample{}, false
	}
	return all.samples[at], true
}

func (all *results) writeProtocol(b *strings.Builder, title, note, form, floor string, sizes []int) {
	if _, ok := all.find(form, opCreate, sizes[0]); !ok {
		return
	}
	fmt.Fprintf(b, "## %s\n\n%s\n\n", title, note)
	b.WriteString("| n | operation | wall | floor | ratio | provider CPU | peak RSS | requests | floor's | by route |\n")
	b.WriteString("| ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- |\n")
	for _, n := range sizes {
		for _, operation := range operations() {
			s, _ := all.find(form, operation, n)
			f, _ := all.find(floor, operation, n)
			fmt.Fprintf(b, "| %s | %s | %s | %s | %s | %s | %s | %s | %s | %s |\n", grouped(n), operation,
				seconds(s.wall), seconds(f.wall), ratio(s.wall, f.wall), seconds(s.usage.CPU), megabytes(s.usage.Peak),
				grouped(s.routes.total()), grouped(f.routes.total()), s.routes)
		}
	}
	b.WriteString("\n")
}

func (all *results) writeNaive(b *strings.Builder) {
	if !slices.Contains(all.only, "naive") {
		return
	}
	b.WriteString("## The naive way\n\nOne call per device for everything, ten side by side, in a bare loop. What is measured is compared with the fleet, " +
		"without Terraform; from 10,000 on the naive time is computed: calls × latency ÷ 10.\n\n")
	b.WriteString("| n | operation | naive requests | naive wall | fleet requests | fleet wall | gain in requests |\n| ---: | --- | ---: | ---: | ---: | ---: | ---: |\n")
	for _, n := range all.fleetSizes {
		for _, operation := range operations() {
			fleet, ok := all.find(formFleet, operation, n)
			if !ok {
				continue
			}
			naive, measured := all.find(formNaive, operation, n)
			mark, requests := "", naive.routes.total()
			if !measured {
				requests = map[string]int{opCreate: n, opRefresh: n, opUpdate: n + onePercent(n), opDestroy: 2 * n}[operation]
				naive.wall = time.Duration(requests) * all.latency / coreParallelism
				mark = "at least "
			}
			fmt.Fprintf(b, "| %s | %s | %s | %s%s | %s | %s | %.0f× |\n", grouped(n), operation, grouped(requests), mark, seconds(naive.wall),
				grouped(fleet.routes.total()), seconds(fleet.wall), float64(requests)/float64(max(fleet.routes.total(), 1)))
		}
	}
	b.WriteString("\n")
}

func (all *results) writeCLI(b *strings.Builder) {
	if !slices.Contains(all.only, "cli") {
		return
	}
	fmt.Fprintf(b, "## With the Terraform CLI\n\n`apply`, `plan`, `apply`, `apply -destroy`. Terraform starts several provider processes per command: CPU is their sum, peak RSS the largest. "+
		"*Bare* is the same configuration on a provider whose resource has the same map and no logic. "+
		"Core is quadratic in `for_each`, so single resources end at %s, and fleets at %s: beyond, only Terraform's own time would grow.\n\n",
		grouped(slices.Max(all.cliSingle)), grouped(slices.Max(all.cliFleet)))
	b.WriteString("| form | n | operation | wall | bare wall | Terraform CPU | provider CPU | peak RSS | requests | by route |\n")
	b.WriteString("| --- | ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: | --- |\n")
	for _, form := range []string{formCLIFleet, formCLISingle} {
		for _, s := range all.samples {
			if s.form != form {
				continue
			}
			bare := "–"
			if other, ok := all.find(formCLIBare, s.operation, s.n); ok && form == formCLIFleet {
				bare = seconds(other.wall)
			}
			fmt.Fprintf(b, "| %s | %s | %s | %s | %s | %s | %s | %s | %s | %s |\n", strings.TrimSuffix(form, ", CLI"), grouped(s.n), s.operation, seconds(s.wall), bare,
				seconds(s.terraformCPU), seconds(s.usage.CPU), megabytes(s.usage.Peak), grouped(s.routes.total()), s.routes)
		}
	}
	b.WriteString("\n")
}

func (all *results) writeLimits(b *strings.Builder) {
	if len(all.limits) == 0 {
		return
	}
	fmt.Fprintf(b, "## Under limits\n\nThe tenant admits %s requests in 20 s and so many writes as the table says; more are answered 429, and count. "+
		"*Imposed* is the time of a client that uses every slot in the moment in which it becomes free. "+
		"Every row of a `$batch` is a write. Virtual time is that of a clock that jumps while everybody waits (testing/synctest, in process below the protocol).\n\n", grouped(documentedRequests))
	b.WriteString("| work | n | clock | writes | limit | refused | imposed | took | ratio |\n| --- | ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: |\n")
	for _, l := range all.limits {
		clock, relation := "real", "–"
		if l.Virtual {
			clock = "virtual"
		}
		if l.imposed() > 0 {
			relation = fmt.Sprintf("%.2f", l.ratio())
		}
		fmt.Fprintf(b, "| %s | %s | %s | %s | %d | %d | %s | %s | %s |\n", l.Scenario, grouped(l.N), clock, grouped(l.Writes), l.Limit, l.Refused,
			seconds(l.imposed()), seconds(l.Wall), relation)
	}
	b.WriteString("\n")
}

func (all *results) writeGrowth(b *strings.Builder) {
	if len(all.growths) == 0 {
		return
	}
	b.WriteString("## Growth\n\nA refresh and a plan without change, without Terraform. *Bare* is a resource of the same framework with the same map and no logic, tenant or other attribute. " +
		"*Bare fleet* has the fleet's other attributes, too: the framework walks the whole map once more for each attribute beside it, and nothing can be done about that here. " +
		"What is left between bare fleet and fleet is the provider's own part, above all the list of the tenant. Each number is the smaller one of two runs. The provider lets its heap grow further between collections (GOGC 200) than the bare one (100).\n\n")
	b.WriteString("| n | wall | provider CPU | per 1,000 rows | peak RSS | bare CPU | per 1,000 rows | ratio to bare | bare fleet CPU | ratio to bare fleet | bare peak RSS | requests |\n")
	b.WriteString("| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n")
	for _, g := range all.growths {
		fmt.Fprintf(b, "| %s | %s | %s | %s | %s | %s | %s | %s | %s | %s | %s | %d |\n", grouped(g.n), seconds(g.intune.wall),
			seconds(g.intune.usage.CPU), perThousand(g.intune.usage.CPU, g.n), megabytes(g.intune.usage.Peak),
			seconds(g.bare.usage.CPU), perThousand(g.bare.usage.CPU, g.n), ratio(g.intune.usage.CPU, g.bare.usage.CPU),
			seconds(g.bareFleet.usage.CPU), ratio(g.intune.usage.CPU, g.bareFleet.usage.CPU),
			megabytes(g.bare.usage.Peak), g.intune.routes.total())
	}
	b.WriteString("\n")
}

// String names the routes that were asked.
func (r routes) String() string {
	var parts []string
	for _, part := range []struct {
		n    int
		name string
	}{
		{r.List, "list"},
		{r.Get, "get"},
		{r.Search, "search"},
		{r.Import, "import"},
		{r.Create, "create"},
		{r.Update, "update"},
		{r.Delete, "delete"},
		{r.Batch, "$batch"},
	} {
		if part.n > 0 {
			parts = append(parts, fmt.Sprintf("%s %s", grouped(part.n), part.name))
		}
	}
	return strings.Join(parts, ", ")
}

func seconds(d time.Duration) string {
	switch {
	case d == 0:
		return "0 s"
	case d < 10*time.Second:
		return fmt.Sprintf("%.2f s", d.Seconds())
	default:
		return fmt.Sprintf("%.0f s", d.Seconds())
	}
}

func minutes(d time.Duration) string {
	return fmt.Sprintf("%d min %d s", int(d.Minutes()), int(d.Seconds())%60)
}

func megabytes(n int64) string { return fmt.Sprintf("%d MB", n/1_000_000) }

func ratio(a, b time.Duration) string {
	if b == 0 {
		return "–"
	}
	return fmt.Sprintf("%.2f", a.Seconds()/b.Seconds())
}

func perThousand(d time.Duration, n int) string {
	return fmt.Sprintf("%.1f ms", d.Seconds()*1000*1000/float64(n))
}

// grouped writes 12345 as 12,345.
func grouped(n int) string {
	digits := fmt.Sprint(n)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}
