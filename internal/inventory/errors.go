package inventory

import (
	"errors"
	"fmt"

	"github.com/intunetf/terraform-provider-intune/internal/graph"
)

// ErrNotFound says that the tenant has no such identity.
var ErrNotFound = errors.New("the tenant has no such corporate device identifier")

// ServiceError is a failed call of the service.
type ServiceError = graph.Error

// IsForbidden reports whether the access token lacks a permission.
func IsForbidden(err error) bool { return graph.IsForbidden(err) }

// IsUnauthorized reports whether the access token was not accepted.
func IsUnauthorized(err error) bool { return graph.IsUnauthorized(err) }

// IsThrottled reports whether the service asked to slow down until the end.
func IsThrottled(err error) bool { return graph.IsThrottled(err) }

// IsTLSFailure reports whether the service's certificate was not accepted.
func IsTLSFailure(err error) bool { return graph.IsTLSFailure(err) }

// IsNotSent reports whether the request never left this process.
func IsNotSent(err error) bool { return graph.IsNotSent(err) }

// IsMalformed reports whether the service found the identifier malformed.
func IsMalformed(err error) bool { return graph.IsBadRequest(err) && !graph.IsRouteRefused(err) }

// ExistsError says that the tenant has the identity already.
type ExistsError struct{ Existing Identity }

func (e *ExistsError) Error() string {
	return fmt.Sprintf("the tenant has the identifier already, with the id %s", e.Existing.ID)
}

// RejectedError says that the service answered with success but did not take the
// row.
type RejectedError struct {
	Key Key
	// Reason is what was seen, a clause that follows "Graph …".
	Reason string
}

func (e *RejectedError) Error() string { return "Graph " + e.Reason }

// NotAppliedError says that the service answered with success but the tenant
// does not show it.
type NotAppliedError struct {
	ID string
	// What is a whole sentence without its full stop.
	What string
}

func (e *NotAppliedError) Error() string { return e.What }

// UnconfirmedError says that the service accepted the identity but that reading
// it back failed: it very likely exists.
type UnconfirmedError struct{ Err error }

func (e *UnconfirmedError) Error() string {
	return fmt.Sprintf("Graph accepted the identifier, but reading it back failed: %v", e.Err)
}

// errDescriptionOmitted says that an answer does not tell the description.
var errDescriptionOmitted = errors.New("the tenant's answer leaves the description out")

func (e *UnconfirmedError) Unwrap() error { return e.Err }

// RouteRefusedError says that the tenant does not have the documented route, and
// that the create method allows no other.
type RouteRefusedError struct {
	// Route is "POST …" or "PATCH …".
	Route string
	Err   error
}

func (e *RouteRefusedError) Error() string {
	return fmt.Sprintf("this tenant refuses %s: %v", e.Route, e.Err)
}

func (e *RouteRefusedError) Unwrap() error { return e.Err }
