package graph

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
)

// apiVersion is the only version that has the collection: the types are absent
// from the v1.0 metadata.
const apiVersion = "beta"

// Options configures a [Client]. Endpoint, Scope and Credential are required.
type Options struct {
	// Endpoint is the Graph root, https and without a path, for example
	// https://graph.microsoft.com. The bearer token is sent to this host only.
	Endpoint string
	// Scope is the token scope, for example https://graph.microsoft.com/.default.
	Scope string
	// Credential gives the bearer tokens. One that also has the method
	// Reject(context.Context, string) is told of a token that Graph did not accept.
	Credential azcore.TokenCredential
	// Transport sends the requests; nil means azcore's default client.
	Transport policy.Transporter
	// UserAgent is sent as it is.
	UserAgent string
	// RequestLimit and WriteLimit are the number of requests of any kind, and of
	// POST, PATCH and DELETE requests, in a window of 20 seconds; the requests inside
	// a $batch count one by one. 0 means no limit.
	// Intune documents 1,000 and 100 per app and tenant
	// (https://learn.microsoft.com/graph/throttling-limits#intune-service-limits).
	RequestLimit, WriteLimit int
	// Log receives one entry per attempt; nil means silence. No entry holds a
	// token, a header value other than the request ids, or a body.
	Log LogFunc
}

// Client talks to one Graph host for one tenant. It is safe for concurrent use.
type Client struct {
	pl    runtime.Pipeline
	root  *url.URL
	clock *serviceClock
	gate  *throttleGate

	// ImportedDeviceIdentities is the collection this package is about.
	ImportedDeviceIdentities *ImportedDeviceIdentitiesClient
}

// NewClient makes a client. It sends nothing; the error is about the options.
func NewClient(o Options) (*Client, error) {
	root, err := parseRoot(o.Endpoint)
	if err != nil {
		return nil, err
	}
	if o.Credential == nil || o.Scope == "" {
		return nil, errors.New("graph: a credential and a token scope are required")
	}
	transport := o.Transport
	if transport == nil {
		transport = http.DefaultClient //nolint:forbidigo // only for callers without a transport of their own; the provider always has one
	}
	gate := newThrottleGate(o.RequestLimit, o.WriteLimit)
	c := &Client{root: root, clock: &serviceClock{}, gate: gate}
	c.pl = runtime.NewPipeline("intune", "", runtime.PipelineOptions{
		PerCall: []policy.Policy{retryPolicy{}},
		PerRetry: []policy.Policy{
			&hostPolicy{root: root},
			&unauthorizedPolicy{credential: o.Credential},
			&throttlePolicy{gate: gate},
			&requestIDPolicy{userAgent: o.UserAgent},
			&logPolicy{log: o.Log},
			c.clock,
			runtime.NewBearerTokenPolicy(o.Credential, []string{o.Scope}, nil),
			sentPolicy{},
		},
	}, &policy.ClientOptions{
		Transport: boundedTransport{next: transport},
		// Retries are this package's own policy: azcore's re-sends a POST that was
		// answered with 500, stops at once on a Retry-After above its cap, and
		// forgets the last real error when the context ends.
		Retry:     policy.RetryOptions{MaxRetries: -1},
		Telemetry: policy.TelemetryOptions{Disabled: true},
	})
	c.ImportedDeviceIdentities = &ImportedDeviceIdentitiesClient{client: c}
	return c, nil
}

// ServiceTime is the Date of the last reply that came from the service, at a
// resolution of one second. It is the only clock that can be compared with a
// createdDateTime; ok is false before the first reply.
func (c *Client) ServiceTime() (now time.Time, ok bool) { return c.clock.last() }

func parseRoot(endpoint string) (*url.URL, error) {
	root, err := url.Parse(strings.TrimSuffix(endpoint, "/"))
	if err != nil || root.Scheme != "https" || root.Host == "" || root.Path != "" || root.User != nil {
		return nil, fmt.Errorf("graph: the endpoint must be an https root URL such as https://graph.microsoft.com, got %q", endpoint)
	}
	return root, nil
}

// newRequest builds a request for path segments below the API version; every
// segment is percent-encoded, because ids may hold "/", "+" and "=".
func (c *Client) newRequest(ctx context.Context, method string, segments ...string) (*policy.Request, error) {
	path, err := joinPath(segments...)
	if err != nil {
		return nil, err
	}
	return c.newRequestTo(ctx, method, c.root.String()+"/"+apiVersion+path)
}

// joinPath is the path of the segments, with a slash before each.
func joinPath(segments ...string) (string, error) {
	var b strings.Builder
	for _, segment := range segments {
		switch segment {
		case "":
			return "", errors.New("graph: an empty path segment was refused; the identifier or id is missing")
		case ".", "..":
			// Encoded or not, URLs resolve these: the request would be about the collection.
			return "", fmt.Errorf("graph: the id %q was refused; it cannot be written as a path segment", segment)
		}
		b.WriteString("/" + escapeSegment(segment))
	}
	return b.String(), nil
}

func (c *Client) newRequestTo(ctx context.Context, method, target string) (*policy.Request, error) {
	req, err := runtime.NewRequest(ctx, method, target)
	if err != nil {
		return nil, fmt.Errorf("graph: %w", err)
	}
	req.Raw().Header.Set("Accept", "application/json")
	return req, nil
}

// escapeSegment is url.PathEscape plus the characters that it leaves alone and
// that the service was seen to receive encoded (base64's "=" and "+").
func escapeSegment(s string) string {
	return strings.NewReplacer("=", "%3D", "+", "%2B").Replace(url.PathEscape(s))
}
