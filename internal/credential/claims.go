package credential

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"time"
)

// azureCLIAppID is the application id of the Azure CLI and of azd. Microsoft
// has pre-authorised it for few Graph permissions, none of them Intune's.
const azureCLIAppID = "04b07795-8ddb-461a-bbee-02f9e1bf7b46"

// Claims is the part of an access token that explains a refused request.
type Claims struct {
	Roles        []string // application permissions
	Scopes       []string // delegated permissions
	AppID        string
	TenantID     string
	IdentityType string // "app", "user", or "" when the token does not say
	ExpiresOn    time.Time
}

// ParseClaims reads the claims of an access token without verifying it: they
// are good for a message, never for a decision about access. The error does not
// contain the token.
func ParseClaims(token string) (Claims, error) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return Claims{}, errors.New("the access token is opaque: it is not a JSON web token of three parts")
	}
	payload, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(parts[1], "="))
	if err != nil {
		return Claims{}, errors.New("the access token is opaque: its claims are not base64")
	}
	var raw struct {
		Roles           []string `json:"roles"`
		Scopes          string   `json:"scp"`
		AppID           string   `json:"appid"` // v1 tokens, which Graph gets
		AuthorizedParty string   `json:"azp"`   // v2 tokens
		TenantID        string   `json:"tid"`
		IdentityType    string   `json:"idtyp"`
		Expires         float64  `json:"exp"`
	}
	if err := json.Unmarshal(payload, &raw); err != nil {
		// The error of encoding/json may quote the payload.
		return Claims{}, errors.New("the access token is opaque: its claims are not the expected JSON")
	}
	claims := Claims{
		Roles:        raw.Roles,
		Scopes:       strings.Fields(raw.Scopes),
		AppID:        raw.AppID,
		TenantID:     raw.TenantID,
		IdentityType: raw.IdentityType,
	}
	if claims.AppID == "" {
		claims.AppID = raw.AuthorizedParty
	}
	if raw.Expires > 0 {
		claims.ExpiresOn = time.Unix(int64(raw.Expires), 0).UTC()
	}
	return claims, nil
}

// Delegated reports whether the token acts for a user.
func (c Claims) Delegated() bool {
	return c.IdentityType == "user" || c.IdentityType == "" && len(c.Scopes) > 0
}

// IsAzureCLIUser reports whether the token comes from a user's login in the
// Azure CLI, which can never work for Intune. A service principal that is
// logged in to the CLI has an application id of its own.
func (c Claims) IsAzureCLIUser() bool {
	return strings.EqualFold(c.AppID, azureCLIAppID) && c.Delegated()
}
