package graph

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const requestIDHeader = "request-id"

// failure says at which point an attempt failed.
type failure int

const (
	// failureAnswer: the service answered with a status that is no success.
	failureAnswer failure = iota
	// failureUnreadable: a success status with a body that is not what the
	// operation answers.
	failureUnreadable
	// failureTransport: the request may have reached the service; no answer came.
	failureTransport
	// failureNotSent: the request never left this process (no token, no
	// connection, refused by a guard).
	failureNotSent
)

// Error is a failed operation. Its text is one line.
type Error struct {
	// Operation completes "Graph did not …", for example "delete the identifier".
	Operation string
	// StatusCode is the HTTP status, 0 when no answer came.
	StatusCode int
	// Code is Graph's error.code.
	Code string
	// Message is Graph's error.message; where Intune nested JSON in it, the text
	// inside, without the part from " - Operation ID" on.
	Message string
	// Support is that cut-off part: operation id, activity id and service URL.
	Support string
	// RequestID and ClientRequestID identify the attempt in Microsoft's logs.
	RequestID, ClientRequestID string
	// Attempts is how often the request was sent, at least 1.
	Attempts int

	failure failure
	// cutShort is set when a later attempt was sent and its answer not awaited.
	cutShort   bool
	effect     effect
	retryAfter time.Duration
	// err is the transport's, token's or decoder's error.
	err error
	// ended is the context error that ended the waiting, nil when the operation
	// was given up for another reason.
	ended error
}

func (e *Error) Error() string {
	var b strings.Builder
	switch e.failure {
	case failureAnswer:
		fmt.Fprintf(&b, "Graph answered %d %s", e.StatusCode, http.StatusText(e.StatusCode))
		if e.Code != "" && !strings.EqualFold(e.Code, strings.ReplaceAll(http.StatusText(e.StatusCode), " ", "")) {
			fmt.Fprintf(&b, " (%s)", e.Code)
		}
		if e.Message != "" {
			b.WriteString(": " + e.Message)
		}
	case failureUnreadable:
		fmt.Fprintf(&b, "Graph answered %d with a body that could not be read: %v", e.StatusCode, e.err)
	case failureTransport:
		fmt.Fprintf(&b, "no answer came from Graph: %v", e.err)
	case failureNotSent:
		fmt.Fprintf(&b, "the request was not sent: %v", e.err)
	}
	if e.Attempts > 1 {
		fmt.Fprintf(&b, " (last of %d attempts)", e.Attempts)
	}
	if e.ended != nil {
		fmt.Fprintf(&b, "; gave up because %s", endedReason(e.ended))
	}
	return b.String()
}

// Unwrap gives the transport's or decoder's error and the context error.
func (e *Error) Unwrap() []error {
	var errs []error
	for _, err := range []error{e.err, e.ended} {
		if err != nil {
			errs = append(errs, err)
		}
	}
	return errs
}

func endedReason(err error) string {
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return "the operation's timeout ended"
	case errors.Is(err, context.Canceled):
		return "the operation was interrupted"
	default:
		return err.Error()
	}
}

func newResponseError(op operation, resp *http.Response, payload []byte) *Error {
	e := &Error{
		Operation:       op.name,
		StatusCode:      resp.StatusCode,
		RequestID:       resp.Header.Get(requestIDHeader),
		ClientRequestID: resp.Header.Get(clientRequestIDHeader),
		Attempts:        1,
		failure:         failureAnswer,
		effect:          op.effect,
		retryAfter:      retryAfter(resp.Header, time.Now()),
	}
	e.fillFrom(payload, resp.Header.Get("Content-Type"))
	if resp.Request != nil && e.ClientRequestID == "" {
		e.ClientRequestID = resp.Request.Header.Get(clientRequestIDHeader)
	}
	return e
}

func newUndecodableError(op operation, resp *http.Response, payload []byte, err error) *Error {
	e := newResponseError(op, resp, nil)
	e.failure = failureUnreadable
	e.err = fmt.Errorf("%w (%s)", err, describeBody(payload, resp.Header.Get("Content-Type")))
	return e
}

func newTransportError(op operation, err error) *Error {
	e := &Error{Operation: op.name, Attempts: 1, failure: failureTransport, effect: op.effect, err: transportCause(err)}
	if !*op.sent || neverConnected(err) {
		e.failure = failureNotSent
	}
	return e
}

// asError makes an [*Error] of whatever came out of the pipeline.
func asError(op operation, err error) *Error {
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	return newTransportError(op, err)
}

