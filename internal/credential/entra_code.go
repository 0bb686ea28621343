package credential

import "slices"

// codeOutsideLifetime is about the client assertion, whoever made it.
const codeOutsideLifetime = "AADSTS700024"

// advice is what to tell about one error code of Entra.
type advice struct {
	summary    string
	attributes []string // "" stands for those of the method
	text       string
}

// adviceFor explains the codes that a configuration brings about, see
// https://learn.microsoft.com/entra/identity-platform/reference-error-codes.
func adviceFor(code string) (advice, bool) {
	const (
		federated   = "Wrong Federated Identity"
		environment = "Wrong Environment"
		loginAgain  = "Login Expired"
	)
	switch code {
	case "AADSTS7000215":
		return advice{"Wrong Client Secret", []string{""}, "The client secret is not one of this application. Give the secret's value, which the portal shows " +
			"once when it is made, not the secret's id, and check that it belongs to the application of `client_id`."}, true
	case "AADSTS7000222":
		return advice{"Expired Client Secret", []string{""}, "The client secret has expired. Make a new one in the app registration, or better, use OIDC or a certificate."}, true
	case "AADSTS90002", "AADSTS900023", "AADSTS90013":
		return advice{"Unknown Tenant", []string{"tenant_id", "environment"}, "There is no such tenant in this cloud. Check `tenant_id`, and `environment` when the tenant is " +
			"in a national cloud."}, true
	case "AADSTS700016", "AADSTS7000229":
		return advice{"Unknown Client", []string{"client_id", "tenant_id"}, "The tenant has no application with this client id. Check that `client_id` is the application " +
			"(client) id, not an object id, that `tenant_id` is the application's tenant, and that an administrator has consented to it there."}, true
	case "AADSTS7000112":
		return advice{"Disabled Client", []string{"client_id"}, "The application of `client_id` is disabled in this tenant. An administrator can enable it under Enterprise applications."}, true
	case "AADSTS70021", "AADSTS700213", "AADSTS700211", "AADSTS700212":
		return advice{federated, []string{"", "client_id"}, "The application has no federated credential whose issuer, subject and audience are exactly those of the OIDC token. " +
			"Compare them with what Entra answered; the subject differs between branches, pull requests and environments."}, true
	case codeOutsideLifetime:
		return advice{"Expired OIDC Token", []string{""}, "The token that was presented is outside of its time of validity. A run that is longer than the life of `oidc_token` " +
			"needs `oidc_token_file_path` or the request settings, which get a new token when one is needed. Check the clock of this machine too."}, true
	case "AADSTS700027":
		return advice{"Client Certificate Refused", []string{""}, "The certificate is not registered with the application, or it has expired. Compare its thumbprint with " +
			"\"Certificates & secrets\" of the app registration."}, true
	case "AADSTS50049":
		return advice{"Unknown Authority", []string{"authority_host", "disable_instance_discovery"}, "Microsoft does not know this authority. Check `authority_host`; for a private cloud set " +
			"`disable_instance_discovery` to true."}, true
	case "AADSTS500011", "AADSTS900382", "AADSTS900439", "AADSTS650057":
		return advice{environment, []string{"environment", "graph_endpoint"}, "The application and Microsoft Graph are not in the same cloud. Check `environment`, and with \"custom\" " +
			"`graph_endpoint` and `authority_host`."}, true
	case "AADSTS53003", "AADSTS53000", "AADSTS530034":
		return advice{"Blocked by Conditional Access", []string{"client_id"}, "A Conditional Access policy of the tenant blocks this sign-in."}, true
	case "AADSTS50034", "AADSTS50020":
		return advice{"Unknown User", []string{"tenant_id"}, "The account that is logged in does not exist in the tenant. Check `tenant_id`, or log in with another account."}, true
	case "AADSTS50076", "AADSTS50079", "AADSTS50078", "AADSTS50158":
		return advice{"Multifactor Authentication Needed", nil, "The tenant asks the logged-in account for another factor. Log in again."}, true
	case "AADSTS70043", "AADSTS700082", "AADSTS50173", "AADSTS70008":
		return advice{loginAgain, nil, "The login of the command line tool has expired. Log in again."}, true
	}
	return advice{}, false
}

// attributesFor puts the method's own first attribute where "" stands.
func (a advice) attributesFor(c *Credential) []string {
	var names []string
	for _, name := range a.attributes {
		if name == "" {
			name = c.attributes[0]
		}
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}
