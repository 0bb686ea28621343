package credential

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"
)

const summaryPrefix = "Unable to Get Access Token"

// Explain turns a failure of [Credential.GetToken], however wrapped, into a
// text for the user: what is wrong, which setting to look at, what Entra
// answered. cred may be nil. Neither text contains a secret, a token or an
// assertion.
func Explain(err error, cred *Credential, cloud Cloud) (summary, detail string) {
	if err == nil {
		return "", ""
	}
	var failed *TokenError
	if !errors.As(err, &failed) {
		var secrets []string
		if cred != nil {
			secrets = cred.settings.secrets()
		}
		return summaryPrefix, redact(firstLine(err.Error()), secrets)
	}
	what, advice := explanation(failed, cred, cloud)
	lines := []string{advice}
	if len(failed.Attributes) > 0 {
		lines = append(lines, "Setting to look at: "+howToSetAny(failed.Attributes...)+".")
	}
	if cred != nil && cred.note != "" {
		lines = append(lines, cred.note)
	}
	lines = append(lines, "", fmt.Sprintf("Authentication method: %s, authority: %s%s", failed.Method, cloud.AuthorityHost, identity(cred)))
	lines = append(lines, answerLine(failed))
	if failed.Trace != "" {
		lines = append(lines, failed.Trace)
	}
	return summaryPrefix + ": " + what, strings.Join(lines, "\n")
}

func answerLine(failed *TokenError) string {
	switch {
	case failed.failure.cause != nil && failed.Code == "":
		return "Error: " + failed.Answer
	case isToolMethod(failed.Method):
		return "The tool answered: " + failed.Answer
	case failed.Method == methodMSI:
		return "The metadata service answered: " + failed.Answer
	}
	return "Entra answered: " + failed.Answer
}

// identity names tenant and client, which are no secrets, as far as they are
// configured.
func identity(cred *Credential) string {
	if cred == nil {
		return ""
	}
	text := ""
	if cred.settings.TenantID != "" {
		text += ", tenant: " + cred.settings.TenantID
	}
	if cred.settings.ClientID != "" {
		text += ", client: " + cred.settings.ClientID
	}
	return text
}

// explanation finds the most telling explanation: a code of Entra, then the
// transport, then the method.
func explanation(failed *TokenError, cred *Credential, cloud Cloud) (what, text string) {
	known, ok := adviceFor(failed.Code)
	switch {
	case isToolMethod(failed.Method):
		what, text = explainTool(failed, cred)
		if ok {
			return known.summary, known.text + " " + text
		}
		return what, text
	case failed.isClockWrong():
		return "Wrong Clock", "Entra found an assertion that this machine signed a moment ago outside of its time of validity. Set the clock of this machine." + skewText(failed)
	case ok:
		return known.summary, known.text + skewText(failed)
	case failed.failure.cause != nil:
		return explainCause(failed, cloud)
	case failed.Method == methodMSI:
		return "No Managed Identity", "The machine's metadata service gave no token. Check that a managed identity is assigned to the machine, and that " +
			"`client_id` is empty (system-assigned identity) or the client id of an identity assigned to it."
	}
	return "Sign-In Refused", "The sign-in was refused. Check the settings of the authentication method."
}

// skewText tells how wrong this machine's clock is, when it is.
func skewText(failed *TokenError) string {
	relation := "behind"
	if failed.skew > 0 {
		relation = "ahead of"
	}
	if failed.skew.Abs() < 2*time.Minute {
		return "" // a slow answer
	}
	return fmt.Sprintf(" It is about %s %s Entra's.", strings.TrimSuffix(failed.skew.Abs().String(), "0s"), relation)
}

