package graphsim

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// maxBody is more than any client of this API should send; Graph refuses at 4 MB.
const maxBody = 4 << 20

// Server is a simulated tenant: the Entra token endpoint and the Graph routes of imported device identities, on
// whatever host it is called. It is an http.Handler, and by Do an HTTP transport. It is safe for concurrent use.
type Server struct {
	options    Options
	behaviour  Behaviour
	signingKey []byte // of access tokens

	mu       sync.Mutex // guards everything below; never held while a caller's function runs, except Tenant.Update's
	store    *store
	faults   []*armedFault
	hooks    []hook
	journal  []*Request
	inFlight map[int]*Request
	throttle throttle
	sequence int // of requests
	objects  int // of GUIDs given to objects
	revision int // of the store
}

// New returns a server, or an error that says which option makes no sense.
func New(opts Options) (*Server, error) {
	opts, err := opts.withDefaults()
	if err != nil {
		return nil, err
	}
	s := &Server{options: opts, behaviour: profileBehaviour(opts.Profile), inFlight: map[int]*Request{}}
	s.behaviour.PageSize = opts.PageSize
	if opts.Behaviour != nil {
		opts.Behaviour(&s.behaviour)
	}
	if s.behaviour.PageSize < 1 {
		return nil, fmt.Errorf("graphsim: page size %d: want at least 1", s.behaviour.PageSize)
	}
	// The key depends on the options only, so that a token outlives a restart with the same state file.
	key := sha256.Sum256([]byte(opts.TenantID + "\x00" + opts.ClientID + "\x00" + opts.ClientSecret))
	s.signingKey = key[:]
	s.store = newStore(&s.behaviour)
	for i, identity := range opts.Seed {
		if err := checkSeed(identity); err != nil {
			return nil, fmt.Errorf("graphsim: seed %d (%s): %w", i, identity.ImportedDeviceIdentifier, err)
		}
		if s.store.find(identity.ImportedDeviceIdentityType, identity.ImportedDeviceIdentifier) != nil {
			return nil, fmt.Errorf("graphsim: seed %d (%s): the same type and identifier twice", i, identity.ImportedDeviceIdentifier)
		}
		s.seed(identity.clone())
	}
	return s, nil
}

func checkSeed(i Identity) error {
	if !slices.Contains(identityTypes(), i.ImportedDeviceIdentityType) {
		return fmt.Errorf("unknown importedDeviceIdentityType %q", i.ImportedDeviceIdentityType)
	}
	if i.ImportedDeviceIdentifier == "" {
		return fmt.Errorf("no importedDeviceIdentifier")
	}
	return nil
}

// now is the service's time in UTC, in the 100 ns that a DateTimeOffset can hold.
func (s *Server) now() time.Time {
	return s.options.Now().UTC().Truncate(100 * time.Nanosecond)
}

// Revision counts the changes of the tenant's identities.
func (s *Server) Revision() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.revision
}

// ServeHTTP answers a request of any client. It reads the request's host and scheme for absolute links, and hijacks the
// connection for a Drop fault.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, adminPrefix) {
		s.serveAdmin(w, r)
		return
	}
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	rep, err := s.exchange(r.Context(), r, scheme)
	if err != nil {
		// The client has gone, or its body could not be read: there is nobody to answer.
		dropConnection(w)
		return
	}
	if rep.drop {
		dropConnection(w)
		return
	}
	rep.write(w)
}

// dropConnection ends the connection without a reply. A writer that cannot be hijacked gets a body that is shorter than
// announced, which makes net/http close the connection.
func dropConnection(w http.ResponseWriter) {
	connection, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		w.Header().Set("Content-Length", "1")
		return
	}
	_ = connection.Close()
}

// Do answers a request in process, without a listener: it has the shape of azcore's policy.Transporter. It honours the
// request's context; a Drop fault comes back as an error that wraps io.ErrUnexpectedEOF.
func (s *Server) Do(r *http.Request) (*http.Response, error) {
	ctx := r.Context()
	if r.Body != nil {
		defer func() { _ = r.Body.Close() }()
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	inbound := r.Clone(ctx)
	inbound.RequestURI = r.URL.RequestURI()
	if inbound.Host == "" {
		inbound.Host = r.URL.Host
	}
	if strings.HasPrefix(r.URL.Path, adminPrefix) {
		rep := s.adminReply(inbound)
		return rep.response(r), nil
	}
	rep, err := s.exchange(ctx, inbound, r.URL.Scheme)
	if err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if rep.drop {
		return nil, fmt.Errorf("graphsim: %s %s: connection closed without a reply: %w", r.Method, r.URL.Redacted(), io.ErrUnexpectedEOF)
	}
	return rep.response(r), nil
}

// RoundTrip makes the server an http.RoundTripper, for an http.Client in process.
func (s *Server) RoundTrip(r *http.Request) (*http.Response, error) { return s.Do(r) }

// exchange does everything between a request and its reply.
func (s *Server) exchange(ctx context.Context, r *http.Request, scheme string) (reply, error) {
	c, err := newCall(r, scheme)
	if err != nil {
		return reply{}, err
	}
	s.record(&c.request)
	s.identify(c)
	rep, err := s.answer(ctx, c)
	if err != nil {
		s.settle(c.request.Sequence, 0)
		return reply{}, err
	}
	s.decorate(&rep, c)
	s.report(s.settle(c.request.Sequence, rep.status))
	return rep, nil
}

func (s *Server) report(r Request) {
	if s.options.OnRequest != nil {
		s.options.OnRequest(r)
	}
}

// answer runs hooks, waits, and lets the handler and a due fault make the reply. Items of a $batch come here too.
func (s *Server) answer(ctx context.Context, c *call) (reply, error) {
	if !c.request.Batch {
		if err := pause(ctx, s.options.Latency); err != nil {
			return reply{}, err
		}
	}
	s.runHooks(c.request.Operation)
	fault := s.dueFault(&c.request)
	if fault == nil {
		return s.handle(ctx, c)
	}
	if fault.AfterEffect || !fault.replaces() {
		if !fault.AfterEffect {
			if err := pause(ctx, fault.Delay); err != nil {
				return reply{}, err
			}
		}
		rep, err := s.handle(ctx, c)
		if err != nil {
			return reply{}, err
		}
		if fault.AfterEffect {
			if err := pause(ctx, fault.Delay); err != nil {
				return reply{}, err
			}
		}
		return s.strike(fault, c, rep), nil
	}
	if err := pause(ctx, fault.Delay); err != nil {
		return reply{}, err
	}
	return s.strike(fault, c, reply{}), nil
}
