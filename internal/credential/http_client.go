package credential

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
)

// maxIdleConnsPerHost keeps the connections of concurrent operations open over
// HTTP/1.1 proxies; net/http keeps two.
const maxIdleConnsPerHost = 64

const maxRedirects = 10

// NewHTTPClient makes the client that carries both tokens and Graph requests.
// It honours HTTPS_PROXY and NO_PROXY, speaks HTTP/2 and at least TLS 1.2, and
// trusts the system's roots and those of ca_certificate_path. It follows a
// redirect only to the same scheme and host and with the same method. It sets
// no timeout: the context of a request bounds it. The error is of type
// [SettingErrors].
func NewHTTPClient(s Settings) (*http.Client, error) {
	transport := &http.Transport{Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true}
	if base, ok := http.DefaultTransport.(*http.Transport); ok { //nolint:forbidigo // only its defaults are copied
		transport = base.Clone()
	}
	transport.Proxy = neverProxyMetadata(transport.Proxy)
	transport.OnProxyConnectResponse = checkProxyAnswer
	transport.MaxIdleConns = max(transport.MaxIdleConns, maxIdleConnsPerHost)
	transport.MaxIdleConnsPerHost = maxIdleConnsPerHost
	if transport.TLSClientConfig == nil {
		transport.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	transport.TLSClientConfig.MinVersion = tls.VersionTLS12
	if s.CACertificatePath != "" {
		roots, err := loadRoots(s.CACertificatePath)
		if err != nil {
			return nil, err
		}
		transport.TLSClientConfig.RootCAs = roots
	}
	return &http.Client{Transport: transport, CheckRedirect: checkRedirect}, nil
}

// loadRoots returns the system's roots and those of a PEM file.
func loadRoots(path string) (*x509.CertPool, error) {
	const attribute = "ca_certificate_path"
	var problems SettingErrors
	content, err := os.ReadFile(path)
	if err != nil {
		problems.add(attribute, "Unreadable CA Certificate", "The file of %s cannot be read: %v.", howToSet(attribute), err)
		return nil, problems
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool() // a minimal container has no system roots
	}
	if !pool.AppendCertsFromPEM(content) {
		problems.add(attribute, "No CA Certificate Found",
			"The file %q of %s holds no certificate in PEM form. Such a file has lines \"-----BEGIN CERTIFICATE-----\"; "+
				"convert a binary one with: openssl x509 -inform der -in ca.cer -out ca.pem.", path, howToSet(attribute))
		return nil, problems
	}
	return pool, nil
}

// neverProxyMetadata sends requests to link-local addresses, where Azure's
// metadata service hands out tokens, past the proxy: the proxy is on another
// machine, with another identity.
func neverProxyMetadata(proxy func(*http.Request) (*url.URL, error)) func(*http.Request) (*url.URL, error) {
	return func(req *http.Request) (*url.URL, error) {
		if ip := net.ParseIP(req.URL.Hostname()); ip != nil && ip.IsLinkLocalUnicast() {
			return nil, nil //nolint:nilnil // net/http's way to say: no proxy
		}
		return proxy(req)
	}
}

// proxyError is a proxy that answered CONNECT with something else than 200.
type proxyError struct{ proxy, status string }

func (e *proxyError) Error() string {
	return fmt.Sprintf("the proxy %s answered %q", e.proxy, e.status)
}

// NonRetriable tells azcore that the next try would end the same way.
func (*proxyError) NonRetriable() {}

func checkProxyAnswer(_ context.Context, proxy *url.URL, _ *http.Request, resp *http.Response) error {
	if resp.StatusCode == http.StatusOK {
		return nil
	}
	return &proxyError{proxy: proxy.Host, status: resp.Status}
}

// redirectError is a redirect that was refused.
type redirectError struct{ method, from, to string }

func (e *redirectError) Error() string {
	return fmt.Sprintf("%s answered a %s with a redirect to %s, which was refused: a redirect is followed only on the same host "+
		"and with the same method, so that the access token goes nowhere else", e.from, e.method, e.to)
}

// NonRetriable tells azcore that the next try would end the same way.
func (*redirectError) NonRetriable() {}

func checkRedirect(req *http.Request, via []*http.Request) error {
	if len(via) >= maxRedirects {
		return errors.New("stopped after 10 redirects")
	}
	first := via[0]
	if origin(req.URL) == origin(first.URL) && req.Method == first.Method {
		return nil
	}
	return &redirectError{method: first.Method, from: origin(first.URL), to: origin(req.URL)}
}

// origin is scheme and host with the port made explicit only where it is not
// the scheme's own. It leaves out path and query, which may hold secrets.
func origin(u *url.URL) string {
	host := strings.ToLower(u.Host)
	if u.Scheme == "https" {
		host = strings.TrimSuffix(host, ":443")
	}
	return u.Scheme + "://" + host
}
