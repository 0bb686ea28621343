package graphsim

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// graphAppID is the appid of Microsoft Graph itself: as an audience it is good for Graph on every host.
const graphAppID = "00000003-0000-0000-c000-000000000000"

// principal is who a token was made for and what it may do.
type principal struct {
	appID   string
	granted []string // roles of an application, scopes of a user
}

// Token returns an app-only access token that the Graph routes accept on every host: three parts, signed, claims aud,
// iss, iat, nbf, exp, tid, appid, roles, idtyp. Without roles it has those of Options.Roles.
func (s *Server) Token(roles ...string) string {
	if len(roles) == 0 {
		roles = s.options.Roles
	}
	return s.appToken(graphAppID, roles)
}

// UserToken returns a delegated access token for the scopes in scp (separated by spaces), as a client such as the Azure
// CLI (appid 04b07795-8ddb-461a-bbee-02f9e1bf7b46) gets for a user.
func (s *Server) UserToken(scp, appid string) string {
	claims := s.baseClaims(graphAppID, appid)
	claims["idtyp"], claims["scp"], claims["upn"] = "user", scp, "admin@simulated.example"
	return s.sign(claims)
}

func (s *Server) appToken(audience string, roles []string) string {
	claims := s.baseClaims(audience, s.options.ClientID)
	claims["idtyp"] = "app"
	if len(roles) > 0 {
		claims["roles"] = roles
	}
	return s.sign(claims)
}

func (s *Server) baseClaims(audience, appid string) map[string]any {
	now := s.now()
	return map[string]any{
		"aud": audience, "iss": "https://sts.windows.net/" + s.options.TenantID + "/",
		"iat": now.Unix(), "nbf": now.Unix(), "exp": now.Add(s.options.TokenLifetime).Unix(),
		"appid": appid, "tid": s.options.TenantID, "oid": sequenceGUID("principal "+appid, 1),
		"sub": sequenceGUID("principal "+appid, 1), "ver": "1.0",
	}
}

func (s *Server) sign(claims map[string]any) string {
	payload, err := json.Marshal(claims)
	if err != nil {
		return "" // claims are strings and numbers
	}
	encode := base64.RawURLEncoding.EncodeToString
	signed := encode([]byte(`{"alg":"HS256","kid":"graphsim","typ":"JWT"}`)) + "." + encode(payload)
	return signed + "." + encode(s.mac(signed))
}

func (s *Server) mac(signed string) []byte {
	mac := hmac.New(sha256.New, s.signingKey)
	mac.Write([]byte(signed)) // a hash never fails
	return mac.Sum(nil)
}

// authenticate checks the bearer token of a Graph request (behaviour 26).
func (s *Server) authenticate(c *call) *problem {
	refuse := func(message string) *problem {
		return &problem{status: http.StatusUnauthorized, message: message, gateway: true}
	}
	if c.bearer == "" {
		return refuse("Access token is empty.")
	}
	signed, signature, claims := splitToken(c.bearer)
	if claims == nil {
		return refuse("IDX14100: JWT is not well formed, there are no dots (.).")
	}
	if !hmac.Equal(signature, s.mac(signed)) {
		return refuse("Signing key is invalid.")
	}
	if expiry, err := claims.number("exp"); err != nil || s.now().Unix() >= expiry {
		return refuse("Lifetime validation failed, the token is expired.")
	}
	if !c.isAudience(claims.text("aud")) {
		return refuse("Access token validation failure. Invalid audience.")
	}
	if claims.text("tid") != s.options.TenantID {
		return refuse("Access token validation failure. Invalid issuer.")
	}
	c.principal = principal{appID: claims.text("appid"), granted: claims.list("roles")}
	if scopes := claims.text("scp"); scopes != "" {
		c.principal.granted = strings.Fields(scopes)
	}
	return nil
}

// isAudience accepts tokens for the host that was called and for Graph's own appid.
func (c *call) isAudience(audience string) bool {
	if audience == graphAppID {
		return true
	}
	parsed, err := url.Parse(audience)
	return err == nil && parsed.Scheme == "https" && strings.EqualFold(parsed.Host, hostOf(c.root))
}

func hostOf(root string) string {
	_, host, _ := strings.Cut(root, "://")
	return strings.TrimSuffix(host, ":443")
}

func (s *Server) unauthorized(c *call, p *problem) reply {
	rep := s.refuse(c, p)
	rep.header.Set("WWW-Authenticate", `Bearer realm="", authorization_uri="`+c.root+`/common/oauth2/authorize", client_id="`+graphAppID+`"`)
	return rep
}

// claimSet is the decoded payload of a JWT.
type claimSet map[string]any

func (cs claimSet) text(name string) string {
	text, _ := cs[name].(string)
	return text
}

// number reads a NumericDate, which may have a fraction.
func (cs claimSet) number(name string) (int64, error) {
	number, ok := cs[name].(json.Number)
	if !ok {
		return 0, errNoNumber
	}
	seconds, err := number.Float64()
	if err != nil || seconds < 0 || seconds > float64(time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC).Unix()) {
		return 0, errNoNumber
	}
	return int64(seconds), nil
}

func (cs claimSet) list(name string) []string {
	values, _ := cs[name].([]any)
	var texts []string
	for _, value := range values {
		if text, ok := value.(string); ok {
			texts = append(texts, text)
		}
	}
	return texts
}

// splitToken takes a JWT apart; claims is nil when it is none.
func splitToken(token string) (signed string, signature []byte, claims claimSet) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return "", nil, nil
	}
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil {
		return "", nil, nil
	}
	return parts[0] + "." + parts[1], signature, decodeSegment(parts[1])
}
