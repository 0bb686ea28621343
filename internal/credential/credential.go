package credential

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
)

const (
	// earlyRefresh is how long before its end a token is no longer handed out.
	earlyRefresh = 5 * time.Minute
	// toolTimeout bounds a command line tool where the caller sets no deadline.
	// azidentity's own ten seconds are too short for az on a cold CI machine.
	toolTimeout = time.Minute
	// lastMoment is what must be left of a token that could not be renewed.
	lastMoment = 30 * time.Second
	// noClaims asks for nothing more, and makes azidentity pass its own cache
	// over, for which it has no other way.
	noClaims = "{}"
)

// Credential gets access tokens by the one method that the settings ask for.
// It is safe for concurrent use and asks for a token once, however many
// callers wait for it, until shortly before it ends.
type Credential struct {
	method     string
	attributes []string
	isTool     bool
	note       string // what is known of the certificate, for messages
	settings   Settings
	source     azcore.TokenCredential

	turn     chan struct{} // one slot: a mutex that gives way to a context
	tokens   map[string]azcore.AccessToken
	rejected map[string]bool // keys of tokens whose last one was rejected
}

var _ azcore.TokenCredential = (*Credential)(nil)

// New makes the credential that the settings ask for. Exactly one method is
// used, the first of this list whose condition holds; there is no falling back
// to the next one when it fails, so that a plan never runs as somebody else:
//
//  1. client certificate: client_certificate or client_certificate_path
//  2. client secret: client_secret or client_secret_file_path
//  3. OIDC, with use_oidc: oidc_token, else oidc_token_file_path, else
//     Azure DevOps with oidc_azure_service_connection_id, else GitHub Actions
//     or alike with oidc_request_url and oidc_request_token
//  4. AKS workload identity: use_aks_workload_identity
//  5. managed identity: use_msi
//  6. Azure Developer CLI: use_azd
//  7. Azure PowerShell: use_powershell
//  8. Azure CLI: use_cli
//
// This is the order of the azuread provider. The Azure CLI is the last because
// use_cli is on unless it is turned off, which would make the other tools
// unreachable.
//
// Files are read here, except the OIDC token files, which are read again for
// every token because their issuers rotate them. Nothing is sent. client is the
// one of [NewHTTPClient]. The error is of type [SettingErrors].
func New(s Settings, cloud Cloud, client *http.Client) (*Credential, error) {
	b := &builder{settings: s, cloud: cloud, client: client}
	for _, m := range methods(s) {
		if !m.wanted {
			continue
		}
		source := m.build(b)
		if err := b.problems.err(); err != nil {
			return nil, err
		}
		return newCredential(m, b, source), nil
	}
	b.problems.add("use_cli", "No Authentication Method",
		"No setting says how to sign in, and the Azure CLI is turned off by `use_cli`. Set %s together with `client_id` and `tenant_id`, "+
			"or set one of %s to true.",
		howToSetAny("client_certificate", "client_certificate_path", "client_secret", "client_secret_file_path"),
		howToSetAny("use_oidc", "use_aks_workload_identity", "use_msi", "use_azd", "use_powershell", "use_cli"))
	return nil, b.problems
}

func newCredential(m method, b *builder, source azcore.TokenCredential) *Credential {
	return &Credential{
		method:     m.name,
		attributes: m.attributes,
		isTool:     m.isTool,
		note:       b.note,
		settings:   b.settings,
		source:     source,
		turn:       make(chan struct{}, 1),
		tokens:     map[string]azcore.AccessToken{},
		rejected:   map[string]bool{},
	}
}

// Method names the authentication method for a message, for example "client
// secret" or "Azure CLI".
func (c *Credential) Method() string { return c.method }

// Setting returns the attributes to look at when no token comes, the likeliest
// first, for example "client_secret".
func (c *Credential) Setting() []string { return append([]string(nil), c.attributes...) }

// String keeps secrets out of logs whatever the format verb.
func (c *Credential) String() string { return "credential.Credential{" + c.method + "}" }

// GoString does the same for %#v.
func (c *Credential) GoString() string { return c.String() }

// GetToken returns a token for the scopes of opts, from memory while it has at
// least five minutes left. The error is a [*TokenError], which [Explain]
// turns into a text for the user, or the context's own error while waiting.
func (c *Credential) GetToken(ctx context.Context, opts policy.TokenRequestOptions) (azcore.AccessToken, error) {
	if err := c.takeTurn(ctx); err != nil {
		return azcore.AccessToken{}, err
	}
	defer c.endTurn()
	// EnableCAE is not part of the key: azidentity keeps separate tokens with
	// and without it, and asking for both would be one request too many.
	opts.EnableCAE = true
	key := opts.TenantID + " " + strings.Join(opts.Scopes, " ")
	// A claims challenge says that the token in memory was revoked.
	kept, isKept := c.tokens[key]
	isKept = isKept && opts.Claims == ""
	if isKept && isFresh(kept) {
		return kept, nil
	}
	// A tool keeps no tokens in this process, and refuses claims.
	if c.rejected[key] && opts.Claims == "" && !c.isTool {
		opts.Claims = noClaims
	}
	token, err := c.request(ctx, opts)
	switch {
	case err == nil:
		c.tokens[key] = token
		delete(c.rejected, key)
		return token, nil
	case isKept && ctx.Err() == nil && isValid(kept):
		// It was to be renewed early; until its end the next try can wait.
		return kept, nil
	}
	return azcore.AccessToken{}, err
}

// Reject says that the service did not accept a token before its time. Neither
// this credential nor azidentity below hands it out again, and the next
// GetToken gets a new one; of many callers whose requests failed with the same
// token only the first has an effect.
func (c *Credential) Reject(ctx context.Context, token string) {
	if c.takeTurn(ctx) != nil {
		return
	}
	defer c.endTurn()
	for key, kept := range c.tokens {
		if kept.Token == token {
			delete(c.tokens, key)
			c.rejected[key] = true
		}
	}
}

func (c *Credential) takeTurn(ctx context.Context) error {
	select {
	case c.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (c *Credential) endTurn() { <-c.turn }

// request asks the method for a token.
func (c *Credential) request(ctx context.Context, opts policy.TokenRequestOptions) (azcore.AccessToken, error) {
	if _, ok := ctx.Deadline(); !ok && c.isTool {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, toolTimeout)
		defer cancel()
	}
	ctx, attempt := withAttempt(ctx)
	token, err := c.source.GetToken(ctx, opts)
	if err != nil {
		return azcore.AccessToken{}, newTokenError(err, attempt.failure(ctx), c)
	}
	return token, nil
}

func isFresh(token azcore.AccessToken) bool {
	now := time.Now() //nolint:forbidigo // the end of a token is told by this machine's clock, as in azidentity
	if !token.RefreshOn.IsZero() && now.After(token.RefreshOn) {
		return false
	}
	return now.Add(earlyRefresh).Before(token.ExpiresOn)
}

func isValid(token azcore.AccessToken) bool {
	return time.Now().Add(lastMoment).Before(token.ExpiresOn) //nolint:forbidigo // as in isFresh
}
