package graphsim

import (
	"crypto"
	"crypto/x509"
	"fmt"
	"slices"
	"time"
)

// What a server is when its options say nothing else. The secret opens nothing but a simulated tenant.
const (
	DefaultTenantID     = "11111111-aaaa-4aaa-8aaa-111111111111"
	DefaultClientID     = "22222222-bbbb-4bbb-8bbb-222222222222"
	DefaultClientSecret = "simulated-client-secret"

	// PermissionRead and PermissionReadWrite are the two application permissions of the collection
	// (field notes §1.2).
	PermissionRead      = "DeviceManagementServiceConfig.Read.All"
	PermissionReadWrite = "DeviceManagementServiceConfig.ReadWrite.All"
	// PermissionConfiguration is what the create page of importedDeviceIdentityResult lists as a second choice.
	PermissionConfiguration = "DeviceManagementConfiguration.ReadWrite.All"

	defaultPageSize      = 1000
	defaultTokenLifetime = time.Hour
)

// Profile names one of the two readings of the service that the simulator knows.
type Profile string

const (
	// ProfileDocumented is what the public API reference says: POST answers 201, PATCH 200, ids are GUIDs, and
	// identifier, platform, enrollmentState, lastContactedDateTime and status are kept as sent.
	ProfileDocumented Profile = "documented"
	// ProfileField is what people observed: POST and PATCH are refused with the route-template 400, ids are base64,
	// every import row has its own status, identifiers are normalised, sent platform, state and dates are ignored,
	// DELETE of a missing id is a 400, errors nest JSON in their message.
	ProfileField Profile = "field"
)

// Options configures New. The zero value is a tenant of the field profile without identities.
type Options struct {
	// Profile defaults to ProfileField.
	Profile Profile
	// Now is the service's clock: Date header, createdDateTime, token lifetimes, throttling windows, VisibleAfter.
	// It defaults to time.Now. With a clock that stands still, windows never end and tokens never expire.
	Now func() time.Time
	// NewID makes the ids of new objects where Behaviour.IDForm is IDGUID. It defaults to a fixed sequence of GUIDs,
	// the same for every server.
	NewID func() string

	// TenantID, ClientID and ClientSecret default to DefaultTenantID, DefaultClientID and DefaultClientSecret.
	TenantID, ClientID, ClientSecret string
	// Authorities are the hosts of the authorities that know the tenant, those of its cloud; every other one answers
	// AADSTS90002. Empty means that every host knows it.
	Authorities []string
	// ClientSecretExpired makes the right secret answer AADSTS7000222.
	ClientSecretExpired bool
	// ClientCertificates are the certificates registered on the application: a client_assertion signed by one of them
	// (RS256 or PS256, header x5t or x5t#S256) is accepted.
	ClientCertificates []*x509.Certificate
	// FederatedIssuers are the federated identity credentials of the application: a client_assertion that one of these
	// issuers signed for the credential's subject and audience is accepted.
	FederatedIssuers []FederatedIssuer
	// Roles is the roles claim of app tokens. Nil means PermissionReadWrite; an empty slice means no role at all.
	Roles []string
	// TokenLifetime defaults to one hour.
	TokenLifetime time.Duration

	// PageSize is the largest page of a list; it defaults to 1000 (behaviour 21).
	PageSize int
	// Latency is waited, in wall-clock time, before a request is handled; items of a $batch do not wait again.
	Latency time.Duration
	// RequestLimit and WriteLimit are requests and writes per sliding window of 20 seconds; 0 means no limit. Over the
	// limit the answer is 429 (behaviour 27). Items of a $batch count one by one, refused requests count as well.
	RequestLimit, WriteLimit int
	// VisibleAfter hides new objects from list, get and $count, and keeps showing deleted ones, for so long
	// (behaviour 25). Writes always act on the truth.
	VisibleAfter time.Duration

	// Behaviour adjusts the knobs that the profile has set.
	Behaviour func(*Behaviour)
	// Seed is what the tenant holds at the start, in this order.
	Seed []Identity

	// CertificateNames are DNS names to put into the certificate of Listen beside localhost, for tests that reach the
	// listener through a proxy under the real host names.
	CertificateNames []string
	// OnRequest, when set, is called with the journal entry of each request before the reply is written. It may be
	// called from several goroutines at once.
	OnRequest func(Request)
	// OnChange, when set, is called after the admin API has changed an identity, which no request of OnRequest shows.
	OnChange func()
}

// FederatedIssuer is one federated identity credential: who may sign, for which subject.
type FederatedIssuer struct {
	// Issuer is compared with the iss claim as it stands.
	Issuer string
	// Subject is compared with the sub claim as it stands, case included, as Entra does.
	Subject string
	// Audience is compared with the aud claim; it defaults to api://AzureADTokenExchange.
	Audience string
	// Keys maps a kid to the issuer's public key: *rsa.PublicKey (RS256, PS256) or *ecdsa.PublicKey (ES256). The key ""
	// is used for assertions without a kid.
	Keys map[string]crypto.PublicKey
}

// withDefaults fills what the caller left empty and reports what makes no sense.
func (o Options) withDefaults() (Options, error) {
	if o.Profile == "" {
		o.Profile = ProfileField
	}
	if o.Profile != ProfileField && o.Profile != ProfileDocumented {
		return o, fmt.Errorf("graphsim: unknown profile %q: want %q or %q", o.Profile, ProfileDocumented, ProfileField)
	}
	if o.Now == nil {
		o.Now = wallClock
	}
	if o.TenantID == "" {
		o.TenantID = DefaultTenantID
	}
	if o.ClientID == "" {
		o.ClientID = DefaultClientID
	}
	if o.ClientSecret == "" {
		o.ClientSecret = DefaultClientSecret
	}
	if o.Roles == nil {
		o.Roles = []string{PermissionReadWrite}
	}
	if o.TokenLifetime == 0 {
		o.TokenLifetime = defaultTokenLifetime
	}
	if o.PageSize == 0 {
		o.PageSize = defaultPageSize
	}
	if o.PageSize < 0 || o.RequestLimit < 0 || o.WriteLimit < 0 || o.VisibleAfter < 0 || o.Latency < 0 {
		return o, fmt.Errorf("graphsim: page size, limits, latency and visible-after cannot be negative")
	}
	// The caller keeps its slices; the server must not change when they do.
	o.Roles = slices.Clone(o.Roles)
	o.ClientCertificates = slices.Clone(o.ClientCertificates)
	o.FederatedIssuers = slices.Clone(o.FederatedIssuers)
	o.Authorities = slices.Clone(o.Authorities)
	return o, nil
}
