package graphsim

import (
	"net/http"
	"time"
)

// Operation names what a request asks for.
type Operation string

// The operations. The zero value in a Fault stands for any of them.
const (
	OpToken             Operation = "token"
	OpDiscovery         Operation = "discovery"         // OpenID configuration
	OpInstanceDiscovery Operation = "instanceDiscovery" // /common/discovery/instance
	OpList              Operation = "list"
	OpGet               Operation = "get"
	OpCreate            Operation = "create"
	OpUpdate            Operation = "update"
	OpDelete            Operation = "delete"
	OpImport            Operation = "import"
	OpSearch            Operation = "search"
	OpCount             Operation = "count"
	OpBatch             Operation = "batch"
	OpUnknown           Operation = "unknown" // v1.0 and routes that the simulator does not have
)

// isWrite tells the operations that count against the write limit: POST, PUT, PATCH and DELETE (field notes §4.1).
func isWrite(method string) bool {
	return method != http.MethodGet && method != http.MethodHead && method != http.MethodOptions
}

// Fault spoils the answers of matching requests. One with Status, Code, RawBody or Drop replaces the operation, unless
// AfterEffect is set: then the operation is done and its reply is lost. One with only TruncateBody, Rows, Body, Header
// or Delay lets the operation be done and alters its reply.
//
// Every fault counts the matching requests that it skips by itself; of several that are due, the one that was injected
// first strikes. Faults apply to items of a $batch as well; there Drop becomes a 504 and TruncateBody has no effect.
type Fault struct {
	Operation Operation          // "" for any
	Match     func(Request) bool // optional; must not block
	// Skip is the number of matching requests to let pass first. Count is how often to strike then: 0 means once, -1
	// always.
	Skip, Count int
	AfterEffect bool

	Status        int    // 0 means 500 with Code, and 200 with RawBody
	Code, Message string // Graph's error.code and error.message; for OpToken Entra's error and error_description
	Nested        bool   // wrap Message into the JSON that Intune nests in message (field notes §4.4)
	RetryAfter    string // header
	Header        http.Header
	RawBody       *string // the body as it stands, instead of an error envelope
	ContentType   string  // of RawBody; defaults to text/html
	TruncateBody  int     // cut the reply after so many bytes; Content-Length agrees with what is left
	Drop          bool    // close the connection without a reply
	Delay         time.Duration

	Rows func([]map[string]any) []map[string]any  // import answers: drop, reorder or alter rows
	Body func(body map[string]any) map[string]any // any JSON object: rewrite it
}

// HTMLServiceUnavailable is the kind of page that a 503 of the front end carries (behaviour 28), for Fault.RawBody.
const HTMLServiceUnavailable = "<!DOCTYPE HTML PUBLIC \"-//W3C//DTD HTML 4.01//EN\"\"http://www.w3.org/TR/html4/strict.dtd\">\r\n" +
	"<HTML><HEAD><TITLE>Service Unavailable</TITLE>\r\n" +
	"<META HTTP-EQUIV=\"Content-Type\" Content=\"text/html; charset=us-ascii\"></HEAD>\r\n" +
	"<BODY><h2>Service Unavailable</h2>\r\n<hr><p>HTTP Error 503. The service is unavailable.</p>\r\n</BODY></HTML>\r\n"

// replaces reports whether the fault stands in the place of the reply.
func (f *Fault) replaces() bool {
	return f.Drop || f.Status != 0 || f.Code != "" || f.RawBody != nil
}

type armedFault struct {
	Fault
	skipped, struck int
}

// Inject arms faults behind those that are armed already.
func (s *Server) Inject(faults ...Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range faults {
		f.Header = f.Header.Clone()
		s.faults = append(s.faults, &armedFault{Fault: f})
	}
}

// ClearFaults disarms all faults.
func (s *Server) ClearFaults() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
}

// Hook makes the server call fn before it handles each request of an operation ("" for any), items of a $batch
// included: the world moves between two requests. fn may be called from several goroutines at once, and may use Tenant
// and Inject.
func (s *Server) Hook(op Operation, fn func(t *Tenant)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hooks = append(s.hooks, hook{op, fn})
}

type hook struct {
	operation Operation
	fn        func(*Tenant)
}

func (s *Server) runHooks(op Operation) {
	s.mu.Lock()
	var due []func(*Tenant)
	for _, h := range s.hooks {
		if h.operation == "" || h.operation == op {
			due = append(due, h.fn)
		}
	}
	s.mu.Unlock()
	for _, fn := range due {
		fn(s.Tenant())
	}
}

// dueFault returns the fault that strikes a request, nil for none. Match runs without the lock, so that it may look at
// the tenant.
func (s *Server) dueFault(r *Request) *Fault {
	s.mu.Lock()
	armed := append([]*armedFault(nil), s.faults...)
	s.mu.Unlock()
	matching := armed[:0]
	for _, f := range armed {
		if (f.Operation == "" || f.Operation == r.Operation) && (f.Match == nil || f.Match(r.clone())) {
			matching = append(matching, f)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var due *Fault
	for _, f := range matching {
		switch {
		case f.skipped < f.Skip:
			f.skipped++
		case due == nil && (f.Count < 0 || f.struck < max(f.Count, 1)):
			f.struck++
			due = &f.Fault
		}
	}
	return due
}
