package graphsim_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"maps"
	"math/big"
	"net/url"
	"testing"
	"time"

	"github.com/intunetf/terraform-provider-intune/internal/graphsim"
)

func assertionForm(assertion string) url.Values {
	return grant("client_secret", "", "client_assertion", assertion,
		"client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
}

// sign makes a JWT; the key decides how when the header names no algorithm that fits.
func sign(t *testing.T, key crypto.Signer, header, claims map[string]any) string {
	t.Helper()
	encode := func(v map[string]any) string {
		raw, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return base64.RawURLEncoding.EncodeToString(raw)
	}
	signed := encode(header) + "." + encode(claims)
	digest := sha256.Sum256([]byte(signed))
	var signature []byte
	var err error
	switch k := key.(type) {
	case *ecdsa.PrivateKey:
		var r, s *big.Int
		if r, s, err = ecdsa.Sign(rand.Reader, k, digest[:]); err == nil {
			signature = append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
		}
	case *rsa.PrivateKey:
		var how crypto.SignerOpts = crypto.SHA256
		if header["alg"] == "PS256" {
			how = &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: crypto.SHA256}
		}
		signature, err = k.Sign(rand.Reader, digest[:], how)
	}
	if err != nil {
		t.Fatal(err)
	}
	return signed + "." + base64.RawURLEncoding.EncodeToString(signature)
}

