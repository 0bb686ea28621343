package graphsim

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// call is one request on its way through the server.
type call struct {
	request         Request
	root            string // scheme and host that absolute links start with
	version         string // beta or v1.0, "" outside Graph
	route           route
	form            url.Values // of a token request, with its secrets
	bearer          string     // the token that was sent
	principal       principal  // set once the token has been checked
	requestID       string
	clientRequestID string
}

// newCall reads a request.
func newCall(r *http.Request, scheme string) (*call, error) {
	body, err := readBody(r)
	if err != nil {
		return nil, err
	}
	c := &call{
		root:  scheme + "://" + r.Host,
		route: parseRoute(r.Method, r.URL.EscapedPath()),
	}
	c.version = c.route.version
	c.request = Request{
		Operation: c.route.operation, Method: r.Method,
		Path: r.URL.Path, RawPath: r.URL.EscapedPath(), Query: r.URL.RawQuery, Host: r.Host,
		Header: r.Header.Clone(), ContentLength: r.ContentLength, TransferEncoding: r.TransferEncoding,
	}
	if c.request.Header == nil {
		c.request.Header = http.Header{}
	}
	if len(body) > 0 && r.ContentLength <= 0 {
		// What net/http would have put on the wire for a body of unknown length.
		c.request.ContentLength, c.request.TransferEncoding = -1, []string{"chunked"}
	}
	c.bearer = c.hideToken()
	c.keepBody(body)
	return c, nil
}

func readBody(r *http.Request) ([]byte, error) {
	if r.Body == nil {
		return nil, nil
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	if err != nil {
		return nil, fmt.Errorf("graphsim: read request body: %w", err)
	}
	return body, nil
}

// keepBody puts the body where the journal may show it: token requests hold secrets.
func (c *call) keepBody(body []byte) {
	if c.request.Operation == OpToken {
		// A body that is no form has no parameters, which the token endpoint complains about.
		c.form, _ = url.ParseQuery(string(body))
		c.request.Form, c.request.AssertionHeader, c.request.AssertionClaims = withoutSecrets(c.form)
		return
	}
	c.request.Body = body
	c.request.JSON = decodeObject(bytes.TrimSpace(body))
}

// identify gives a recorded call its ids; a client's own is echoed (behaviour 29).
func (s *Server) identify(c *call) {
	c.requestID = sequenceGUID("request", c.request.Sequence)
	c.clientRequestID = c.request.Header.Get("Client-Request-Id")
	if c.clientRequestID == "" {
		c.clientRequestID = c.requestID
	}
}

// hideToken takes the bearer token out of the headers and returns it.
func (c *call) hideToken() string {
	sent := c.request.Header.Get("Authorization")
	if sent == "" {
		return ""
	}
	c.request.HasAuthorization = true
	c.request.Header.Set("Authorization", "Bearer "+redacted)
	scheme, token, _ := strings.Cut(sent, " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}