// transportCause leaves out the method and URL that net/http puts in front: the
// caller's text names the operation.
func transportCause(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		return u.Err
	}
	return err
}

// neverConnected reports whether err happened before a byte of the request left:
// such a request may be sent again whatever it does.
func neverConnected(err error) bool {
	var op *net.OpError
	var dns *net.DNSError
	return errors.As(err, &op) && (op.Op == "dial" || op.Op == "proxyconnect") || errors.As(err, &dns) || isTLSFailure(err)
}

func isTLSFailure(err error) bool {
	var verification *tls.CertificateVerificationError
	var unknown x509.UnknownAuthorityError
	var invalid x509.CertificateInvalidError
	var host x509.HostnameError
	var record tls.RecordHeaderError
	return errors.As(err, &verification) || errors.As(err, &unknown) || errors.As(err, &invalid) ||
		errors.As(err, &host) || errors.As(err, &record)
}

// HasStatus reports whether err is an answer with the status.
func hasStatus(err error, status int) bool {
	var e *Error
	return errors.As(err, &e) && e.failure == failureAnswer && e.StatusCode == status
}

// IsNotFound reports whether the object does not exist.
func IsNotFound(err error) bool { return hasStatus(err, http.StatusNotFound) }

// IsBadRequest reports whether the service found the request malformed; a DELETE
// of an object that does not exist is answered so, too.
func IsBadRequest(err error) bool { return hasStatus(err, http.StatusBadRequest) }

// IsConflict reports whether the object exists already.
func IsConflict(err error) bool { return hasStatus(err, http.StatusConflict) }

// IsGatewayTimeout reports whether the service took too long.
func IsGatewayTimeout(err error) bool { return hasStatus(err, http.StatusGatewayTimeout) }

// IsTooLarge reports whether a call carried too much, or took the service too
// long: half of it may do.
func IsTooLarge(err error) bool {
	return hasStatus(err, http.StatusRequestEntityTooLarge) || IsGatewayTimeout(err)
}

// IsUnauthorized reports whether the access token was not accepted.
func IsUnauthorized(err error) bool { return hasStatus(err, http.StatusUnauthorized) }

// IsForbidden reports whether the access token lacks a permission.
func IsForbidden(err error) bool { return hasStatus(err, http.StatusForbidden) }

// IsThrottled reports whether the service asked to slow down until the end.
func IsThrottled(err error) bool { return hasStatus(err, http.StatusTooManyRequests) }

// IsInternalServerError reports a 500, which live tenants also answer on the
// documented create route (msgraph-beta-sdk-dotnet #1077).
func IsInternalServerError(err error) bool { return hasStatus(err, http.StatusInternalServerError) }

// RetryAfter is how long the service asked to wait, 0 where it did not say.
func RetryAfter(err error) time.Duration {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.retryAfter
	}
	return 0
}

// IsTLSFailure reports whether the service's certificate was not accepted.
func IsTLSFailure(err error) bool { return isTLSFailure(err) }

// IsNotSent reports whether the request never left this process.
func IsNotSent(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.failure == failureNotSent
}

// IsOutcomeUnknown reports whether a write may or may not have taken effect: the
// connection was lost, the answer was unreadable, or a 5xx other than 501 came.
func IsOutcomeUnknown(err error) bool {
	var e *Error
	if !errors.As(err, &e) || e.effect == effectRead {
		return false
	}
	if e.cutShort {
		return true
	}
	switch e.failure {
	case failureTransport, failureUnreadable:
		return true
	case failureAnswer:
		return e.StatusCode >= http.StatusInternalServerError && e.StatusCode != http.StatusNotImplemented
	default:
		return false
	}
}

// IsRouteRefused reports whether the tenant has no such route, although the
// reference documents it. Seen as 400 "No method match route template"
// (microsoft-graph-docs #14047); 404 on the segment, 405 and 501 say the same.
func IsRouteRefused(err error) bool {
	var e *Error
	if !errors.As(err, &e) || e.failure != failureAnswer {
		return false
	}
	switch e.StatusCode {
	case http.StatusMethodNotAllowed, http.StatusNotImplemented:
		return true
	case http.StatusBadRequest, http.StatusNotFound:
		text := strings.ToLower(e.Code + " " + e.Message)
		return strings.Contains(text, "no method match route template") ||
			strings.Contains(text, "no odata route exists") ||
			strings.Contains(text, "resource not found for the segment")
	default:
		return false
	}
}
