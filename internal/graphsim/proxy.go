package graphsim

import (
	"bufio"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// Proxy is an HTTP proxy on loopback behind which the tenant answers under Microsoft's own host names: the authorities
// and Graph roots of every cloud. A client needs its URL in HTTPS_PROXY and its CA, and nothing of it is simulated then.
// A host that the proxy does not know is refused with 403, so that a request gone astray is seen and goes nowhere.
type Proxy struct {
	server   *Server
	others   map[string]http.Handler
	listener net.Listener
	front    *http.Server // answers CONNECT
	back     *http.Server // answers what comes through the tunnels
	tunnels  chan net.Conn
	tls      *tls.Config
	caPEM    []byte
	closed   chan struct{}

	mu       sync.Mutex
	connects []string
}

// ListenProxy serves a proxy for the server's tenant on a loopback address such as 127.0.0.1:0. The handlers in others
// answer for hosts beside Microsoft's clouds, those of a CI system for example.
func (s *Server) ListenProxy(addr string, others map[string]http.Handler) (*Proxy, error) {
	p := &Proxy{server: s, others: maps.Clone(others), tunnels: make(chan net.Conn), closed: make(chan struct{})}
	certificate, caPEM, err := makeCertificate(p.hosts())
	if err != nil {
		return nil, fmt.Errorf("graphsim: make certificate: %w", err)
	}
	p.caPEM = caPEM
	p.tls = &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}
	if p.listener, err = listenLoopback(addr); err != nil {
		return nil, err
	}
	quiet := slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	p.front = &http.Server{Handler: http.HandlerFunc(p.connect), ReadHeaderTimeout: 10 * time.Second, ErrorLog: quiet}
	p.back = &http.Server{Handler: http.HandlerFunc(p.serveTunnel), ReadHeaderTimeout: 10 * time.Second, ErrorLog: quiet}
	go func() { _ = p.front.Serve(p.listener) }()
	go func() { _ = p.back.Serve(tunnelListener{p}) }()
	return p, nil
}

// URL is what a client puts into HTTPS_PROXY.
func (p *Proxy) URL() string { return "http://" + p.listener.Addr().String() }

// CAPEM is the certificate of the authority that signed for all hosts, PEM encoded.
func (p *Proxy) CAPEM() []byte { return slices.Clone(p.caPEM) }

// Connects are the hosts that were asked for, with their ports, in the order of the requests; refused ones too.
func (p *Proxy) Connects() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.connects)
}

// Close ends the proxy and its tunnels. It may be called once.
func (p *Proxy) Close() error {
	close(p.closed)
	return errors.Join(p.front.Close(), p.back.Close())
}

// hosts are all names that the proxy answers for.
func (p *Proxy) hosts() []string {
	var hosts []string
	for authority, roots := range cloudRoots() {
		hosts = append(append(hosts, authority), roots...)
	}
	hosts = slices.AppendSeq(hosts, maps.Keys(p.others))
	slices.Sort(hosts)
	return slices.Compact(hosts)
}

func (p *Proxy) connect(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	p.connects = append(p.connects, r.Host)
	p.mu.Unlock()
	host, port, err := net.SplitHostPort(r.Host)
	if r.Method != http.MethodConnect || err != nil || port != "443" || !slices.Contains(p.hosts(), strings.ToLower(host)) {
		http.Error(w, "this proxy leads to simulated hosts only", http.StatusForbidden)
		return
	}
	connection, buffer, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	if _, err := io.WriteString(connection, "HTTP/1.1 200 Connection established\r\n\r\n"); err != nil {
		_ = connection.Close()
		return
	}
	tunnel := tls.Server(bufferedConn{connection, buffer.Reader}, p.tls)
	select {
	case p.tunnels <- tunnel:
	case <-p.closed:
		_ = connection.Close()
	}
}

// serveTunnel lets the tenant, or one of the others, answer for the host that was asked for.
func (p *Proxy) serveTunnel(w http.ResponseWriter, r *http.Request) {
	if r.TLS == nil || !strings.EqualFold(r.TLS.ServerName, r.Host) {
		http.Error(w, "the Host header differs from the host of the TLS handshake", http.StatusMisdirectedRequest)
		return
	}
	if handler, ok := p.others[r.Host]; ok {
		handler.ServeHTTP(w, r)
		return
	}
	p.server.ServeHTTP(w, r)
}

// bufferedConn reads first what the client sent together with its CONNECT.
type bufferedConn struct {
	net.Conn
	reader *bufio.Reader
}

func (c bufferedConn) Read(b []byte) (int, error) { return c.reader.Read(b) }

// tunnelListener hands the tunnels to net/http.
type tunnelListener struct{ proxy *Proxy }

func (l tunnelListener) Accept() (net.Conn, error) {
	select {
	case tunnel := <-l.proxy.tunnels:
		return tunnel, nil
	case <-l.proxy.closed:
		return nil, net.ErrClosed
	}
}

func (l tunnelListener) Close() error { return nil }

func (l tunnelListener) Addr() net.Addr { return l.proxy.listener.Addr() }
