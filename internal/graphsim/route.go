package graphsim

import (
	"net/http"
	"net/url"
	"strings"
)

const (
	collection     = "importedDeviceIdentities"
	importAction   = "importDeviceIdentityList"
	searchAction   = "searchExistingIdentities"
	actionPrefix   = "microsoft.graph."
	oldVersionPath = "v1.0"
)

// route is what a method and a path ask for.
type route struct {
	operation Operation
	version   string // beta or v1.0
	id        string // decoded once
	tenant    string // of the Entra routes
	onlyBeta  bool   // asks v1.0 for something that is in beta only
}

// parseRoute works on the escaped path, so that an id is decoded once and its own "/" is not a separator (behaviour 5).
// Graph itself is lenient about case; clients have no reason to be.
func parseRoute(method, escapedPath string) route {
	var segments []string
	for segment := range strings.SplitSeq(strings.TrimPrefix(escapedPath, "/"), "/") {
		decoded, err := url.PathUnescape(segment)
		if err != nil {
			return route{operation: OpUnknown}
		}
		segments = append(segments, decoded)
	}
	switch segments[0] {
	case "beta", oldVersionPath:
		return parseGraphRoute(method, segments[0], segments[1:])
	default:
		return parseEntraRoute(method, segments)
	}
}

func parseEntraRoute(method string, segments []string) route {
	switch path := strings.Join(segments[1:], "/"); {
	case path == "oauth2/v2.0/token" && method == http.MethodPost:
		return route{operation: OpToken, tenant: segments[0]}
	case path == "v2.0/.well-known/openid-configuration" && method == http.MethodGet:
		return route{operation: OpDiscovery, tenant: segments[0]}
	case path == "discovery/instance" && segments[0] == "common" && method == http.MethodGet:
		return route{operation: OpInstanceDiscovery}
	default:
		return route{operation: OpUnknown}
	}
}

func parseGraphRoute(method, version string, segments []string) route {
	unknown := route{operation: OpUnknown, version: version}
	if len(segments) == 1 && segments[0] == "$batch" && method == http.MethodPost {
		return route{operation: OpBatch, version: version}
	}
	if len(segments) < 2 || segments[0] != "deviceManagement" {
		return unknown
	}
	name, id, hasID := cutKey(segments[1])
	if name != collection {
		return unknown
	}
	if version == oldVersionPath {
		unknown.onlyBeta = true
		return unknown
	}
	rest := segments[2:]
	if !hasID && len(rest) > 0 {
		if operation := boundTo(method, rest); operation != OpUnknown {
			return route{operation: operation, version: version}
		}
		id, hasID, rest = rest[0], rest[0] != "", rest[1:]
		if !hasID {
			return unknown
		}
	}
	if len(rest) > 0 {
		return unknown
	}
	return route{operation: verbs(hasID)[method], version: version, id: id}.orUnknown()
}

func (r route) orUnknown() route {
	if r.operation == "" {
		r.operation = OpUnknown
	}
	return r
}

// boundTo finds the actions and $count, in both URL forms (behaviour 2).
func boundTo(method string, rest []string) Operation {
	if len(rest) != 1 {
		return OpUnknown
	}
	switch name := strings.TrimPrefix(rest[0], actionPrefix); {
	case name == importAction && method == http.MethodPost:
		return OpImport
	case name == searchAction && method == http.MethodPost:
		return OpSearch
	case rest[0] == "$count" && method == http.MethodGet:
		return OpCount
	default:
		return OpUnknown
	}
}

func verbs(onEntity bool) map[string]Operation {
	if onEntity {
		return map[string]Operation{http.MethodGet: OpGet, http.MethodPatch: OpUpdate, http.MethodDelete: OpDelete}
	}
	return map[string]Operation{http.MethodGet: OpList, http.MethodPost: OpCreate}
}

// cutKey splits importedDeviceIdentities('id'); a quote inside the id is doubled.
func cutKey(segment string) (name, id string, ok bool) {
	name, key, found := strings.Cut(segment, "(")
	key, closed := strings.CutSuffix(key, ")")
	if !found || !closed || len(key) < 3 || key[0] != '\'' || key[len(key)-1] != '\'' {
		return segment, "", false
	}
	return name, strings.ReplaceAll(key[1:len(key)-1], "''", "'"), true
}
