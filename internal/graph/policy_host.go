package graph

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
)

// hostPolicy refuses a request to any other place than the configured Graph
// host. It stands before the bearer token: what leaves the host has none.
type hostPolicy struct{ root *url.URL }

func (p *hostPolicy) Do(req *policy.Request) (*http.Response, error) {
	if target := req.Raw().URL; !sameHost(p.root, target) {
		return nil, &foreignHostError{target: target.Scheme + "://" + target.Host, root: p.root.String()}
	}
	return req.Next()
}

// foreignHostError is not retried.
type foreignHostError struct{ target, root string }

func (e *foreignHostError) Error() string {
	return fmt.Sprintf("the next request would go to %s, which is not the configured Graph endpoint %s; it was refused so that the access token stays home", e.target, e.root)
}

// sameHost compares scheme, host and port; https without a port is port 443.
func sameHost(a, b *url.URL) bool {
	return a.Scheme == b.Scheme && strings.EqualFold(a.Hostname(), b.Hostname()) && port(a) == port(b)
}

func port(u *url.URL) string {
	if p := u.Port(); p != "" {
		return p
	}
	return "443"
}