func rsaKey(t *testing.T) *rsa.PrivateKey {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func certificate(t *testing.T, key crypto.Signer, notAfter time.Time) *x509.Certificate {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(7), Subject: pkix.Name{CommonName: "app"}, NotBefore: start().AddDate(-1, 0, 0), NotAfter: notAfter,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

// with returns a copy of a map with one change; nil removes.
func with(m map[string]any, name string, value any) map[string]any {
	changed := maps.Clone(m)
	changed[name] = value
	if value == nil {
		delete(changed, name)
	}
	return changed
}

func TestToken_Certificate(t *testing.T) {
	t.Parallel()
	key, stranger := rsaKey(t), rsaKey(t)
	cert := certificate(t, key, start().AddDate(1, 0, 0))
	expired := certificate(t, key, start().AddDate(0, -1, 0))
	short, long, old := sha1.Sum(cert.Raw), sha256.Sum256(cert.Raw), sha256.Sum256(expired.Raw)
	encode := base64.RawURLEncoding.EncodeToString
	sim := newSimulator(t, graphsim.Options{ClientCertificates: []*x509.Certificate{expired, cert}})
	header := map[string]any{"typ": "JWT", "alg": "RS256", "x5t": encode(short[:])}
	ps := map[string]any{"typ": "JWT", "alg": "PS256", "x5t#S256": encode(long[:])}
	claims := map[string]any{
		"aud": authority + "/" + graphsim.DefaultTenantID + "/oauth2/v2.0/token", "jti": "1",
		"iss": graphsim.DefaultClientID, "sub": graphsim.DefaultClientID,
		"nbf": start().Unix(), "exp": start().Add(10 * time.Minute).Unix(),
	}
	for name, c := range map[string]struct {
		key            crypto.Signer
		header, claims map[string]any
		want           string // AADSTS number, "" for a token
	}{
		"RS256":              {key, header, claims, ""},
		"PS256":              {key, ps, claims, ""},
		"issuer as audience": {key, header, with(claims, "aud", authority+"/"+graphsim.DefaultTenantID+"/v2.0"), ""},
		"stranger's key":     {stranger, header, claims, "AADSTS700027: "},
		"unknown thumbprint": {key, with(header, "x5t", "AAAA"), claims, "AADSTS700027: "},
		"no thumbprint":      {key, with(header, "x5t", nil), claims, "AADSTS700027: "},
		"expired cert":       {key, with(ps, "x5t#S256", encode(old[:])), claims, "AADSTS700027: "},
		"alg none":           {key, with(header, "alg", "none"), claims, "AADSTS700027: "},
		"alg mixed up":       {key, with(ps, "alg", "RS384"), claims, "AADSTS700027: "},
		"foreign audience":   {key, header, with(claims, "aud", "https://login.microsoftonline.us/x"), "AADSTS700023: "},
		"foreign subject":    {key, header, with(claims, "sub", "other"), "AADSTS700021: "},
		"no jti":             {key, header, with(claims, "jti", nil), "AADSTS50027: "},
		"expired":            {key, header, with(claims, "exp", start().Add(-6*time.Minute).Unix()), "AADSTS700024: "},
		"not yet":            {key, header, with(claims, "nbf", start().Add(6*time.Minute).Unix()), "AADSTS700024: "},
		"no exp":             {key, header, with(claims, "exp", nil), "AADSTS700024: "},
		"absurd exp":         {key, header, with(claims, "exp", 1e300), "AADSTS700024: "},
	} {
		a := askToken(t, sim.Server, authority, graphsim.DefaultTenantID, assertionForm(sign(t, c.key, c.header, c.claims)))
		if c.want == "" {
			equal(t, name, a.status, 200)
			continue
		}
		t.Log(name)
		a.wantEntra(t, 401, "invalid_client", c.want)
	}
}

func TestToken_Federation(t *testing.T) {
	t.Parallel()
	rsaSigner := rsaKey(t)
	ecSigner, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	const issuer, subject = "https://token.actions.githubusercontent.com", "repo:contoso/infra:ref:refs/heads/main"
	sim := newSimulator(t, graphsim.Options{FederatedIssuers: []graphsim.FederatedIssuer{
		{Issuer: issuer, Subject: subject, Keys: map[string]crypto.PublicKey{"r": rsaSigner.Public(), "e": ecSigner.Public()}},
		{Issuer: "https://other", Subject: subject, Audience: "api://x", Keys: map[string]crypto.PublicKey{"": rsaSigner.Public()}},
	}})
	header := map[string]any{"alg": "RS256", "kid": "r"}
	claims := map[string]any{
		"iss": issuer, "sub": subject, "aud": "api://AzureADTokenExchange", "exp": start().Add(time.Minute).Unix(),
	}
	for name, c := range map[string]struct {
		key            crypto.Signer
		header, claims map[string]any
		want           string
	}{
		"RS256":              {rsaSigner, header, claims, ""},
		"ES256":              {ecSigner, map[string]any{"alg": "ES256", "kid": "e"}, claims, ""},
		"audience list":      {rsaSigner, header, with(claims, "aud", []any{"api://AzureADTokenExchange"}), ""},
		"without a kid":      {rsaSigner, map[string]any{"alg": "RS256"}, with(with(claims, "iss", "https://other"), "aud", "api://x"), ""},
		"unknown issuer":     {rsaSigner, header, with(claims, "iss", "https://evil"), "AADSTS700211: "},
		"other branch":       {rsaSigner, header, with(claims, "sub", "repo:contoso/infra:ref:refs/heads/dev"), "AADSTS700213: "},
		"other case":         {rsaSigner, header, with(claims, "sub", "repo:Contoso/infra:ref:refs/heads/main"), "AADSTS700213: "},
		"audience":           {rsaSigner, header, with(claims, "aud", "api://x"), "AADSTS700212: "},
		"wrong key":          {ecSigner, map[string]any{"alg": "ES256", "kid": "r"}, claims, "AADSTS50013: "},
		"unknown kid":        {rsaSigner, with(header, "kid", "z"), claims, "AADSTS50013: "},
		"expired":            {rsaSigner, header, with(claims, "exp", start().Add(-time.Hour).Unix()), "AADSTS700024: "},
		"HMAC by public key": {rsaSigner, with(header, "alg", "HS256"), claims, "AADSTS50013: "},
	} {
		a := askToken(t, sim.Server, authority, graphsim.DefaultTenantID, assertionForm(sign(t, c.key, c.header, c.claims)))
		if c.want == "" {
			equal(t, name, a.status, 200)
			continue
		}
		t.Log(name)
		a.wantEntra(t, 401, "invalid_client", c.want)
	}
}
