package credential_test

import (
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/intunetf/terraform-provider-intune/internal/credential"
)

func jwt(claims string) string {
	return "eyJhbGciOiJub25lIn0." + base64.RawURLEncoding.EncodeToString([]byte(claims)) + ".c2ln"
}

func TestParseClaims(t *testing.T) {
	t.Parallel()

	tests := map[string]struct {
		token     string
		want      credential.Claims
		delegated bool
		cliUser   bool
	}{
		"application": {
			token: jwt(`{"appid":"app","tid":"ten","idtyp":"app","roles":["DeviceManagementServiceConfig.ReadWrite.All"],"exp":1767225600}`),
			want: credential.Claims{
				Roles: []string{"DeviceManagementServiceConfig.ReadWrite.All"}, AppID: "app", TenantID: "ten", IdentityType: "app",
				ExpiresOn: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
			},
		},
		"user of the Azure CLI": {
			token: jwt(`{"appid":"04b07795-8DDB-461a-bbee-02f9e1bf7b46","scp":"User.Read  email","idtyp":"user"}`),
			want: credential.Claims{
				AppID: "04b07795-8DDB-461a-bbee-02f9e1bf7b46", Scopes: []string{"User.Read", "email"}, IdentityType: "user",
			},
			delegated: true, cliUser: true,
		},
		"user without identity type": {
			token:     jwt(`{"azp":"other","scp":"User.Read"}`),
			want:      credential.Claims{AppID: "other", Scopes: []string{"User.Read"}},
			delegated: true,
		},
		"padded base64": {
			token: "h." + base64.URLEncoding.EncodeToString([]byte(`{"tid":"t"}`)) + ".s",
			want:  credential.Claims{TenantID: "t"},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			got, err := credential.ParseClaims(tt.token)
			if err != nil {
				t.Fatal(err)
			}
			if len(got.Scopes) == 0 {
				got.Scopes = nil
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("claims (-want +got):\n%s", diff)
			}
			if got.Delegated() != tt.delegated || got.IsAzureCLIUser() != tt.cliUser {
				t.Errorf("Delegated = %t, IsAzureCLIUser = %t", got.Delegated(), got.IsAzureCLIUser())
			}
		})
	}
}

func TestParseClaims_OpaqueToken_IsNotRepeated(t *testing.T) {
	t.Parallel()

	for name, token := range map[string]string{
		"empty": "", "not a JWT": "sEcReT", "not base64": "h.sEcReT!.s", "not JSON": "h." + base64.RawURLEncoding.EncodeToString([]byte("sEcReT")) + ".s",
		"wrong type": jwt(`{"roles":"sEcReT"}`),
	} {
		_, err := credential.ParseClaims(token)
		if err == nil || strings.Contains(err.Error(), "sEcReT") || !strings.HasPrefix(err.Error(), "the access token is opaque") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
