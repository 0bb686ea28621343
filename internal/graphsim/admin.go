package graphsim

import (
	"cmp"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
)

// The admin routes are the simulator's own and no part of Graph: they need no token, are not in the journal, and are
// how the binary's subcommands look into a running server.
const adminPrefix = "/_graphsim/"

// RequestCount is one line of GET /_graphsim/requests: how often a method and route were asked for. Ids are shown as
// {id}, items of a $batch are counted on their own and marked.
type RequestCount struct {
	Method string `json:"method"`
	Route  string `json:"route"`
	Batch  bool   `json:"batch"`
	Count  int    `json:"count"`
}

// Enrollment is the body of POST /_graphsim/enroll.
type Enrollment struct {
	ImportedDeviceIdentityType string `json:"importedDeviceIdentityType"`
	ImportedDeviceIdentifier   string `json:"importedDeviceIdentifier"`
	Platform                   string `json:"platform"`
}

// RequestCounts counts the journal by method and route, sorted by route, method and batch.
func (s *Server) RequestCounts() []RequestCount {
	s.mu.Lock()
	defer s.mu.Unlock()
	counts := map[RequestCount]int{}
	for _, r := range s.journal {
		counts[RequestCount{Method: r.Method, Route: RouteOf(*r), Batch: r.Batch}]++
	}
	lines := make([]RequestCount, 0, len(counts))
	for line, count := range counts {
		line.Count = count
		lines = append(lines, line)
	}
	slices.SortFunc(lines, func(a, b RequestCount) int {
		return cmp.Or(cmp.Compare(a.Route, b.Route), cmp.Compare(a.Method, b.Method), boolCompare(a.Batch, b.Batch))
	})
	return lines
}

func boolCompare(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	default:
		return 1
	}
}

// RouteOf is the path of a request with {id} in the place of an id and {tenant} in that of the tenant.
func RouteOf(r Request) string {
	switch r.Operation {
	case OpGet, OpUpdate, OpDelete:
		before, _, _ := strings.Cut(r.RawPath, collection)
		return before + collection + "/{id}"
	case OpToken, OpDiscovery:
		_, after, _ := strings.Cut(strings.TrimPrefix(r.RawPath, "/"), "/")
		return "/{tenant}/" + after
	default:
		return r.RawPath
	}
}

func (s *Server) serveAdmin(w http.ResponseWriter, r *http.Request) {
	rep := s.adminReply(r)
	rep.write(w)
}

func (s *Server) adminReply(r *http.Request) reply {
	rep := reply{status: http.StatusOK, header: http.Header{}}
	switch r.Method + " " + strings.TrimPrefix(r.URL.Path, adminPrefix) {
	case "GET identities":
		rep.object = map[string]any{"value": s.Tenant().Identities()}
	case "GET requests":
		rep.object = map[string]any{"value": s.RequestCounts()}
	case "POST reset-requests":
		s.ClearJournal()
		rep.status = http.StatusNoContent
	case "POST enroll":
		return s.enroll(r)
	default:
		rep.status = http.StatusNotImplemented
		rep.object = map[string]any{"error": "graphsim has no admin route for " + r.Method + " " + r.URL.Path}
	}
	return rep
}

func (s *Server) enroll(r *http.Request) reply {
	var e Enrollment
	body, err := readBody(r)
	if err == nil {
		err = json.Unmarshal(body, &e)
	}
	if err != nil {
		return jsonReply(http.StatusBadRequest, map[string]any{"error": err.Error()})
	}
	if !slices.Contains(platforms(), e.Platform) {
		return jsonReply(http.StatusBadRequest, map[string]any{
			"error": "unknown platform " + e.Platform + ": want one of " + strings.Join(platforms(), ", "),
		})
	}
	if !s.Tenant().MarkEnrolled(e.ImportedDeviceIdentityType, e.ImportedDeviceIdentifier, e.Platform) {
		return jsonReply(http.StatusNotFound, map[string]any{
			"error": "the tenant has no " + e.ImportedDeviceIdentityType + "/" + e.ImportedDeviceIdentifier,
		})
	}
	if s.options.OnChange != nil {
		s.options.OnChange()
	}
	return reply{status: http.StatusNoContent, header: http.Header{}}
}
