// Command bare is a provider without logic. Its resource has the map of
// strings that a fleet has and does nothing, and so costs what the framework
// costs: the benchmark compares the real provider with it.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/hashicorp/terraform-plugin-framework/providerserver"

	"github.com/intunetf/terraform-provider-intune/internal/bench/bare/bareprovider"
)

func main() {
	// As the real provider does.
	if err := os.Setenv("TF_LOG_SDK_FRAMEWORK", "ERROR"); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	err := providerserver.Serve(context.Background(), bareprovider.New, providerserver.ServeOpts{Address: bareprovider.Address})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
