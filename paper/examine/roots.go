package examine

import (
	"bytes"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// A Root is the certificate of an authority, and whose it is: of a party for the fields it signs, or of an authority whose
// timestamps are believed.
type Root struct {
	Party       string // as the record names it, KZ; for timestamps the authority's name
	Fields      []string
	Timestamps  bool
	Certificate *x509.Certificate
}

// maxRootsFile and maxRoots bound a file of roots.
const (
	maxRootsFile = 1 << 20
	maxRoots     = 1000
)

// ReadRoots reads certificates in PEM, before each a line that says whose it is:
//
//	party: KZ; fields: s2, s5
//	-----BEGIN CERTIFICATE-----
//	…
//	timestamps: Observatory
//	-----BEGIN CERTIFICATE-----
//
// Empty lines and lines that begin with # say nothing. A party may have several certificates; a field is of one party.
func ReadRoots(file []byte) ([]Root, error) {
	if len(file) > maxRootsFile {
		return nil, fmt.Errorf("the file of trust anchors has %d bytes: %d at most", len(file), maxRootsFile)
	}
	var list []Root
	owners := map[string]string{}
	for n := 1; len(bytes.TrimSpace(file)) > 0; n++ {
		root, rest, err := readRoot(file)
		if err != nil {
			return nil, fmt.Errorf("trust anchor %d: %w", n, err)
		}
		for _, f := range root.Fields {
			if owner, is := owners[f]; is && owner != root.Party {
				return nil, fmt.Errorf("trust anchor %d: field %s is said to be of %s and of %s", n, f, owner, root.Party)
			}
			owners[f] = root.Party
		}
		if list = append(list, root); len(list) > maxRoots {
			return nil, fmt.Errorf("more than %d trust anchors", maxRoots)
		}
		file = rest
	}
	if len(list) == 0 {
		return nil, errors.New("the file holds no trust anchor")
	}
	return list, nil
}

func readRoot(file []byte) (r Root, rest []byte, err error) {
	const begin = "-----BEGIN "
	i := bytes.Index(file, []byte(begin))
	if i < 0 {
		return r, nil, errors.New("a line without a certificate behind it")
	}
	if r, err = readOwner(string(file[:i])); err != nil {
		return r, nil, err
	}
	block, rest := pem.Decode(file[i:])
	if block == nil || block.Type != "CERTIFICATE" || len(block.Headers) > 0 {
		return r, nil, errors.New("a block that is no certificate in PEM")
	}
	if r.Certificate, err = x509.ParseCertificate(block.Bytes); err != nil {
		return r, nil, err
	}
	return r, rest, nil
}

// readOwner reads the one line that says whose a certificate is.
func readOwner(s string) (r Root, err error) {
	said := ""
	for line := range strings.Lines(s) {
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}
		if said != "" {
			return r, errors.New("two lines before one certificate")
		}
		said = line
	}
	if said == "" {
		return r, errors.New("no line before it says whose it is: \"party: KZ; fields: s2\"")
	}
	for part := range strings.SplitSeq(said, ";") {
		key, value, _ := strings.Cut(part, ":")
		switch value = strings.TrimSpace(value); strings.TrimSpace(key) {
		case "party":
			r.Party = value
		case "fields":
			r.Fields = strings.FieldsFunc(value, func(c rune) bool { return c == ',' || c == ' ' })
		case "timestamps":
			r.Party, r.Timestamps = value, true
		default:
			return r, fmt.Errorf("%q stands before it: \"party: KZ; fields: s2\" or \"timestamps: NAME\" is asked for", said)
		}
	}
	if r.Party == "" || r.Timestamps == (len(r.Fields) > 0) {
		return r, fmt.Errorf("%q names no party and its fields", said)
	}
	return r, nil
}

// chain checks that a certificate comes from the authority of the party whose field it signed, at a time. The party is
// said also where it does not.
func chain(c *x509.Certificate, with []*x509.Certificate, roots []Root, field string, at time.Time) (party string, problems []Finding) {
	own := slices.Collect(func(yield func(Root) bool) {
		for _, r := range roots {
			if slices.Contains(r.Fields, field) && !yield(r) {
				return
			}
		}
	})
	switch {
	case len(roots) == 0:
		return "", []Finding{found("no-trust-anchor")}
	case len(own) == 0:
		return "", []Finding{found("no-anchor-for-field", field)}
	}
	party = own[0].Party
	if why := signingUse(c); why != "" {
		problems = append(problems, found("certificate-usage", Reason{"use", why}))
	}
	err := under(c, with, own, at)
	if err == nil {
		return party, problems
	}
	for _, r := range roots {
		if !r.Timestamps && r.Party != party && under(c, with, []Root{r}, at) == nil {
			return party, append(problems, found("authority-wrong", party, r.Party))
		}
	}
	var invalid x509.CertificateInvalidError
	if errors.As(err, &invalid) && invalid.Reason == x509.Expired {
		return party, append(problems, found("certificate-time", at.UTC().Format(time.RFC3339)))
	}
	why := Reason{"authority", printable(strings.TrimPrefix(err.Error(), "x509: "))}
	if errors.As(err, &invalid) {
		why.Code = "authority-form"
	}
	return party, append(problems, found("certificate-chain", party, why))
}

// maxModulus bounds keys, so that nobody makes us reckon for hours.
const maxModulus = 8192

func keyTooLarge(c *x509.Certificate) bool {
	k, ok := c.PublicKey.(*rsa.PublicKey)
	return ok && k.N.BitLen() > maxModulus
}

// under checks a chain from a certificate to one of the roots.
func under(c *x509.Certificate, with []*x509.Certificate, roots []Root, at time.Time) error {
	o := x509.VerifyOptions{Roots: x509.NewCertPool(), Intermediates: x509.NewCertPool(), CurrentTime: at, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}}
	for _, r := range roots {
		o.Roots.AddCert(r.Certificate)
	}
	for _, w := range with {
		if keyTooLarge(w) {
			return errors.New("a key is too large")
		}
		o.Intermediates.AddCert(w)
	}
	_, err := c.Verify(o)
	return err
}

// documentSigning is RFC 9336; the other two are what Adobe and Microsoft said before it.
var documentSigning = []asn1.ObjectIdentifier{{1, 3, 6, 1, 5, 5, 7, 3, 36}, {1, 2, 840, 113583, 1, 1, 5}, {1, 3, 6, 1, 4, 1, 311, 10, 3, 12}}

// signingUse says why a certificate is none for signing documents; "" if it is one. A certificate that names no use has
// all (RFC 5280, 4.2.1.3 and 4.2.1.12).
func signingUse(c *x509.Certificate) string {
	if c.KeyUsage != 0 && c.KeyUsage&(x509.KeyUsageDigitalSignature|x509.KeyUsageContentCommitment) == 0 {
		return "its key usage is neither digital signature nor content commitment"
	}
	if len(c.ExtKeyUsage)+len(c.UnknownExtKeyUsage) == 0 {
		return ""
	}
	for _, u := range c.ExtKeyUsage {
		if slices.Contains([]x509.ExtKeyUsage{x509.ExtKeyUsageAny, x509.ExtKeyUsageEmailProtection, x509.ExtKeyUsageClientAuth}, u) {
			return ""
		}
	}
	for _, u := range c.UnknownExtKeyUsage {
		if slices.ContainsFunc(documentSigning, u.Equal) {
			return ""
		}
	}
	return "its extended key usage is another"
}
