package credential

import (
	"net/url"
	"strings"
)

// Cloud is where Graph and its token issuer are. The URLs are roots: https, no
// path, no trailing slash.
type Cloud struct {
	Name          string // canonical name of the environment, for example "usgovernment"
	GraphEndpoint string // for example https://graph.microsoft.com
	AuthorityHost string // for example https://login.microsoftonline.com
	Scope         string // the scope of a token for GraphEndpoint
}

const (
	environmentGlobal = "global"
	environmentCustom = "custom"
)

// environment is a national cloud with the names that peers give to it.
type environment struct {
	names            []string // canonical name first
	graph, authority string
}

// environments lists the clouds of
// https://learn.microsoft.com/graph/deployments.
func environments() []environment {
	return []environment{
		{[]string{environmentGlobal, "public"}, "https://graph.microsoft.com", "https://login.microsoftonline.com"},
		{[]string{"usgovernment", "usgovernmentl4"}, "https://graph.microsoft.us", "https://login.microsoftonline.us"},
		{[]string{"usgovernmentl5", "dod"}, "https://dod-graph.microsoft.us", "https://login.microsoftonline.us"},
		{[]string{"china"}, "https://microsoftgraph.chinacloudapi.cn", "https://login.chinacloudapi.cn"},
	}
}

// EnvironmentNames returns every accepted value of the setting environment,
// aliases after the name they stand for.
func EnvironmentNames() []string {
	var names []string
	for _, e := range environments() {
		names = append(names, e.names...)
	}
	return append(names, environmentCustom)
}

// ResolveCloud finds the cloud that the settings name; without a name it is the
// global one. The names are compared without regard to case. graph_endpoint and
// authority_host belong to the environment custom, which needs both; elsewhere
// they may only repeat what the environment says anyway (AKS sets
// AZURE_AUTHORITY_HOST in every pod). The error is of type [SettingErrors].
func ResolveCloud(s Settings) (Cloud, error) {
	var problems SettingErrors
	name := strings.ToLower(strings.TrimSpace(s.Environment))
	if name == "" {
		name = environmentGlobal
	}
	graph := parseRoot(&problems, "graph_endpoint", s.GraphEndpoint)
	authority := parseRoot(&problems, "authority_host", s.AuthorityHost)
	if name == environmentCustom {
		requireWithCustom(&problems, "graph_endpoint", s.GraphEndpoint, "https://graph.microsoft.com")
		requireWithCustom(&problems, "authority_host", s.AuthorityHost, "https://login.microsoftonline.com")
		return newCloud(environmentCustom, graph, authority), problems.err()
	}
	for _, e := range environments() {
		for _, alias := range e.names {
			if name != alias {
				continue
			}
			refuseWithoutCustom(&problems, "graph_endpoint", e.names[0], graph, e.graph)
			refuseWithoutCustom(&problems, "authority_host", e.names[0], authority, e.authority)
			return newCloud(e.names[0], e.graph, e.authority), problems.err()
		}
	}
	problems.add("environment", "Unknown Environment", "There is no cloud named %q. Set %s to one of: %s.",
		s.Environment, howToSet("environment"), strings.Join(EnvironmentNames(), ", "))
	return Cloud{}, problems.err()
}

func newCloud(name, graph, authority string) Cloud {
	return Cloud{Name: name, GraphEndpoint: graph, AuthorityHost: authority, Scope: graph + "/.default"}
}

func requireWithCustom(problems *SettingErrors, attribute, value, example string) {
	if value == "" {
		problems.add(attribute, "Missing Endpoint of the Custom Environment",
			"The environment \"custom\" needs %s, a root URL such as %s.", howToSet(attribute), example)
	}
}

func refuseWithoutCustom(problems *SettingErrors, attribute, environment, given, preset string) {
	if given == "" || given == preset {
		return
	}
	problems.add(attribute, "Endpoint Conflicts With the Environment",
		"The environment is %q, whose endpoint is %s, and %s says %s. Remove it, name the environment it belongs to, "+
			"or set `environment` to \"custom\" together with `graph_endpoint` and `authority_host`.",
		environment, preset, howToSet(attribute), given)
}

// parseRoot returns value without its trailing slash, or records why it is not
// the root of an https server. An empty value is nobody's fault here.
func parseRoot(problems *SettingErrors, attribute, value string) string {
	if value == "" {
		return ""
	}
	const summary = "Invalid Endpoint"
	u, err := url.Parse(strings.TrimSpace(value))
	if err != nil {
		// The error of url.Parse repeats the value, which may hold a password.
		problems.add(attribute, summary, "%s is not a URL. Write a root URL such as https://graph.microsoft.com.", howToSet(attribute))
		return ""
	}
	wrong := ""
	switch {
	case u.User != nil:
		wrong = "must not contain a user name or password"
	case u.Scheme != "https":
		wrong = "must start with https://, because tokens are sent to it"
	case u.Hostname() == "":
		wrong = "names no host"
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || strings.HasSuffix(value, "#"):
		wrong = "must not contain a query or a fragment"
	case strings.TrimRight(u.Path, "/") != "":
		wrong = "must not contain a path; the version and the tenant are added to it"
	default:
		return "https://" + strings.ToLower(u.Host)
	}
	problems.add(attribute, summary, "%s %s. Write a root URL such as https://graph.microsoft.com.", howToSet(attribute), wrong)
	return ""
}
