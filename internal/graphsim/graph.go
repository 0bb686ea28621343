package graphsim

import (
	"context"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// handle checks what is checked for every operation, then does it.
func (s *Server) handle(ctx context.Context, c *call) (reply, error) {
	switch c.request.Operation {
	case OpToken:
		return s.token(c), nil
	case OpDiscovery:
		return s.discovery(c), nil
	case OpInstanceDiscovery:
		return s.instanceDiscovery(c), nil
	default:
	}
	if c.version == "" {
		return s.noRoute(c), nil
	}
	if p := s.authenticate(c); p != nil {
		return s.unauthorized(c, p), nil
	}
	if c.request.Operation == OpBatch {
		return s.batch(ctx, c)
	}
	if rep, over := s.overLimit(c); over {
		return rep, nil
	}
	if c.route.onlyBeta {
		return s.refuse(c, gatewayBadRequest("Resource not found for the segment '%s'.", collection)), nil
	}
	return s.graph(c), nil
}

// noRoute is the simulator's own answer: a client that asks for something else has a bug, or the simulator a gap.
func (s *Server) noRoute(c *call) reply {
	return s.refuse(c, &problem{
		status: http.StatusNotImplemented, gateway: true,
		message: "graphsim has no route for " + c.request.Method + " " + c.request.RawPath,
	})
}

// graph answers the operations of the collection.
func (s *Server) graph(c *call) reply {
	query, p := s.queryOptions(c)
	if p != nil {
		return s.refuse(c, p)
	}
	// A route that does not exist is not found before anybody asks for permissions.
	if p := s.closedRoute(c); p != nil {
		return s.refuse(c, p)
	}
	if p := s.authorize(c); p != nil {
		return s.refuse(c, p)
	}
	if p := s.checkBody(c); p != nil {
		return s.refuse(c, p)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch c.request.Operation {
	case OpList:
		return s.list(c, query)
	case OpCount:
		return s.count(c, query)
	case OpGet:
		return s.get(c, query)
	case OpCreate:
		return s.create(c)
	case OpUpdate:
		return s.update(c)
	case OpDelete:
		return s.remove(c)
	case OpImport:
		return s.importList(c)
	case OpSearch:
		return s.search(c)
	default:
		return s.noRoute(c)
	}
}

func (s *Server) closedRoute(c *call) *problem {
	switch c.request.Operation {
	case OpCreate:
		return routeProblem(s.behaviour.CreateRoute, "~/singleton/navigation", c.request.Method)
	case OpUpdate:
		return routeProblem(s.behaviour.PatchRoute, "~/singleton/navigation/key", c.request.Method)
	case OpSearch:
		return routeProblem(s.behaviour.SearchRoute, "~/singleton/navigation/action", c.request.Method)
	case OpCount:
		return routeProblem(s.behaviour.CountRoute, "~/singleton/navigation/$count", c.request.Method)
	default:
		return nil
	}
}

// authorize compares the token's permissions with those of the operation (behaviours 24, 26).
func (s *Server) authorize(c *call) *problem {
	needed := s.behaviour.WritePermissions
	switch c.request.Operation {
	case OpUnknown:
		return nil
	case OpList, OpGet, OpCount:
		needed = append(slices.Clone(s.behaviour.ReadPermissions), s.behaviour.WritePermissions...)
	case OpSearch:
		if !s.behaviour.SearchNeedsWrite {
			needed = append(slices.Clone(s.behaviour.ReadPermissions), s.behaviour.WritePermissions...)
		}
	default:
	}
	if allows(needed, c.principal.granted) {
		return nil
	}
	slices.Sort(needed)
	return &problem{
		status: http.StatusForbidden,
		message: "Application is not authorized to perform this operation. Application must have one of the following scopes: " +
			strings.Join(slices.Compact(needed), ", "),
	}
}

// checkBody refuses bodies that the front end does not look into.
func (s *Server) checkBody(c *call) *problem {
	if len(c.request.Body) > maxBody {
		return &problem{status: http.StatusRequestEntityTooLarge, message: "Request size exceeds the limit of 4 MB.", gateway: true}
	}
	if len(c.request.Body) == 0 || c.request.Operation == OpUnknown {
		return nil
	}
	if s.behaviour.RefuseChunked && slices.Contains(c.request.TransferEncoding, "chunked") {
		return badRequest("A non-empty request body is required.")
	}
	mediaType, _, _ := strings.Cut(c.request.Header.Get("Content-Type"), ";")
	if !strings.EqualFold(strings.TrimSpace(mediaType), "application/json") {
		return gatewayBadRequest("A supported MIME type could not be found that matches the content type of the request. "+
			"The content type '%s' isn't supported.", mediaType)
	}
	return nil
}

// queryOptions parses the query and refuses options that the operation does not have (behaviour 23).
func (s *Server) queryOptions(c *call) (url.Values, *problem) {
	query, err := url.ParseQuery(c.request.Query)
	if err != nil {
		return nil, gatewayBadRequest("Invalid query string: %s", err)
	}
	for _, name := range slices.Sorted(maps.Keys(query)) {
		if len(query[name]) > 1 {
			return nil, gatewayBadRequest("Query option '%s' was specified more than once, but it must be specified at most once.", name)
		}
		if p := s.queryOption(c.request.Operation, name); p != nil {
			return nil, p
		}
	}
	return query, nil
}

func (s *Server) queryOption(op Operation, name string) *problem {
	if !strings.HasPrefix(name, "$") || op == OpUnknown {
		return nil // OData ignores custom options
	}
	known := map[Operation][]string{
		OpList:  {"$filter", "$select", "$top", "$count", "$skiptoken", "$orderby", "$search", "$skip"},
		OpCount: {"$filter"},
		OpGet:   {"$select"},
	}
	if !slices.Contains(known[op], name) {
		return gatewayBadRequest("The query parameter '%s' is not supported.", name)
	}
	if s.behaviour.RefuseExtraQuery && slices.Contains([]string{"$orderby", "$search", "$skip"}, name) {
		return badRequest("The query specified in the URI is not valid. Query option '%s' is not allowed.", name)
	}
	return nil
}
