package graphsim

import (
	"cmp"
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/sha1" //nolint:gosec // x5t is defined as a SHA-1 thumbprint (RFC 7515 §4.1.7)
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"math/big"
	"net/http"
	"slices"
	"strings"
	"time"
)

const (
	assertionType    = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
	exchangeAudience = "api://AzureADTokenExchange"
	clockSkew        = 5 * time.Minute
)

func badClient(number int, format string, args ...any) *entraProblem {
	return &entraProblem{http.StatusUnauthorized, "invalid_client", number, fmt.Sprintf(format, args...)}
}

// checkAssertion accepts a JWT that a registered certificate signed for this client, or one of a federated issuer.
func (s *Server) checkAssertion(c *call, assertion string) *entraProblem {
	if sent := c.form.Get("client_assertion_type"); sent != assertionType {
		return &entraProblem{
			http.StatusBadRequest, "invalid_request", 900144,
			"The request body must contain the following parameter: 'client_assertion_type'.",
		}
	}
	signed, signature, claims := splitToken(assertion)
	var header claimSet = decodeSegment(strings.SplitN(assertion, ".", 2)[0])
	if claims == nil || header == nil {
		return badClient(50027, "JWT token is invalid or malformed.")
	}
	if strings.EqualFold(claims.text("iss"), s.options.ClientID) {
		return s.checkCertificate(c, header, claims, signed, signature)
	}
	return s.checkFederation(header, claims, signed, signature)
}

func (s *Server) checkCertificate(c *call, header, claims claimSet, signed string, signature []byte) *entraProblem {
	certificate := s.registered(header)
	if certificate == nil {
		return badClient(700027, "The certificate with identifier used to sign the client assertion is not registered on application. "+
			"[Reason - The key was not found., Thumbprint of key used by client: '%s']", header.text("x5t")+header.text("x5t#S256"))
	}
	algorithm := header.text("alg")
	if (algorithm != "RS256" && algorithm != "PS256") || !verify(algorithm, certificate.PublicKey, signed, signature) {
		return badClient(700027, "Client assertion failed signature validation. [Reason - The key was found, but use of the key to "+
			"verify the signature failed., alg: '%s']", algorithm)
	}
	if now := s.now(); now.Before(certificate.NotBefore) || now.After(certificate.NotAfter) {
		return badClient(700027, "The certificate with identifier used to sign the client assertion is expired on application.")
	}
	if !strings.EqualFold(claims.text("sub"), s.options.ClientID) {
		return badClient(700021, "Client assertion application identifier doesn't match 'client_id' parameter.")
	}
	base := c.root + "/" + c.route.tenant
	if audience := claims.text("aud"); !slices.Contains([]string{base + "/oauth2/v2.0/token", base + "/v2.0"}, audience) {
		return badClient(700023, "Client assertion audience claim does not match Realm issuer. [aud: '%s']", audience)
	}
	if claims.text("jti") == "" {
		return badClient(50027, "JWT token is invalid or malformed. [the jti claim is missing]")
	}
	return s.checkLifetime(claims)
}

// registered finds the certificate that the header names by thumbprint.
func (s *Server) registered(header claimSet) *x509.Certificate {
	for _, certificate := range s.options.ClientCertificates {
		short := sha1.Sum(certificate.Raw) //nolint:gosec // see the import
		long := sha256.Sum256(certificate.Raw)
		if isThumbprint(header.text("x5t"), short[:]) || isThumbprint(header.text("x5t#S256"), long[:]) {
			return certificate
		}
	}
	return nil
}

// isThumbprint accepts base64url, as RFC 7515 wants it, and plain base64, which Microsoft's client library for Go sends
// and Entra takes.
func isThumbprint(sent string, thumbprint []byte) bool {
	sent = strings.NewReplacer("+", "-", "/", "_").Replace(strings.TrimRight(sent, "="))
	return sent == base64.RawURLEncoding.EncodeToString(thumbprint)
}

// checkFederation looks for the federated credential in Entra's order: issuer, subject, audience, then the signature.
func (s *Server) checkFederation(header, claims claimSet, signed string, signature []byte) *entraProblem {
	issuer, subject := claims.text("iss"), claims.text("sub")
	candidates := slices.DeleteFunc(slices.Clone(s.options.FederatedIssuers), func(f FederatedIssuer) bool { return f.Issuer != issuer })
	if len(candidates) == 0 {
		return badClient(700211, "No matching federated identity record found for presented assertion issuer '%s'. Please check your "+
			"federated identity credential Subject, Audience and Issuer against the presented assertion.", issuer)
	}
	candidates = slices.DeleteFunc(candidates, func(f FederatedIssuer) bool { return f.Subject != subject })
	if len(candidates) == 0 {
		return badClient(700213, "No matching federated identity record found for presented assertion subject '%s'. Please check your "+
			"federated identity credential Subject, Audience and Issuer against the presented assertion.", subject)
	}
	audiences := claims.list("aud")
	if text := claims.text("aud"); text != "" {
		audiences = []string{text}
	}
	candidates = slices.DeleteFunc(candidates, func(f FederatedIssuer) bool {
		return !slices.Contains(audiences, cmp.Or(f.Audience, exchangeAudience))
	})
	if len(candidates) == 0 {
		return badClient(700212, "No matching federated identity record found for presented assertion audience '%s'. Please check your "+
			"federated identity credential Subject, Audience and Issuer against the presented assertion.", strings.Join(audiences, " "))
	}
	for _, candidate := range candidates {
		key, ok := candidate.Keys[header.text("kid")]
		if !ok {
			key = candidate.Keys[""]
		}
		if key != nil && verify(header.text("alg"), key, signed, signature) {
			return s.checkLifetime(claims)
		}
	}
	return badClient(50013, "Assertion failed signature validation. [Reason - The key was not found or failed to verify., kid: '%s']",
		header.text("kid"))
}

func (s *Server) checkLifetime(claims claimSet) *entraProblem {
	now := s.now()
	expiry, err := claims.number("exp")
	start := int64(0)
	if _, sent := claims["nbf"]; sent && err == nil {
		start, err = claims.number("nbf")
	}
	if err != nil || now.Add(-clockSkew).Unix() >= expiry || now.Add(clockSkew).Unix() < start {
		return badClient(700024, "Client assertion is not within its valid time range. Current time: %s.", now.Format(time.RFC3339))
	}
	return nil
}

// verify checks a JWS signature; "none" and HMAC never pass, and the key must be of the algorithm's kind.
func verify(algorithm string, key crypto.PublicKey, signed string, signature []byte) bool {
	digest := sha256.Sum256([]byte(signed))
	switch public := key.(type) {
	case *rsa.PublicKey:
		switch algorithm {
		case "RS256":
			return rsa.VerifyPKCS1v15(public, crypto.SHA256, digest[:], signature) == nil
		case "PS256":
			return rsa.VerifyPSS(public, crypto.SHA256, digest[:], signature, nil) == nil
		}
	case *ecdsa.PublicKey:
		if algorithm != "ES256" || len(signature) != 64 {
			return false
		}
		r, s := new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:])
		return ecdsa.Verify(public, digest[:], r, s)
	}
	return false
}
