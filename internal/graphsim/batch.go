package graphsim

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

const maxBatch = 20

// batchItem is one request of a $batch.
type batchItem struct {
	id        string
	method    string
	url       string
	headers   http.Header
	body      any
	hasBody   bool
	dependsOn []string
}

// batch does the items one after the other in the order of the request; their answers come in any order (behaviour 30).
func (s *Server) batch(ctx context.Context, c *call) (reply, error) {
	items, p := s.batchItems(c)
	if p != nil {
		return s.refuse(c, p), nil
	}
	statuses := map[string]int{}
	answers := make([]any, 0, len(items))
	for i := range items {
		rep, err := s.batchAnswer(ctx, c, &items[i], statuses)
		if err != nil {
			return reply{}, err
		}
		statuses[strings.ToLower(items[i].id)] = rep.status
		answers = append(answers, batchResponse(items[i].id, &rep))
	}
	if s.behaviour.BatchReversed {
		slices.Reverse(answers)
	}
	return jsonReply(http.StatusOK, map[string]any{"responses": answers}), nil
}

// batchAnswer sends one item through the same steps as a request of its own.
func (s *Server) batchAnswer(ctx context.Context, outer *call, item *batchItem, statuses map[string]int) (reply, error) {
	c := s.batchCall(outer, item)
	s.record(&c.request)
	s.identify(c)
	for _, id := range item.dependsOn {
		if statuses[strings.ToLower(id)] >= http.StatusBadRequest {
			rep := s.refuse(c, &problem{
				status: http.StatusFailedDependency, code: "FailedDependency", gateway: true,
				message: "The request could not be performed because the dependency '" + id + "' failed.",
			})
			s.report(s.settle(c.request.Sequence, rep.status))
			return rep, nil
		}
	}
	rep, err := s.answer(ctx, c)
	if err != nil {
		s.settle(c.request.Sequence, 0)
		return reply{}, err
	}
	if rep.drop {
		// There is no connection of its own to drop: the gateway waits for the item in vain.
		rep = s.refuse(c, &problem{status: http.StatusGatewayTimeout, gateway: true})
	}
	s.decorate(&rep, c)
	s.report(s.settle(c.request.Sequence, rep.status))
	return rep, nil
}

func (s *Server) batchCall(outer *call, item *batchItem) *call {
	path, query, _ := strings.Cut(item.url, "?")
	escaped := "/" + outer.version + "/" + strings.TrimPrefix(path, "/")
	decoded, err := url.PathUnescape(escaped)
	if err != nil {
		decoded = escaped
	}
	c := &call{
		root: outer.root, version: outer.version, route: parseRoute(item.method, escaped),
		bearer: outer.bearer, principal: outer.principal,
	}
	c.version = outer.version
	c.request = Request{
		Operation: c.route.operation, Method: item.method, Path: decoded, RawPath: escaped, Query: query,
		Host: outer.request.Host, Header: item.headers, HasAuthorization: outer.request.HasAuthorization, Batch: true,
	}
	if c.request.Operation == OpBatch {
		c.request.Operation = OpUnknown // a $batch cannot hold another
	}
	if c.request.Header.Get("Authorization") != "" {
		c.hideToken()
	}
	if item.hasBody {
		if body, err := json.Marshal(item.body); err == nil {
			c.request.ContentLength = int64(len(body))
			c.keepBody(body)
		}
	}
	return c
}

