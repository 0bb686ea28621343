package credential_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"math/big"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"software.sslmate.com/src/go-pkcs12"

	"github.com/intunetf/terraform-provider-intune/internal/credential"
)

// testCertificate makes a client certificate of an RSA key, and the CA that
// issued it.
func testCertificate(t *testing.T) (leaf *x509.Certificate, key *rsa.PrivateKey, ca *x509.Certificate) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	caKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	ca = issue(t, "test-ca", nil, caKey, &caKey.PublicKey)
	return issue(t, "intune-test", ca, caKey, &key.PublicKey), key, ca
}

func issue(t *testing.T, name string, parent *x509.Certificate, signer, public any) *x509.Certificate {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()),
		Subject:      pkix.Name{CommonName: name},
		NotBefore:    time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: parent == nil, BasicConstraintsValid: true,
	}
	if parent == nil {
		parent = template
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, public, signer)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return certificate
}

func thumbprint(certificate *x509.Certificate) string {
	return fmt.Sprintf("%X", sha1.Sum(certificate.Raw))
}

func TestNew_ClientCertificate_Forms(t *testing.T) {
	t.Parallel()

	leaf, key, ca := testCertificate(t)
	encode := func(encoder *pkcs12.Encoder, password string) []byte {
		pfx, err := encoder.Encode(key, leaf, []*x509.Certificate{ca}, password)
		if err != nil {
			t.Fatal(err)
		}
		return pfx
	}
	pemText := certificatePEM(t, leaf, key)
	pkcs1 := append(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}),
		pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: leaf.Raw})...)
	tests := map[string]struct {
		data     []byte
		password string
	}{
		"PFX of 2023":          {encode(pkcs12.Modern2023, "pw"), "pw"},
		"PFX of 2026":          {encode(pkcs12.Modern2026, "pw"), "pw"},
		"PFX with 3DES":        {encode(pkcs12.LegacyDES, "pw"), "pw"},
		"PFX with RC2":         {encode(pkcs12.LegacyRC2, "pw"), "pw"},
		"PFX, empty password":  {encode(pkcs12.Modern2023, ""), ""},
		"PFX without password": {encode(pkcs12.Passwordless, ""), ""},
		"PEM":                  {pemText, ""},
		"PEM, password unused": {pemText, "pw"},
		"PEM, PKCS#1 key":      {pkcs1, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			encoded := base64.StdEncoding.EncodeToString(tt.data)
			for form, s := range map[string]credential.Settings{
				"path":             {ClientCertificatePath: tempFile(t, string(tt.data))},
				"base64":           {ClientCertificate: encoded},
				"base64 in lines":  {ClientCertificate: encoded[:60] + "\n" + encoded[60:] + "\n"},
				"base64 raw, URL":  {ClientCertificate: base64.RawURLEncoding.EncodeToString(tt.data)},
				"text, not base64": {ClientCertificate: string(pemText)},
			} {
				s.TenantID, s.ClientID, s.ClientCertificatePassword = tenantID, clientID, tt.password
				cred, err := credential.New(s, credential.Cloud{AuthorityHost: "https://login.example.com"}, http.DefaultClient)
				if err != nil {
					t.Errorf("%s: %v", form, err)
				} else if cred.Method() != "client certificate" {
					t.Errorf("%s: method %q", form, cred.Method())
				}
			}
		})
	}
}

func TestNew_ClientCertificate_Refused(t *testing.T) {
	t.Parallel()

	leaf, key, _ := testCertificate(t)
	_, otherKey, _ := testCertificate(t)
	ecKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	pfx, err := pkcs12.Modern.Encode(key, leaf, nil, "right")
	if err != nil {
		t.Fatal(err)
	}
	encryptedPEM := "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n"
	tests := map[string]struct {
		settings  credential.Settings
		attribute string
		want      string
	}{
		"wrong password": {
			credential.Settings{ClientCertificatePath: tempFile(t, string(pfx)), ClientCertificatePassword: "wrong"},
			"client_certificate_password", "Wrong Client Certificate Password: The PFX of `client_certificate_path` (environment: ARM_CLIENT_CERTIFICATE_PATH) " +
				"cannot be opened with the password of `client_certificate_password` (environment: ARM_CLIENT_CERTIFICATE_PASSWORD).",
		},
		"no password": {
			credential.Settings{ClientCertificate: base64.StdEncoding.EncodeToString(pfx)},
			"client_certificate_password", "Missing Client Certificate Password: The PFX of `client_certificate` (environment: ARM_CLIENT_CERTIFICATE) is protected by a password. " +
				"Set `client_certificate_password` (environment: ARM_CLIENT_CERTIFICATE_PASSWORD).",
		},
		"garbage":        {credential.Settings{ClientCertificatePath: tempFile(t, "garbage")}, "client_certificate_path", "holds neither a PFX (PKCS#12) nor a PEM"},
		"not base64":     {credential.Settings{ClientCertificate: "/home/me/cert.pfx!"}, "client_certificate", "is not base64. Encode the PFX file with: base64 -w0 certificate.pfx."},
		"empty file":     {credential.Settings{ClientCertificatePath: tempFile(t, "")}, "client_certificate_path", "holds no data"},
		"no such file":   {credential.Settings{ClientCertificatePath: filepath.Join(t.TempDir(), "none.pfx")}, "client_certificate_path", "none.pfx: no such file"},
		"encrypted PEM":  {credential.Settings{ClientCertificatePath: tempFile(t, encryptedPEM)}, "client_certificate_path", "is encrypted, which is not supported"},
		"no private key": {credential.Settings{ClientCertificatePath: tempFile(t, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: leaf.Raw})))}, "client_certificate_path", "found no private key"},
		"other key":      {credential.Settings{ClientCertificatePath: tempFile(t, string(certificatePEM(t, leaf, otherKey)))}, "client_certificate_path", "the private key belongs to none of its certificates"},
		"elliptic key":   {credential.Settings{ClientCertificatePath: tempFile(t, string(certificatePEM(t, leaf, ecKey)))}, "client_certificate_path", "Entra accepts RSA keys only"},
		"both given":     {credential.Settings{ClientCertificate: "QUJD", ClientCertificatePath: "x"}, "client_certificate", "are both given. Remove one of them."},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			tt.settings.TenantID, tt.settings.ClientID = tenantID, clientID
			problem := onlyProblem(t, tt.settings)
			if problem.Attribute != tt.attribute || !strings.Contains(problem.Error(), tt.want) {
				t.Errorf("problem of %s:\n%s\nwant of %s:\n%s", problem.Attribute, problem, tt.attribute, tt.want)
			}
		})
	}
}
