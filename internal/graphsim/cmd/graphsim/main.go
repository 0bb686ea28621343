// Graphsim runs a simulated Intune tenant on this machine, to try the provider on, and looks into one that runs.
// "graphsim help" prints what it can do.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
)

const usage = `graphsim simulates an Intune tenant on this machine: Microsoft Entra ID's token endpoint and Microsoft Graph's
imported device identities, over HTTPS on loopback.

  graphsim serve [flags]                          run a tenant (also without "serve"); -h lists the flags
  graphsim identities                             show what the tenant holds
  graphsim enroll <type>/<identifier> <platform>  let a device enrol, for example serialNumber/C02ABC123DEF macOS
  graphsim requests                               count the requests so far, by method and route
  graphsim reset-requests                         forget the requests so far
  graphsim help                                   print this text

All but serve find the tenant with -url and -ca, or GRAPHSIM_URL and GRAPHSIM_CA, which "serve -env-out FILE" writes.
The client secret of the tenant is the value of GRAPHSIM_CLIENT_SECRET, or else a constant that serve prints.
`

// Exit codes.
const (
	exitOK    = 0
	exitError = 1
	exitUsage = 2
)

// terminal is what the program writes and reads besides files and the network.
type terminal struct {
	stdout, stderr io.Writer
	getenv         func(string) string
}

// errUsage is a wrong command line that has been explained already.
var errUsage = errors.New("usage")

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], terminal{stdout: os.Stdout, stderr: os.Stderr, getenv: os.Getenv})
	stop()
	os.Exit(code)
}

// run does what the arguments say until it is done or the context ends, and returns the exit code.
func run(ctx context.Context, args []string, t terminal) int {
	err := dispatch(ctx, args, t)
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return exitOK
	case errors.Is(err, errUsage):
		return exitUsage
	default:
		fmt.Fprintf(t.stderr, "graphsim: %v\n", err)
		return exitError
	}
}

func dispatch(ctx context.Context, args []string, t terminal) error {
	command := "serve"
	if len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		command, args = args[0], args[1:]
	} else if len(args) > 0 && slices.Contains([]string{"-h", "-help", "--help"}, args[0]) {
		command = "help"
	}
	switch command {
	case "serve":
		return serve(ctx, args, t)
	case "identities":
		return identities(ctx, args, t)
	case "enroll":
		return enroll(ctx, args, t)
	case "requests":
		return requests(ctx, args, t)
	case "reset-requests":
		return resetRequests(ctx, args, t)
	case "help":
		fmt.Fprint(t.stdout, usage)
		return nil
	default:
		fmt.Fprintf(t.stderr, "graphsim: unknown command %q\n\n%s", command, usage)
		return errUsage
	}
}

// parse parses flags and checks the number of arguments behind them.
func parse(flags *flag.FlagSet, args []string, t terminal, operands ...string) error {
	flags.SetOutput(t.stderr)
	flags.Usage = func() {
		fmt.Fprintf(t.stderr, "Usage: graphsim %s\n", strings.Join(append([]string{flags.Name(), "[flags]"}, operands...), " "))
		flags.PrintDefaults()
	}
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return err
		}
		return errUsage // the flag set has said what is wrong
	}
	if flags.NArg() != len(operands) {
		flags.Usage()
		return errUsage
	}
	return nil
}