// batchItems decodes and checks the batch as a whole; a malformed one is a 400 (field notes §4.3).
func (s *Server) batchItems(c *call) ([]batchItem, *problem) {
	if p := s.checkBody(c); p != nil {
		return nil, p
	}
	body, p := c.object()
	if p != nil {
		return nil, p
	}
	requests, ok := body["requests"].([]any)
	if !ok || len(body) != 1 || len(requests) == 0 {
		return nil, gatewayBadRequest("Invalid batch payload format.")
	}
	if len(requests) > maxBatch {
		return nil, &problem{
			status: http.StatusBadRequest, code: "MaximumValueExceeded", gateway: true,
			message: "Number of batch request steps exceeds the maximum value of 20.",
		}
	}
	ids := map[string]bool{}
	items := make([]batchItem, 0, len(requests))
	for _, request := range requests {
		object, isObject := request.(map[string]any)
		if !isObject {
			return nil, gatewayBadRequest("Invalid batch payload format.")
		}
		item, p := decodeItem(object)
		if p != nil {
			return nil, p
		}
		if ids[strings.ToLower(item.id)] {
			return nil, gatewayBadRequest("Request Id '%s' has to be unique in a batch.", item.id)
		}
		for _, id := range item.dependsOn {
			if !ids[strings.ToLower(id)] {
				return nil, gatewayBadRequest("Request Id '%s' depends on '%s', which is not an earlier request of the batch.", item.id, id)
			}
		}
		ids[strings.ToLower(item.id)] = true
		items = append(items, item)
	}
	return items, checkOrder(items)
}

// checkOrder allows what Graph allows: no dependencies, a chain, or groups that wait for one and the same request.
func checkOrder(items []batchItem) *problem {
	for i := range items {
		if len(items[i].dependsOn) > 1 {
			return gatewayBadRequest("Request Id '%s' depends on more than one request.", items[i].id)
		}
	}
	return nil
}

func decodeItem(object map[string]any) (batchItem, *problem) {
	item := batchItem{headers: http.Header{}}
	for _, name := range slices.Sorted(maps.Keys(object)) {
		value, ok := object[name], true
		switch name {
		case "id":
			item.id, ok = value.(string)
		case "method":
			item.method, ok = value.(string)
			item.method = strings.ToUpper(item.method)
		case "url":
			item.url, ok = value.(string)
		case "headers":
			ok = item.decodeHeaders(value)
		case "body":
			item.body, item.hasBody = value, value != nil
		case "dependsOn":
			ok = item.decodeDependencies(value)
		default:
			return item, gatewayBadRequest("Invalid batch payload format: unknown property '%s'.", name)
		}
		if !ok {
			return item, gatewayBadRequest("Invalid batch payload format: property '%s'.", name)
		}
	}
	switch {
	case item.id == "" || item.method == "" || item.url == "":
		return item, gatewayBadRequest("Invalid batch payload format: id, method and url are required.")
	case strings.Contains(item.url, "://"):
		return item, gatewayBadRequest("Request Id '%s': the url has to be relative.", item.id)
	case (item.method == http.MethodPost || item.method == http.MethodPatch) &&
		(!item.hasBody || item.headers.Get("Content-Type") == ""):
		return item, gatewayBadRequest("Write request id : %s does not contain Content-Type header or body.", item.id)
	}
	return item, nil
}

func (item *batchItem) decodeHeaders(value any) bool {
	headers, ok := value.(map[string]any)
	for name, header := range headers {
		text, isText := header.(string)
		ok = ok && isText
		item.headers.Set(name, text)
	}
	return ok
}

func (item *batchItem) decodeDependencies(value any) bool {
	ids, ok := value.([]any)
	for _, id := range ids {
		text, isText := id.(string)
		ok = ok && isText
		item.dependsOn = append(item.dependsOn, text)
	}
	return ok
}

// batchResponse is the answer of one item. What is no JSON goes as base64; no body is null.
func batchResponse(id string, rep *reply) map[string]any {
	headers := map[string]any{}
	for name, values := range rep.header {
		headers[name] = strings.Join(values, ", ")
	}
	for _, outerOnly := range []string{"Date", "Strict-Transport-Security", "X-Ms-Ags-Diagnostic"} {
		delete(headers, outerOnly)
	}
	answer := map[string]any{"id": id, "status": rep.status, "headers": headers, "body": nil}
	rep.truncate = 0
	content, contentType := rep.body()
	if rep.object != nil {
		answer["body"] = rep.object
	} else if len(content) > 0 {
		answer["body"] = base64.StdEncoding.EncodeToString(content)
	}
	if len(content) > 0 {
		headers["Content-Type"] = contentType
	}
	return answer
}
