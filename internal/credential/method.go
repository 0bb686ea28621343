package credential

import (
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
)

// tryTimeout bounds one attempt at the token endpoint, because Configure has no
// deadline of its own and a firewall may swallow packets without a word.
const tryTimeout = 30 * time.Second

// Names of the methods that other files ask for.
const (
	methodCertificate = "client certificate"
	methodSecret      = "client secret"
	methodOIDCToken   = "OIDC token"
	methodOIDCFile    = "OIDC token file"
	methodAzureDevOps = "OIDC (Azure DevOps)"
	methodGitHub      = "OIDC (GitHub Actions)"
	methodAKS         = "AKS workload identity"
	methodMSI         = "managed identity"
	methodAzd         = "Azure Developer CLI"
	methodPowerShell  = "Azure PowerShell"
	methodCLI         = "Azure CLI"
)

// method is one way to get a token.
type method struct {
	name       string
	attributes []string // to blame when it fails
	wanted     bool
	isTool     bool
	build      func(*builder) azcore.TokenCredential
}

// methods returns all methods in the order that [New] documents.
func methods(s Settings) []method {
	secret, certificate := "client_secret", "client_certificate"
	if s.ClientSecret == "" {
		secret = "client_secret_file_path"
	}
	if s.ClientCertificate == "" {
		certificate = "client_certificate_path"
	}
	return []method{
		{
			name: methodCertificate, attributes: []string{certificate, "client_id", "tenant_id"},
			wanted: s.ClientCertificate != "" || s.ClientCertificatePath != "", build: (*builder).certificate,
		},
		{
			name: methodSecret, attributes: []string{secret, "client_id", "tenant_id"},
			wanted: s.ClientSecret != "" || s.ClientSecretFilePath != "", build: (*builder).secret,
		},
		oidcMethod(s),
		{
			name: methodAKS, attributes: []string{"use_aks_workload_identity", "client_id", "tenant_id"},
			wanted: s.UseAKSWorkloadIdentity, build: (*builder).aks,
		},
		{name: methodMSI, attributes: []string{"use_msi", "client_id"}, wanted: s.UseMSI, build: (*builder).msi},
		{name: methodAzd, attributes: []string{"use_azd"}, wanted: s.UseAzd, isTool: true, build: (*builder).azd},
		{name: methodPowerShell, attributes: []string{"use_powershell"}, wanted: s.UsePowerShell, isTool: true, build: (*builder).powerShell},
		{name: methodCLI, attributes: []string{"use_cli"}, wanted: s.UseCLI, isTool: true, build: (*builder).cli},
	}
}

// builder makes credentials out of settings and collects what is wrong with
// them. A build method returns nil only after it added a problem.
type builder struct {
	settings Settings
	cloud    Cloud
	client   *http.Client
	problems SettingErrors
	note     string
}

func (b *builder) options() azcore.ClientOptions {
	return azcore.ClientOptions{
		Cloud:            cloud.Configuration{ActiveDirectoryAuthorityHost: b.cloud.AuthorityHost},
		Retry:            policy.RetryOptions{TryTimeout: tryTimeout},
		PerRetryPolicies: []policy.Policy{recordFailure{}},
		Transport:        b.client,
	}
}

// check passes a credential on, or its constructor's error as a problem. Every
// cause that a user can bring about is looked for before the constructor runs,
// so its error is told only when nothing else is known to be wrong.
func (b *builder) check(attribute string, credential azcore.TokenCredential, err error) azcore.TokenCredential {
	if len(b.problems) > 0 {
		return nil
	}
	if err != nil {
		b.problems.add(attribute, "Unusable Authentication Setting", "%s: %s.", howToSet(attribute), redact(firstLine(err.Error()), b.settings.secrets()))
		return nil
	}
	return credential
}

func (b *builder) secret() azcore.TokenCredential {
	tenant, client := b.tenantAndClient(methodSecret)
	secret := b.valueOrFile("client_secret", b.settings.ClientSecret, "client_secret_file_path", b.settings.ClientSecretFilePath)
	if len(b.problems) > 0 {
		return nil
	}
	// A secret from a file is as secret as one from the configuration.
	b.settings.ClientSecret = secret
	credential, err := azidentity.NewClientSecretCredential(tenant, client, secret, &azidentity.ClientSecretCredentialOptions{
		ClientOptions:            b.options(),
		DisableInstanceDiscovery: b.settings.DisableInstanceDiscovery,
	})
	return b.check("client_secret", credential, err)
}

func (b *builder) certificate() azcore.TokenCredential {
	tenant, client := b.tenantAndClient(methodCertificate)
	chain, key := b.loadCertificate()
	if len(b.problems) > 0 {
		return nil
	}
	credential, err := azidentity.NewClientCertificateCredential(tenant, client, chain, key, &azidentity.ClientCertificateCredentialOptions{
		ClientOptions:            b.options(),
		DisableInstanceDiscovery: b.settings.DisableInstanceDiscovery,
		// Applications that trust a subject name and issuer need the chain, and
		// the others do not mind it.
		SendCertificateChain: true,
	})
	return b.check("client_certificate", credential, err)
}

