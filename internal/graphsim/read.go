package graphsim

import (
	"encoding/base64"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// Handlers in this file and in write.go, import.go expect the lock to be held.

// list answers one page (behaviours 21-23, 25).
func (s *Server) list(c *call, query url.Values) reply {
	match, p := s.filter(query)
	if p != nil {
		return s.refuse(c, p)
	}
	size, p := s.pageSize(query)
	if p != nil {
		return s.refuse(c, p)
	}
	project, p := projection(query)
	if p != nil {
		return s.refuse(c, p)
	}
	position, p := skipPosition(query)
	if p != nil {
		return s.refuse(c, p)
	}
	now, total, next := s.now(), 0, ""
	rows := []any{}
	for _, r := range s.store.visible(now) {
		identity, _ := r.seen(now)
		if !match(identity) {
			continue
		}
		at := total
		if s.behaviour.StableSkipToken {
			at = r.sequence - 1
		}
		total++
		switch {
		case at < position:
		case len(rows) < size:
			rows = append(rows, project(s.write(identity)))
		case next == "":
			next = nextLink(c, query, at)
		}
	}
	body := map[string]any{"@odata.context": c.context("deviceManagement/" + collection), "value": rows}
	if next != "" {
		body["@odata.nextLink"] = next
	}
	if query.Get("$count") == "true" && strings.EqualFold(c.request.Header.Get("ConsistencyLevel"), "eventual") {
		body["@odata.count"] = total
	}
	return jsonReply(http.StatusOK, body)
}

// nextLink is absolute, on the host that was called, and keeps the other options.
func nextLink(c *call, query url.Values, position int) string {
	next := maps.Clone(query)
	next.Set("$skiptoken", base64.RawURLEncoding.EncodeToString([]byte("p:"+strconv.Itoa(position))))
	return c.root + c.request.RawPath + "?" + strings.ReplaceAll(next.Encode(), "%24", "$")
}

func skipPosition(query url.Values) (int, *problem) {
	token := query.Get("$skiptoken")
	if !query.Has("$skiptoken") {
		return 0, nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(token)
	digits, ok := strings.CutPrefix(string(raw), "p:")
	position, numberErr := strconv.Atoi(digits)
	if err != nil || !ok || numberErr != nil || position < 0 {
		return 0, badRequest("The $skiptoken '%s' is not valid.", token)
	}
	return position, nil
}

// pageSize honours $top up to the largest page; more than that comes with a nextLink.
func (s *Server) pageSize(query url.Values) (int, *problem) {
	if !query.Has("$top") {
		return s.behaviour.PageSize, nil
	}
	top, err := strconv.Atoi(query.Get("$top"))
	if err != nil || top < 1 {
		return 0, gatewayBadRequest("Invalid value '%s' for $top query option found. The $top query option requires a "+
			"positive integer value.", query.Get("$top"))
	}
	return min(top, s.behaviour.PageSize), nil
}

// properties are what can be selected and filtered; status is not one of them.
func properties() map[string]func(Identity) string {
	return map[string]func(Identity) string{
		"id":                         func(i Identity) string { return i.ID },
		"importedDeviceIdentifier":   func(i Identity) string { return i.ImportedDeviceIdentifier },
		"importedDeviceIdentityType": func(i Identity) string { return i.ImportedDeviceIdentityType },
		"description":                func(i Identity) string { return i.Description },
		"enrollmentState":            func(i Identity) string { return i.EnrollmentState },
		"platform":                   func(i Identity) string { return i.Platform },
		"createdDateTime":            nil,
		"lastModifiedDateTime":       nil,
		"lastContactedDateTime":      nil,
	}
}

// projection is $select.
func projection(query url.Values) (func(map[string]any) map[string]any, *problem) {
	if !query.Has("$select") {
		return func(object map[string]any) map[string]any { return object }, nil
	}
	known := properties()
	var names []string
	for name := range strings.SplitSeq(query.Get("$select"), ",") {
		name = strings.TrimSpace(name)
		if _, ok := known[name]; !ok {
			return nil, gatewayBadRequest("Could not find a property named '%s' on type '%s'.", name, baseType)
		}
		names = append(names, name)
	}
	return func(object map[string]any) map[string]any {
		selected := map[string]any{}
		for _, name := range names {
			selected[name] = object[name]
		}
		return selected
	}, nil
}

// count is the $count segment: a bare number as text.
func (s *Server) count(c *call, query url.Values) reply {
	match, p := s.filter(query)
	if p != nil {
		return s.refuse(c, p)
	}
	now, total := s.now(), 0
	for _, r := range s.store.visible(now) {
		if identity, _ := r.seen(now); match(identity) {
			total++
		}
	}
	return reply{status: http.StatusOK, header: http.Header{}, raw: []byte(strconv.Itoa(total)), contentType: "text/plain"}
}

// get answers one identity; a missing one is a 404 (behaviour 19).
func (s *Server) get(c *call, query url.Values) reply {
	project, p := projection(query)
	if p != nil {
		return s.refuse(c, p)
	}
	identity, ok := s.store.visibleByID(c.route.id, s.now())
	if !ok {
		return s.refuse(c, missing(http.StatusNotFound, c.route.id))
	}
	object := project(s.write(identity))
	if s.behaviour.StatusOnGet && identity.Status != nil && !query.Has("$select") {
		object = s.writeResult(identity, identity.Status)
	}
	if s.behaviour.GetWrapped {
		return jsonReply(http.StatusOK, map[string]any{"value": object})
	}
	object["@odata.context"] = c.context("deviceManagement/" + collection + "/$entity")
	return jsonReply(http.StatusOK, object)
}

func missing(status int, id string) *problem {
	if status == http.StatusBadRequest {
		return badRequest("Cannot find imported device identity with id '%s' to delete.", id)
	}
	return &problem{status: status, message: "Imported device identity with id '" + id + "' was not found."}
}

// search answers the identities that exist, by type and normalised identifier (behaviour 24).
func (s *Server) search(c *call) reply {
	body, p := c.object()
	if p != nil {
		return s.refuse(c, p)
	}
	rows, p := s.rows(body, false)
	if p == nil {
		p = s.checkRows(rows)
	}
	if p != nil {
		return s.refuse(c, p)
	}
	now, found, told := s.now(), []any{}, map[*record]bool{}
	for _, row := range rows {
		r := s.store.find(row.identity.ImportedDeviceIdentityType, row.identity.ImportedDeviceIdentifier)
		if r == nil || told[r] {
			continue
		}
		identity, visible := r.identity.clone(), true
		if s.behaviour.SearchLags {
			identity, visible = r.seen(now)
		}
		if visible {
			told[r] = true
			found = append(found, s.write(identity))
		}
	}
	return jsonReply(http.StatusOK, map[string]any{
		"@odata.context": c.context("Collection(" + baseType + ")"), "value": found,
	})
}
