package graphsim

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"slices"
	"time"
)

// Listener serves a Server over HTTPS on loopback.
type Listener struct {
	server *http.Server
	url    string
	caPEM  []byte
	done   chan error
}

// Listen serves HTTPS on a loopback address such as 127.0.0.1:0 and refuses any other: the simulator is no service for
// a network. The certificate comes from a CA that is made for this listener and whose key is thrown away. It speaks
// HTTP/1.1 only, so that a Drop fault ends one connection and one request.
func (s *Server) Listen(addr string) (*Listener, error) {
	certificate, caPEM, err := makeCertificate(s.options.CertificateNames)
	if err != nil {
		return nil, fmt.Errorf("graphsim: make certificate: %w", err)
	}
	socket, err := listenLoopback(addr)
	if err != nil {
		return nil, err
	}
	l := &Listener{
		url: "https://" + socket.Addr().String(), caPEM: caPEM, done: make(chan error, 1),
		server: &http.Server{
			Handler: s, ReadHeaderTimeout: 10 * time.Second,
			TLSConfig:    &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12},
			TLSNextProto: map[string]func(*http.Server, *tls.Conn, http.Handler){},
			// A client that does not trust the CA says so itself.
			ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError),
		},
	}
	go func() { l.done <- l.server.ServeTLS(socket, "", "") }()
	return l, nil
}

// listenLoopback refuses every address that somebody else could reach.
func listenLoopback(addr string) (net.Listener, error) {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, fmt.Errorf("graphsim: listen address: %w", err)
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return nil, fmt.Errorf("graphsim: listen address %s: only loopback addresses are allowed", addr)
	}
	var config net.ListenConfig
	socket, err := config.Listen(context.Background(), "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("graphsim: %w", err)
	}
	if tcp, ok := socket.Addr().(*net.TCPAddr); !ok || !tcp.IP.IsLoopback() {
		_ = socket.Close()
		return nil, fmt.Errorf("graphsim: listen address %s is not a loopback address", addr)
	}
	return socket, nil
}

// URL is https, address and port, without a slash at the end.
func (l *Listener) URL() string { return l.url }

// CAPEM is the certificate of the CA, PEM encoded.
func (l *Listener) CAPEM() []byte { return slices.Clone(l.caPEM) }

// wait returns when the listener has stopped, with the reason if it was not Close.
func (l *Listener) wait() error {
	if err := <-l.done; !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// Close closes the listener and all connections, and waits until no more are accepted. It may be called once.
func (l *Listener) Close() error {
	return errors.Join(l.server.Close(), l.wait())
}

// makeCertificate makes a CA and a certificate for loopback and the extra names.
func makeCertificate(names []string) (tls.Certificate, []byte, error) {
	now := wallClock()
	ca := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "graphsim throw-away CA"},
		NotBefore: now.Add(-time.Hour), NotAfter: now.AddDate(0, 1, 0),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign, MaxPathLenZero: true,
	}
	caKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, nil, err
	}
	caDER, err := x509.CreateCertificate(rand.Reader, ca, ca, caKey.Public(), caKey)
	if err != nil {
		return tls.Certificate{}, nil, err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, nil, err
	}
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "graphsim"},
		NotBefore: ca.NotBefore, NotAfter: ca.NotAfter,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames:    append([]string{"localhost"}, names...),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback},
	}
	leafDER, err := x509.CreateCertificate(rand.Reader, leaf, ca, key.Public(), caKey)
	if err != nil {
		return tls.Certificate{}, nil, err
	}
	caPEM := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: caDER})
	return tls.Certificate{Certificate: [][]byte{leafDER, caDER}, PrivateKey: key}, caPEM, nil
}
