// Command bench measures what the provider costs: requests, processor time,
// memory, and wall time as a ratio to a floor that is measured in the same run.
// It starts the released binary against a simulated tenant on this machine and
// writes a report in Markdown. "make bench" runs it.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"time"
)

// options are the flags.
type options struct {
	only        []string
	fleetSizes  []int
	singleSizes []int
	naiveSizes  []int
	growthSizes []int
	cliFleet    []int
	cliSingle   []int
	latency     time.Duration
	out         string
	cli         string
}

// sections are the parts of the report, in its order.
func sections() []string {
	return []string{"fleet", "single", "naive", "cli", "wall", "limits", "growth"}
}

func main() {
	if runAsProvider() {
		return
	}
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run() error {
	o, err := parse()
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	r, err := newRunner(ctx, o)
	if r != nil {
		defer r.close()
	}
	if err != nil {
		return err
	}
	began := time.Now()
	results, err := r.measureAll(ctx)
	if err != nil {
		return err
	}
	results.took = time.Since(began)
	text := results.report()
	if o.out == "" {
		_, err = os.Stdout.WriteString(text)
		return err
	}
	if err := os.WriteFile(o.out, []byte(text), 0o600); err != nil {
		return err
	}
	_, err = fmt.Fprintf(os.Stderr, "The report is in %s.\n", o.out)
	return err
}

func parse() (options, error) {
	var o options
	only := flag.String("only", strings.Join(sections(), ","), "the `sections` to measure")
	sizes := map[string]*string{}
	for name, preset := range map[string]string{
		"fleet": "1,100,1000,10000,50000", "single": "1,100,200,500", "naive": "1,100,1000",
		"growth": "25000,50000,100000", "cli-fleet": "1,100,1000,10000", "cli-single": "1,100,500",
	} {
		sizes[name] = flag.String(name, preset, "the numbers of identities of the section "+name)
	}
	flag.DurationVar(&o.latency, "latency", 50*time.Millisecond, "what every request waits in the tenant")
	flag.StringVar(&o.out, "out", "", "the `file` to write; empty means standard output")
	flag.StringVar(&o.cli, "terraform", "terraform", "the Terraform `command`")
	flag.Parse()
	o.only = strings.Split(*only, ",")
	for _, section := range o.only {
		if !slices.Contains(sections(), section) {
			return o, fmt.Errorf("there is no section %q; choose from %s", section, strings.Join(sections(), ", "))
		}
	}
	for name, into := range map[string]*[]int{
		"fleet": &o.fleetSizes, "single": &o.singleSizes, "naive": &o.naiveSizes,
		"growth": &o.growthSizes, "cli-fleet": &o.cliFleet, "cli-single": &o.cliSingle,
	} {
		for text := range strings.SplitSeq(*sizes[name], ",") {
			n, err := strconv.Atoi(text)
			if err != nil || n < 1 {
				return o, fmt.Errorf("-%s: %q is no number of identities", name, text)
			}
			*into = append(*into, n)
		}
	}
	return o, nil
}

// results is everything that was measured.
type results struct {
	options
	start   sample
	samples []sample
	growths []growth
	limits  []limitResult
	walls   walls
	took    time.Duration
	// terraformVersion is empty when no CLI was used.
	terraformVersion string
}

func (r *runner) measureAll(ctx context.Context) (*results, error) {
	all := &results{options: r.options}
	var err error
	if all.start, err = r.measureStart(ctx); err != nil {
		return all, err
	}
	// The largest sections come first: they need the machine most.
	steps := map[string]func() error{
		"fleet":  func() error { return r.pairs(ctx, all, r.fleetSizes, r.fleetRun, formFloorFleet) },
		"single": func() error { return r.pairs(ctx, all, r.singleSizes, r.singleRun, formFloorSingle) },
		"naive":  func() error { return r.pairs(ctx, all, r.naiveSizes, nil, formNaive) },
		"cli":    func() error { return r.cliRuns(ctx, all) },
		"wall":   func() error { return r.wallRuns(ctx, all) },
		"limits": func() error { return r.limitRuns(ctx, all) },
		"growth": func() error { return r.growthRuns(ctx, all) },
	}
	for _, section := range sections() {
		if !slices.Contains(r.only, section) {
			continue
		}
		began := time.Now()
		if err := steps[section](); err != nil {
			return all, fmt.Errorf("%s: %w", section, err)
		}
		fmt.Fprintf(os.Stderr, "%s: %.0f s\n", section, time.Since(began).Seconds())
	}
	return all, nil
}

// pairs measures the provider and then the bare loop, for every size.
func (r *runner) pairs(ctx context.Context, all *results, sizes []int, measured func(context.Context, int) ([]sample, error), loop string) error {
	for _, n := range sizes {
		if measured != nil {
			samples, err := measured(ctx, n)
			if err != nil {
				return err
			}
			all.samples = append(all.samples, samples...)
		}
		samples, err := r.loopRun(ctx, loop, n)
		if err != nil {
			return err
		}
		all.samples = append(all.samples, samples...)
	}
	return nil
}

func (r *runner) growthRuns(ctx context.Context, all *results) error {
	for _, n := range r.growthSizes {
		g, err := r.growthRun(ctx, n)
		if err != nil {
			return err
		}
		all.growths = append(all.growths, g)
	}
	return nil
}