// explainCause is about everything that prevents an answer.
func explainCause(failed *TokenError, cloud Cloud) (what, text string) {
	cause, host := failed.failure.cause, failed.failure.host
	if host == "" {
		host = cloud.AuthorityHost
	}
	var dns *net.DNSError
	var timeout net.Error
	switch {
	case is[*assertionError](cause):
		return "No OIDC Token", "The OIDC token to sign in with was not to be had."
	case isProxyUnreachable(cause):
		return "Proxy Unreachable", fmt.Sprintf("The connection to %s goes through a proxy, and no proxy answers at its address. "+
			"Check the environment variables HTTPS_PROXY and NO_PROXY.", host)
	case is[*proxyError](cause):
		return "Proxy Refused", fmt.Sprintf("The connection to %s goes through a proxy, which did not let it through. "+
			"Check the environment variables HTTPS_PROXY and NO_PROXY, and that the proxy allows this host.", host)
	case is[*redirectError](cause):
		return "Redirect Refused", "The server sent the request on to another place. Something other than Entra answers at this address, a sign-in page of a proxy for example."
	case isTLS(cause):
		return "Untrusted Certificate", fmt.Sprintf("The TLS certificate of %s is not trusted. A proxy or firewall that inspects traffic signs it anew: give a PEM file with its "+
			"certificate authority.", host)
	case errors.As(cause, &dns):
		return "Unknown Host", fmt.Sprintf("The host name %s cannot be resolved. Check the network and DNS; where only a proxy reaches the internet, set HTTPS_PROXY.%s", dns.Name, customHint(cloud))
	case failed.Method == methodMSI && is[*net.OpError](cause):
		return "No Managed Identity", "Nothing answers at the address of Azure's metadata service. `use_msi` works only on Azure machines and Azure Arc servers."
	case errors.Is(cause, context.Canceled):
		return "Interrupted", "The operation was interrupted while it waited for a token."
	case errors.Is(cause, context.DeadlineExceeded), errors.As(cause, &timeout) && timeout.Timeout():
		return "No Answer", fmt.Sprintf("There was no answer from %s in time. Check firewall and network; where only a proxy reaches the internet, set HTTPS_PROXY.", host)
	}
	return "Host Unreachable", fmt.Sprintf("No connection to %s. Check firewall and network; where only a proxy reaches the internet, set HTTPS_PROXY.%s", host, customHint(cloud))
}

func customHint(cloud Cloud) string {
	if cloud.Name == environmentCustom {
		return " Check `authority_host` too."
	}
	return ""
}

func isToolMethod(method string) bool {
	return method == methodCLI || method == methodAzd || method == methodPowerShell
}

// explainTool tells "not installed" from "not logged in", and why the tool was
// asked at all.
func explainTool(failed *TokenError, cred *Credential) (what, text string) {
	tool := map[string]struct{ name, executable, login string }{
		methodCLI:        {"The Azure CLI", "az", "`az login --service-principal` (a user's login has no permission for Intune)"},
		methodAzd:        {"The Azure Developer CLI", "azd", "`azd auth login --client-id ... --tenant-id ...`"},
		methodPowerShell: {"Azure PowerShell", "pwsh", "`Connect-AzAccount -ServicePrincipal`"},
	}[failed.Method]
	answer := strings.ToLower(failed.Answer)
	switch {
	case strings.Contains(answer, "executable not found"):
		what, text = failed.Method+" Not Found", fmt.Sprintf("%s was to give the token, and %q is not on the PATH.", tool.name, tool.executable)
	case strings.Contains(answer, "az.accounts module not found"):
		what, text = "Az.Accounts Module Not Found", "Azure PowerShell was to give the token, and its module is not installed. Run `Install-Module Az.Accounts`."
	case errors.Is(failed.failure.cause, context.DeadlineExceeded):
		what, text = failed.Method+" Did Not Answer", tool.name+" was to give the token, and did not answer in time."
	default:
		what, text = failed.Method+" Login Needed", fmt.Sprintf("%s was to give the token, and refused. Log in with %s.", tool.name, tool.login)
	}
	return what, text + whyTool(failed.Method, cred)
}

// whyTool says why the Azure CLI was asked, which is on by default, and what of
// another method is there already.
func whyTool(method string, cred *Credential) string {
	if method != methodCLI || cred == nil {
		return ""
	}
	s := cred.settings
	text := " It was asked because no other authentication method is configured."
	switch {
	case s.OIDCToken != "" || s.OIDCTokenFilePath != "" || s.OIDCRequestURL != "":
		return text + " There are OIDC settings: to use them, set " + howToSet("use_oidc") + " to true."
	case s.FederatedTokenFile != "":
		return text + " There is a federated token file: to use it, set " + howToSet("use_aks_workload_identity") + " to true."
	case s.ClientID != "":
		return text + " There is a client id: to sign in as this application, add " + howToSetAny("client_secret", "client_certificate_path", "use_oidc") + "."
	}
	return text + " In a pipeline, set `use_oidc`, or `client_id` with a secret or a certificate."
}
