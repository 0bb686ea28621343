package graphsim

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"strconv"
)

// What Graph puts on every answer.
const (
	jsonContentType = "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8"
	diagnostic      = `{"ServerInfo":{"DataCenter":"West Europe","Slice":"E","Ring":"5","ScaleUnit":"002","RoleInstance":"SIMULATED0001"}}`
)

// reply is an answer before it is written; handlers return it, so that faults and $batch can work on it.
type reply struct {
	status      int
	header      http.Header
	object      map[string]any // JSON body; nil for none
	raw         []byte         // any other body
	contentType string         // of raw
	truncate    int
	drop        bool
}

func jsonReply(status int, object map[string]any) reply {
	return reply{status: status, header: http.Header{}, object: object}
}

// body returns the bytes to send and their content type.
func (rep *reply) body() ([]byte, string) {
	content, contentType := rep.raw, rep.contentType
	if rep.object != nil {
		var buffer bytes.Buffer
		encoder := json.NewEncoder(&buffer)
		encoder.SetEscapeHTML(false)
		if err := encoder.Encode(rep.object); err != nil {
			// Only a Body or Rows fault can put something into a reply that is no JSON.
			return []byte("graphsim: " + err.Error()), "text/plain"
		}
		content = bytes.TrimSuffix(buffer.Bytes(), []byte("\n"))
		if contentType == "" {
			contentType = jsonContentType
		}
	}
	if rep.truncate > 0 && rep.truncate < len(content) {
		content = content[:rep.truncate]
	}
	return content, contentType
}

// write sends a reply that is not dropped.
func (rep *reply) write(w http.ResponseWriter) {
	content, contentType := rep.body()
	header := w.Header()
	maps.Copy(header, rep.header)
	if contentType != "" && len(content) > 0 {
		header.Set("Content-Type", contentType)
	}
	if rep.status != http.StatusNoContent {
		header.Set("Content-Length", strconv.Itoa(len(content)))
	}
	w.WriteHeader(rep.status)
	if rep.status != http.StatusNoContent {
		// The client may have gone; there is nobody to tell.
		_, _ = w.Write(content)
	}
}

// response is the reply as a client of Do receives it.
func (rep *reply) response(r *http.Request) *http.Response {
	content, contentType := rep.body()
	header := rep.header.Clone()
	if contentType != "" && len(content) > 0 {
		header.Set("Content-Type", contentType)
	}
	if rep.status == http.StatusNoContent {
		content = nil
	} else {
		header.Set("Content-Length", strconv.Itoa(len(content)))
	}
	return &http.Response{
		Status: strconv.Itoa(rep.status) + " " + http.StatusText(rep.status), StatusCode: rep.status,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: header, Body: io.NopCloser(bytes.NewReader(content)), ContentLength: int64(len(content)), Request: r,
	}
}

// decorate adds the headers that are on every answer (behaviour 29).
func (s *Server) decorate(rep *reply, c *call) {
	if rep.header == nil {
		rep.header = http.Header{}
	}
	rep.header.Set("Request-Id", c.requestID)
	rep.header.Set("Client-Request-Id", c.clientRequestID)
	rep.header.Set("X-Ms-Ags-Diagnostic", diagnostic)
	rep.header.Set("Strict-Transport-Security", "max-age=31536000")
	rep.header.Set("Cache-Control", "no-cache")
	rep.header.Set("Date", s.now().Format(http.TimeFormat))
}

// strike turns a reply into what a fault makes of it.
func (s *Server) strike(f *Fault, c *call, rep reply) reply {
	if f.replaces() {
		rep = s.faultReply(f, c)
	}
	for name, values := range f.Header {
		rep.header[name] = append([]string(nil), values...)
	}
	if f.RetryAfter != "" {
		rep.header.Set("Retry-After", f.RetryAfter)
	}
	if f.Rows != nil && c.request.Operation == OpImport {
		alterRows(&rep, f.Rows)
	}
	if f.Body != nil && rep.object != nil {
		rep.object = f.Body(rep.object)
	}
	rep.truncate = f.TruncateBody
	return rep
}

func (s *Server) faultReply(f *Fault, c *call) reply {
	if f.Drop {
		return reply{drop: true, header: http.Header{}}
	}
	if f.RawBody != nil {
		rep := reply{status: f.Status, header: http.Header{}, raw: []byte(*f.RawBody), contentType: f.ContentType}
		if rep.status == 0 {
			rep.status = http.StatusOK
		}
		if rep.contentType == "" {
			rep.contentType = "text/html"
		}
		return rep
	}
	status, code := f.Status, f.Code
	if status == 0 {
		status = http.StatusInternalServerError
	}
	if code == "" {
		code = codeOf(status)
	}
	if c.request.Operation == OpToken || c.request.Operation == OpDiscovery || c.request.Operation == OpInstanceDiscovery {
		return s.entraError(c, entraProblem{status: status, code: code, text: f.Message})
	}
	message := f.Message
	if f.Nested {
		message = nestedMessage(c, message)
	}
	return s.envelope(c, status, code, message)
}

// alterRows hands the rows of an import answer to a fault.
func alterRows(rep *reply, alter func([]map[string]any) []map[string]any) {
	values, ok := rep.object["value"].([]any)
	if !ok {
		return
	}
	rows := make([]map[string]any, 0, len(values))
	for _, value := range values {
		if row, isObject := value.(map[string]any); isObject {
			rows = append(rows, row)
		}
	}
	altered := make([]any, 0, len(rows))
	for _, row := range alter(rows) {
		altered = append(altered, row)
	}
	rep.object["value"] = altered
}
