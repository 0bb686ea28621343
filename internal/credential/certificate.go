package credential

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"crypto/sha1" //nolint:gosec // Entra and its portal name certificates by their SHA-1 thumbprint
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"software.sslmate.com/src/go-pkcs12"
)

// loadCertificate reads the client certificate, its chain and its RSA key.
func (b *builder) loadCertificate() ([]*x509.Certificate, crypto.PrivateKey) {
	s := b.settings
	if s.ClientCertificate != "" && s.ClientCertificatePath != "" {
		b.problems.add("client_certificate", "Conflicting Authentication Settings",
			"%s and %s are both given. Remove one of them.", howToSet("client_certificate"), howToSet("client_certificate_path"))
		return nil, nil
	}
	attribute, data := "client_certificate", []byte(nil)
	if s.ClientCertificate != "" {
		data = b.decodeCertificate(s.ClientCertificate)
	} else {
		attribute = "client_certificate_path"
		var err error
		if data, err = os.ReadFile(s.ClientCertificatePath); err != nil {
			b.problems.add(attribute, "Unreadable Client Certificate", "The file of %s cannot be read: %v.", howToSet(attribute), err)
		}
	}
	if len(data) == 0 {
		if len(b.problems) == 0 {
			b.problems.add(attribute, "Empty Client Certificate", "%s holds no data.", howToSet(attribute))
		}
		return nil, nil
	}
	return b.parseCertificate(attribute, data)
}

// decodeCertificate undoes the base64 of client_certificate, in whatever lines
// and alphabet it comes. A PEM text is taken as it is.
func (b *builder) decodeCertificate(value string) []byte {
	if isPEM([]byte(value)) {
		return []byte(value)
	}
	compact := strings.TrimRight(strings.Join(strings.Fields(value), ""), "=")
	compact = strings.NewReplacer("-", "+", "_", "/").Replace(compact)
	data, err := base64.RawStdEncoding.DecodeString(compact)
	if err != nil {
		b.problems.add("client_certificate", "Invalid Client Certificate",
			"%s is not base64. Encode the PFX file with: base64 -w0 certificate.pfx. To name a file, set `client_certificate_path` instead.",
			howToSet("client_certificate"))
		return nil
	}
	return data
}

// parseCertificate tells PEM and PKCS#12 apart by their content.
func (b *builder) parseCertificate(attribute string, data []byte) ([]*x509.Certificate, crypto.PrivateKey) {
	const summary = "Invalid Client Certificate"
	password := b.settings.ClientCertificatePassword
	var chain []*x509.Certificate
	var key crypto.PrivateKey
	var err error
	if isPEM(data) {
		if bytes.Contains(data, []byte("ENCRYPTED")) {
			b.problems.add(attribute, summary, "The private key in the PEM text of %s is encrypted, which is not supported. "+
				"Decrypt it with: openssl pkey -in certificate.pem, or give a PFX file and %s.",
				howToSet(attribute), howToSet("client_certificate_password"))
			return nil, nil
		}
		chain, key, err = azidentity.ParseCertificates(data, nil)
	} else {
		chain, key, err = decodePKCS12(data, password)
	}
	switch {
	case errors.Is(err, pkcs12.ErrIncorrectPassword) && password == "":
		b.problems.add("client_certificate_password", "Missing Client Certificate Password",
			"The PFX of %s is protected by a password. Set %s.", howToSet(attribute), howToSet("client_certificate_password"))
	case errors.Is(err, pkcs12.ErrIncorrectPassword):
		b.problems.add("client_certificate_password", "Wrong Client Certificate Password",
			"The PFX of %s cannot be opened with the password of %s.", howToSet(attribute), howToSet("client_certificate_password"))
	case err != nil:
		b.problems.add(attribute, summary, "%s holds neither a PFX (PKCS#12) nor a PEM with certificate and private key: %v.",
			howToSet(attribute), err)
	default:
		if err := b.describeCertificate(chain, key); err != nil {
			b.problems.add(attribute, summary, "The certificate of %s cannot be used: %v.", howToSet(attribute), err)
			return nil, nil
		}
		return chain, key
	}
	return nil, nil
}

// decodePKCS12 opens a PFX. go-pkcs12 knows the ciphers of current tools, which
// the older package inside azidentity does not; that one in turn tolerates
// files with several certificates per bag.
func decodePKCS12(data []byte, password string) ([]*x509.Certificate, crypto.PrivateKey, error) {
	key, leaf, others, err := pkcs12.DecodeChain(data, password)
	if err == nil {
		return append([]*x509.Certificate{leaf}, others...), key, nil
	}
	if errors.Is(err, pkcs12.ErrIncorrectPassword) {
		return nil, nil, err
	}
	if chain, key, legacyErr := azidentity.ParseCertificates(data, []byte(password)); legacyErr == nil {
		return chain, key, nil
	}
	return nil, nil, err
}

// describeCertificate notes what an administrator finds in the portal, and
// refuses keys that Entra does not take.
func (b *builder) describeCertificate(chain []*x509.Certificate, key crypto.PrivateKey) error {
	private, ok := key.(*rsa.PrivateKey)
	if !ok {
		return fmt.Errorf("its private key is of type %T, and Entra accepts RSA keys only", key)
	}
	for _, certificate := range chain {
		if !private.PublicKey.Equal(certificate.PublicKey) {
			continue
		}
		b.note = fmt.Sprintf("Certificate: subject %q, thumbprint %X, valid from %s to %s.",
			certificate.Subject, sha1.Sum(certificate.Raw), //nolint:gosec // see the import
			certificate.NotBefore.UTC().Format("2006-01-02"), certificate.NotAfter.UTC().Format("2006-01-02"))
		return nil
	}
	return errors.New("the private key belongs to none of its certificates")
}

func isPEM(data []byte) bool { return bytes.Contains(data, []byte("-----BEGIN ")) }
