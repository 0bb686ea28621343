package credential_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/intunetf/terraform-provider-intune/internal/credential"
)

func TestResolveCloud(t *testing.T) {
	t.Parallel()

	cloud := func(name, graph, authority string) credential.Cloud {
		return credential.Cloud{Name: name, GraphEndpoint: graph, AuthorityHost: authority, Scope: graph + "/.default"}
	}
	global := cloud("global", "https://graph.microsoft.com", "https://login.microsoftonline.com")
	l4 := cloud("usgovernment", "https://graph.microsoft.us", "https://login.microsoftonline.us")
	l5 := cloud("usgovernmentl5", "https://dod-graph.microsoft.us", "https://login.microsoftonline.us")
	tests := map[string]struct {
		settings credential.Settings
		want     credential.Cloud
	}{
		"default":        {credential.Settings{}, global},
		"global":         {credential.Settings{Environment: "global"}, global},
		"public":         {credential.Settings{Environment: "public"}, global},
		"case, blanks":   {credential.Settings{Environment: " Public "}, global},
		"usgovernment":   {credential.Settings{Environment: "usgovernment"}, l4},
		"usgovernmentl4": {credential.Settings{Environment: "usgovernmentl4"}, l4},
		"usgovernmentl5": {credential.Settings{Environment: "usgovernmentl5"}, l5},
		"dod":            {credential.Settings{Environment: "dod"}, l5},
		"china":          {credential.Settings{Environment: "china"}, cloud("china", "https://microsoftgraph.chinacloudapi.cn", "https://login.chinacloudapi.cn")},
		"custom": {
			credential.Settings{Environment: "custom", GraphEndpoint: "https://Graph.svc.sovcloud.fr/", AuthorityHost: "https://login.sovcloud-identity.fr:8443"},
			cloud("custom", "https://graph.svc.sovcloud.fr", "https://login.sovcloud-identity.fr:8443"),
		},
		"authority that AKS sets in every pod": {credential.Settings{AuthorityHost: "https://login.microsoftonline.com/"}, global},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			got, err := credential.ResolveCloud(tt.settings)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("cloud (-want +got):\n%s", diff)
			}
		})
	}
}

func TestResolveCloud_Refused(t *testing.T) {
	t.Parallel()

	custom := func(graph, authority string) credential.Settings {
		return credential.Settings{Environment: "custom", GraphEndpoint: graph, AuthorityHost: authority}
	}
	const login = "https://login.example.com"
	const graphNames = "`graph_endpoint` (environment: ARM_MSGRAPH_ENDPOINT)"
	const authorityNames = "`authority_host` (environment: ARM_ACTIVE_DIRECTORY_AUTHORITY_HOST, AZURE_AUTHORITY_HOST)"
	tests := map[string]struct {
		settings        credential.Settings
		attribute, want string
	}{
		"unknown name": {
			credential.Settings{Environment: "germany"},
			"environment",
			"Unknown Environment: There is no cloud named \"germany\". Set `environment` (environment: ARM_ENVIRONMENT) to one of: " +
				"global, public, usgovernment, usgovernmentl4, usgovernmentl5, dod, china, custom.",
		},
		"custom without Graph": {
			custom("", login), "graph_endpoint",
			"Missing Endpoint of the Custom Environment: The environment \"custom\" needs " + graphNames + ", a root URL such as https://graph.microsoft.com.",
		},
		"custom without authority": {
			custom("https://g", ""), "authority_host",
			"Missing Endpoint of the Custom Environment: The environment \"custom\" needs " + authorityNames + ", a root URL such as https://login.microsoftonline.com.",
		},
		"authority of another cloud": {
			credential.Settings{AuthorityHost: "https://login.microsoftonline.us/"},
			"authority_host",
			"Endpoint Conflicts With the Environment: The environment is \"global\", whose endpoint is https://login.microsoftonline.com, and " +
				authorityNames + " says https://login.microsoftonline.us.",
		},
		"Graph without custom": {credential.Settings{GraphEndpoint: "https://graph.example.com"}, "graph_endpoint", "Endpoint Conflicts With the Environment"},
		"http": {
			custom("http://graph.example.com", login), "graph_endpoint",
			"Invalid Endpoint: " + graphNames + " must start with https://, because tokens are sent to it. Write a root URL such as https://graph.microsoft.com.",
		},
		"no scheme": {custom("graph.example.com", login), "graph_endpoint", "must start with https://"},
		"password":  {custom("https://u:hunter2@graph.example.com", login), "graph_endpoint", "must not contain a user name or password"},
		"query":     {custom("https://graph.example.com?x", login), "graph_endpoint", "must not contain a query or a fragment"},
		"fragment":  {custom("https://graph.example.com#", login), "graph_endpoint", "must not contain a query or a fragment"},
		"path":      {custom("https://graph.example.com/beta", login), "graph_endpoint", "must not contain a path"},
		"no host":   {custom("https:///", login), "graph_endpoint", "names no host"},
		"no URL":    {custom("https://u:hunter2@%zz", login), "graph_endpoint", "is not a URL"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			_, err := credential.ResolveCloud(tt.settings)
			var problems credential.SettingErrors
			if !errors.As(err, &problems) || len(problems) != 1 {
				t.Fatalf("ResolveCloud = %v, want one problem", err)
			}
			if problems[0].Attribute != tt.attribute || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("problem of %s:\n%v\nwant of %s:\n%s", problems[0].Attribute, err, tt.attribute, tt.want)
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("the problem shows a password: %v", err)
			}
		})
	}
}

func TestEnvironmentNames_AllResolve(t *testing.T) {
	t.Parallel()

	for _, name := range credential.EnvironmentNames() {
		s := credential.Settings{Environment: name}
		if name == "custom" {
			s.GraphEndpoint, s.AuthorityHost = "https://g", "https://a"
		}
		if _, err := credential.ResolveCloud(s); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
