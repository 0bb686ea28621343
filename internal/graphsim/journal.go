package graphsim

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Request is one journal entry. Items of a $batch have entries of their own after that of the batch.
type Request struct {
	Sequence  int       // 1 for the first request since New; ClearJournal does not reset it
	Time      time.Time // by the service's clock
	Operation Operation
	Method    string
	Path      string // decoded
	RawPath   string // as it was on the wire
	Query     string // as it was on the wire, without "?"
	Host      string
	Header    http.Header // Authorization is "Bearer <redacted>"
	// HasAuthorization reports whether Authorization was sent; items of a $batch inherit it.
	HasAuthorization bool
	ContentLength    int64 // -1 when the client sent none and a body
	TransferEncoding []string
	Body             []byte         // nil for token requests, which hold secrets
	JSON             map[string]any // Body when it is a JSON object; numbers are json.Number
	Status           int            // 0 while the request is in flight and when the connection was dropped
	Batch            bool           // an item of a $batch

	// Form is the body of a token request; client_secret and client_assertion are "<redacted>".
	Form url.Values
	// AssertionHeader and AssertionClaims are the decoded parts of client_assertion.
	AssertionHeader, AssertionClaims map[string]any
}

const redacted = "<redacted>"

// clone returns a copy that shares nothing with the journal.
func (r Request) clone() Request {
	r.Header = r.Header.Clone()
	r.TransferEncoding = slices.Clone(r.TransferEncoding)
	r.Body = bytes.Clone(r.Body)
	if r.JSON != nil {
		r.JSON = decodeObject(r.Body)
	}
	if r.Form != nil {
		r.Form = url.Values(http.Header(r.Form).Clone())
	}
	r.AssertionHeader, r.AssertionClaims = maps.Clone(r.AssertionHeader), maps.Clone(r.AssertionClaims)
	return r
}

// Journal returns copies of all requests since New or ClearJournal, in the order in which they arrived. Requests to the
// admin routes are not in it.
func (s *Server) Journal() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	requests := make([]Request, 0, len(s.journal))
	for _, r := range s.journal {
		requests = append(requests, r.clone())
	}
	return requests
}

// ClearJournal forgets the requests so far.
func (s *Server) ClearJournal() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.journal = nil
}

// record puts a request into the journal and numbers it.
func (s *Server) record(r *Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sequence++
	r.Sequence, r.Time = s.sequence, s.now()
	entry := r.clone()
	s.journal = append(s.journal, &entry)
	s.inFlight[r.Sequence] = &entry
}

// settle writes the outcome into the journal and returns a copy of the entry.
func (s *Server) settle(sequence, status int) Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	entry := s.inFlight[sequence]
	delete(s.inFlight, sequence)
	entry.Status = status
	return entry.clone()
}

// withoutSecrets returns what the journal may keep of a token request's form, with the decoded assertion.
func withoutSecrets(form url.Values) (kept url.Values, header, claims map[string]any) {
	kept = url.Values(http.Header(form).Clone())
	parts := strings.Split(form.Get("client_assertion"), ".")
	if len(parts) == 3 {
		header, claims = decodeSegment(parts[0]), decodeSegment(parts[1])
	}
	for _, name := range []string{"client_secret", "client_assertion", "password", "refresh_token", "assertion"} {
		if kept.Has(name) {
			kept.Set(name, redacted)
		}
	}
	return kept, header, claims
}

// decodeSegment decodes one part of a JWT, nil when it is no JSON object.
func decodeSegment(segment string) map[string]any {
	raw, err := base64.RawURLEncoding.DecodeString(segment)
	if err != nil {
		return nil
	}
	return decodeObject(raw)
}

// decodeObject decodes exactly one JSON object, nil when the input is anything else.
func decodeObject(raw []byte) map[string]any {
	var object map[string]any
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	if decoder.Decode(&object) != nil || decoder.More() {
		return nil
	}
	return object
}
