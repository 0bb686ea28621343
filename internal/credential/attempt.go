package credential

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"sync"
	"syscall"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
)

// attempt remembers, for one token request, the last failure below azidentity,
// which passes on only the text of an error and so hides its type. It travels
// in the context because azidentity is in between.
type attempt struct {
	mu    sync.Mutex
	cause error
	host  string
}

type attemptKey struct{}

func withAttempt(ctx context.Context) (context.Context, *attempt) {
	a := &attempt{}
	return context.WithValue(ctx, attemptKey{}, a), a
}

// record keeps a failure; a nil cause forgets the one before, which a retry has
// overcome.
func (a *attempt) record(host string, cause error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.host, a.cause = host, cause
}

// recordCause keeps a failure that is not one of the transport's, unless the
// transport has already told a more telling one.
func recordCause(ctx context.Context, cause error) {
	a, ok := ctx.Value(attemptKey{}).(*attempt)
	if !ok {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.cause == nil {
		a.cause = cause
	}
}

// failure is what went wrong underneath, if anything did.
type failure struct {
	cause error
	host  string
}

func (a *attempt) failure(ctx context.Context) failure {
	a.mu.Lock()
	defer a.mu.Unlock()
	cause := a.cause
	if cause == nil {
		cause = ctx.Err()
	}
	return failure{cause: cause, host: a.host}
}

// recordFailure is the azcore policy next to the transport that tells the
// attempt how each request went, and azcore which failures will not go away.
type recordFailure struct{}

func (recordFailure) Do(req *policy.Request) (*http.Response, error) {
	resp, err := req.Next()
	if a, ok := req.Raw().Context().Value(attemptKey{}).(*attempt); ok {
		a.record(req.Raw().URL.Host, err)
	}
	if err != nil && isPermanent(err) {
		return resp, permanentError{err}
	}
	return resp, err
}

// permanentError stops azcore's retries, which would keep a user waiting for a
// mistyped host name or an untrusted certificate.
type permanentError struct{ error }

func (permanentError) NonRetriable() {}

func (e permanentError) Unwrap() error { return e.error }

func isPermanent(err error) bool {
	if errors.Is(err, syscall.ENETUNREACH) || errors.Is(err, syscall.EHOSTUNREACH) || isTLS(err) {
		return true
	}
	var dns *net.DNSError
	if errors.As(err, &dns) && dns.IsNotFound {
		return true
	}
	// Nobody listens at the proxy's address: it is mistyped, seldom restarted.
	if isProxyUnreachable(err) && errors.Is(err, syscall.ECONNREFUSED) {
		return true
	}
	// Nobody answers at the address of the metadata service: not a machine of
	// Azure. Each further try would cost another half a minute.
	var op *net.OpError
	if errors.As(err, &op) && op.Op == "dial" && op.Timeout() {
		address, ok := op.Addr.(*net.TCPAddr)
		return ok && address.IP.IsLinkLocalUnicast()
	}
	return false
}

// isProxyUnreachable reports whether the proxy itself was not reached.
func isProxyUnreachable(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "proxyconnect"
}

// isTLS reports whether err is about the peer's certificate or its not
// speaking TLS at all.
func isTLS(err error) bool {
	return is[*tls.CertificateVerificationError](err) || is[x509.UnknownAuthorityError](err) ||
		is[x509.HostnameError](err) || is[x509.CertificateInvalidError](err) || is[tls.RecordHeaderError](err)
}

// is reports whether an error of type T is in the chain of err.
func is[T error](err error) bool {
	_, ok := errors.AsType[T](err)
	return ok
}