func (b *builder) aks() azcore.TokenCredential {
	const attribute = "use_aks_workload_identity"
	tenant, client := b.tenantAndClient(methodAKS)
	path := b.settings.FederatedTokenFile
	if path == "" {
		path = b.settings.OIDCTokenFilePath
	}
	switch path {
	case "":
		b.problems.add(attribute, "Missing Federated Token File",
			"%s needs the token file that the workload identity webhook of AKS mounts, and AZURE_FEDERATED_TOKEN_FILE is not set. "+
				"Label the pod with azure.workload.identity/use: \"true\" and give it an annotated service account, "+
				"or set %s.", howToSet(attribute), howToSet("oidc_token_file_path"))
	default:
		if _, err := os.ReadFile(path); err != nil {
			b.problems.add(attribute, "Unreadable Federated Token File", "The token file of %s cannot be read: %v.", howToSet(attribute), err)
		}
	}
	if len(b.problems) > 0 {
		return nil
	}
	credential, err := azidentity.NewWorkloadIdentityCredential(&azidentity.WorkloadIdentityCredentialOptions{
		ClientOptions:            b.options(),
		ClientID:                 client,
		TenantID:                 tenant,
		TokenFilePath:            path,
		DisableInstanceDiscovery: b.settings.DisableInstanceDiscovery,
	})
	return b.check(attribute, credential, err)
}

func (b *builder) msi() azcore.TokenCredential {
	options := &azidentity.ManagedIdentityCredentialOptions{ClientOptions: b.options()}
	// azidentity has its own, more patient settings for the metadata service.
	options.Retry = policy.RetryOptions{}
	if client := b.clientID(); client != "" {
		options.ID = azidentity.ClientID(client)
	}
	credential, err := azidentity.NewManagedIdentityCredential(options)
	return b.check("use_msi", credential, err)
}

func (b *builder) azd() azcore.TokenCredential {
	credential, err := azidentity.NewAzureDeveloperCLICredential(&azidentity.AzureDeveloperCLICredentialOptions{TenantID: b.toolTenant()})
	return b.check("use_azd", credential, err)
}

func (b *builder) powerShell() azcore.TokenCredential {
	credential, err := azidentity.NewAzurePowerShellCredential(&azidentity.AzurePowerShellCredentialOptions{TenantID: b.toolTenant()})
	return b.check("use_powershell", credential, err)
}

func (b *builder) cli() azcore.TokenCredential {
	credential, err := azidentity.NewAzureCLICredential(&azidentity.AzureCLICredentialOptions{TenantID: b.toolTenant()})
	return b.check("use_cli", credential, err)
}

// toolTenant is the tenant for a command line tool, which has a default of its
// own and so needs none.
func (b *builder) toolTenant() string {
	tenant := strings.TrimSpace(b.settings.TenantID)
	if tenant != "" {
		b.checkTenant(tenant)
	}
	return tenant
}

// tenantAndClient returns the ids that a service principal signs in with.
func (b *builder) tenantAndClient(methodName string) (tenant, client string) {
	tenant = strings.TrimSpace(b.settings.TenantID)
	if tenant == "" {
		b.problems.add("tenant_id", "Missing Tenant ID",
			"Authentication by %s needs the id of the Entra tenant. Set %s, for example to 00000000-0000-0000-0000-000000000000 or contoso.onmicrosoft.com.",
			methodName, howToSet("tenant_id"))
	} else {
		b.checkTenant(tenant)
	}
	client = b.clientID()
	if client == "" && b.settings.ClientIDFilePath == "" {
		b.problems.add("client_id", "Missing Client ID",
			"Authentication by %s needs the application (client) id of the app registration. Set %s.",
			methodName, howToSetAny("client_id", "client_id_file_path"))
	}
	return tenant, client
}

func (b *builder) checkTenant(tenant string) {
	for _, r := range tenant {
		switch {
		case '0' <= r && r <= '9', 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', r == '.', r == '-':
		default:
			b.problems.add("tenant_id", "Invalid Tenant ID",
				"%q is neither a tenant id nor a domain name: it contains %q. Set %s, for example to 00000000-0000-0000-0000-000000000000 or contoso.onmicrosoft.com.",
				tenant, r, howToSet("tenant_id"))
			return
		}
	}
}

func (b *builder) clientID() string {
	return strings.TrimSpace(b.valueOrFile("client_id", b.settings.ClientID, "client_id_file_path", b.settings.ClientIDFilePath))
}

// valueOrFile returns a setting that can be given itself or in a file. Both are
// accepted when they agree, which is what a CI system does that sets both.
func (b *builder) valueOrFile(attribute, value, pathAttribute, path string) string {
	if path == "" {
		return value
	}
	content, ok := b.readFile(pathAttribute, path)
	switch {
	case !ok:
		return ""
	case value != "" && value != content:
		b.problems.add(pathAttribute, "Conflicting Authentication Settings",
			"%s and the file of %s are both given, and they differ. Remove one of them.", howToSet(attribute), howToSet(pathAttribute))
		return ""
	}
	return content
}

// readFile returns a file's content without the line break that editors and
// echo put at its end.
func (b *builder) readFile(attribute, path string) (string, bool) {
	content, err := os.ReadFile(path)
	if err != nil {
		b.problems.add(attribute, "Unreadable File", "The file of %s cannot be read: %v.", howToSet(attribute), err)
		return "", false
	}
	text := strings.TrimRight(string(content), "\r\n")
	if strings.TrimSpace(text) == "" {
		b.problems.add(attribute, "Empty File", "The file %q of %s is empty.", path, howToSet(attribute))
		return "", false
	}
	return text, true
}
