package examine

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"slices"
	"time"

	"kurultai/paper/cms"
)

// Object identifiers of RFC 3161, RFC 5652 and RFC 5754.
var (
	oidSignedData      = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 2}
	oidTSTInfo         = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 1, 4}
	oidContentType     = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 3}
	oidMessageDigest   = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 4}
	oidCertificateV2   = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 47}
	oidExtKeyUsage     = asn1.ObjectIdentifier{2, 5, 29, 37}
	digestAlgorithms   = map[string]crypto.Hash{"2.16.840.1.101.3.4.2.1": crypto.SHA256, "2.16.840.1.101.3.4.2.2": crypto.SHA384, "2.16.840.1.101.3.4.2.3": crypto.SHA512}
	signingAlgorithms  = map[string]crypto.Hash{"1.2.840.113549.1.1.11": crypto.SHA256, "1.2.840.113549.1.1.12": crypto.SHA384, "1.2.840.113549.1.1.13": crypto.SHA512, "1.2.840.10045.4.3.2": crypto.SHA256, "1.2.840.10045.4.3.3": crypto.SHA384, "1.2.840.10045.4.3.4": crypto.SHA512}
	errTokenUnreadable = Reason{cms.Unreadable, "it cannot be read"}
)

// A token is a time-stamping authority's word that a digest existed at a time.
type token struct {
	hash        crypto.Hash
	imprint     []byte
	time        time.Time
	certificate *x509.Certificate
	chain       []*x509.Certificate
}

type tokenContent struct {
	Type    asn1.ObjectIdentifier
	Content asn1.RawValue `asn1:"explicit,tag:0"`
}

type tokenData struct {
	Version          int
	DigestAlgorithms []pkix.AlgorithmIdentifier `asn1:"set"`
	Encapsulated     struct {
		Type    asn1.ObjectIdentifier
		Content []byte `asn1:"explicit,tag:0"`
	}
	Certificates asn1.RawValue `asn1:"optional,tag:0"`
	Revocations  asn1.RawValue `asn1:"optional,tag:1"`
	Signers      []tokenSigner `asn1:"set"`
}

type tokenSigner struct {
	Version int
	ID      struct {
		Issuer asn1.RawValue
		Serial *big.Int
	}
	Digest    pkix.AlgorithmIdentifier
	Signed    asn1.RawValue `asn1:"tag:0"`
	Algorithm pkix.AlgorithmIdentifier
	Signature []byte
	Unsigned  asn1.RawValue `asn1:"optional,tag:1"`
}

// tokenInfo is RFC 3161, 2.4.2; what stands behind the time is not asked.
type tokenInfo struct {
	Version int
	Policy  asn1.ObjectIdentifier
	Imprint struct {
		Algorithm pkix.AlgorithmIdentifier
		Digest    []byte
	}
	Serial   *big.Int
	Time     time.Time     `asn1:"generalized"`
	Accuracy asn1.RawValue `asn1:"optional"`
	Ordering asn1.RawValue `asn1:"optional"`
	Nonce    asn1.RawValue `asn1:"optional"`
	Name     asn1.RawValue `asn1:"optional"`
	More     asn1.RawValue `asn1:"optional"`
}

// readToken reads a timestamp token and checks that it is signed by the certificate that comes with it, and that this is
// one for timestamps alone. Whose the certificate is, is not asked here.
func readToken(der []byte) (*token, error) {
	var outer tokenContent
	var data tokenData
	var info tokenInfo
	if !whole(der, &outer) || !outer.Type.Equal(oidSignedData) || !whole(outer.Content.Bytes, &data) {
		return nil, errTokenUnreadable
	}
	if !data.Encapsulated.Type.Equal(oidTSTInfo) || !whole(data.Encapsulated.Content, &info) || info.Version != 1 {
		return nil, Reason{cms.WrongForm, "it is no timestamp of RFC 3161"}
	}
	if len(data.Signers) != 1 {
		return nil, Reason{cms.SeveralSigners, "it has not one signer"}
	}
	t := &token{imprint: info.Imprint.Digest, time: info.Time}
	var ok bool
	if t.hash, ok = digestAlgorithms[info.Imprint.Algorithm.Algorithm.String()]; !ok {
		return nil, Reason{cms.WeakDigest, "it is over a digest below SHA-256"}
	}
	var err error
	if t.chain, err = x509.ParseCertificates(data.Certificates.Bytes); err != nil || len(t.chain) > 16 {
		return nil, Reason{cms.Unreadable, "its certificates cannot be read"}
	}
	s := data.Signers[0]
	i := slices.IndexFunc(t.chain, func(c *x509.Certificate) bool {
		return s.ID.Serial != nil && bytes.Equal(c.RawIssuer, s.ID.Issuer.FullBytes) && c.SerialNumber.Cmp(s.ID.Serial) == 0
	})
	if i < 0 {
		return nil, Reason{cms.NoCertificate, "its signer's certificate is not with it"}
	}
	t.certificate = t.chain[i]
	if err := t.signed(s, data.Encapsulated.Content); err != nil {
		return nil, err
	}
	return t, t.stamps()
}

// whole reads DER with nothing behind it.
func whole(der []byte, v any) bool {
	rest, err := asn1.Unmarshal(der, v)
	return err == nil && len(rest) == 0
}

// signed checks the signature over the token's content.
func (t *token) signed(s tokenSigner, content []byte) error {
	digest, ok := digestAlgorithms[s.Digest.Algorithm.String()]
	if !ok {
		return Reason{cms.WeakDigest, "it digests by less than SHA-256"}
	}
	values, err := tokenAttributes(s.Signed.Bytes)
	if err != nil {
		return err
	}
	var kind asn1.ObjectIdentifier
	var sum []byte
	if !whole(values[oidContentType.String()], &kind) || !kind.Equal(oidTSTInfo) || !whole(values[oidMessageDigest.String()], &sum) || !bytes.Equal(sum, digestOf(digest, content)) {
		return Reason{cms.WrongForm, "its attributes are of another content"}
	}
	if err := t.names(values[oidCertificateV2.String()]); err != nil {
		return err
	}
	attributes := bytes.Clone(s.Signed.FullBytes)
	attributes[0] = asn1.TagSet | 0x20 // signed as the SET it is (RFC 5652, 5.4)
	h, ok := signingAlgorithms[s.Algorithm.Algorithm.String()]
	if s.Algorithm.Algorithm.String() == "1.2.840.113549.1.1.1" {
		h, ok = digest, true // RFC 5754, 3.2
	}
	if !ok || !t.by(h, digestOf(h, attributes), s.Signature) {
		return Reason{cms.NotByItsCertificate, "it is not signed by its certificate"}
	}
	return nil
}

func (t *token) by(h crypto.Hash, sum, signature []byte) bool {
	switch key := t.certificate.PublicKey.(type) {
	case *rsa.PublicKey:
		return key.N.BitLen() >= 2048 && !keyTooLarge(t.certificate) && rsa.VerifyPKCS1v15(key, h, sum, signature) == nil
	case *ecdsa.PublicKey:
		return key.Curve.Params().BitSize >= 256 && ecdsa.VerifyASN1(key, sum, signature)
	}
	return false
}

func digestOf(h crypto.Hash, b []byte) []byte {
	w := h.New()
	w.Write(b)
	return w.Sum(nil)
}

// names checks that the token names its certificate (RFC 5816).
func (t *token) names(der []byte) error {
	var ids struct {
		Certs []struct {
			Algorithm pkix.AlgorithmIdentifier `asn1:"optional"`
			Hash      []byte
			Issuer    asn1.RawValue `asn1:"optional"`
		}
		Policies asn1.RawValue `asn1:"optional"`
	}
	if !whole(der, &ids) || len(ids.Certs) == 0 {
		return Reason{cms.CertificateUnnamed, "it lacks signing-certificate-v2"}
	}
	h := crypto.SHA256
	if a := ids.Certs[0].Algorithm.Algorithm; len(a) > 0 {
		h = digestAlgorithms[a.String()]
	}
	if h == 0 || !bytes.Equal(digestOf(h, t.certificate.Raw), ids.Certs[0].Hash) {
		return Reason{cms.CertificateOther, "its signing-certificate-v2 names another certificate"}
	}
	return nil
}

// stamps checks that the certificate is for timestamps, says so critically, and for nothing else (RFC 3161, 2.3).
func (t *token) stamps() error {
	critical := slices.ContainsFunc(t.certificate.Extensions, func(e pkix.Extension) bool { return e.Id.Equal(oidExtKeyUsage) && e.Critical })
	if !critical || len(t.certificate.UnknownExtKeyUsage) > 0 || !slices.Equal(t.certificate.ExtKeyUsage, []x509.ExtKeyUsage{x509.ExtKeyUsageTimeStamping}) {
		return Reason{"use", "its certificate is not one for timestamps alone"}
	}
	return nil
}

func tokenAttributes(der []byte) (map[string][]byte, error) {
	list := map[string][]byte{}
	for len(der) > 0 {
		var a struct {
			Type   asn1.ObjectIdentifier
			Values []asn1.RawValue `asn1:"set"`
		}
		rest, err := asn1.Unmarshal(der, &a)
		if _, twice := list[a.Type.String()]; err != nil || twice || len(a.Values) != 1 {
			return nil, errTokenUnreadable
		}
		list[a.Type.String()], der = a.Values[0].FullBytes, rest
	}
	return list, nil
}

// of reports whether the token is over a digest of b.
func (t *token) of(b []byte) bool { return bytes.Equal(t.imprint, digestOf(t.hash, b)) }

// authority names whose the token is; "" if nobody named its authority.
func (t *token) authority(roots []Root) string {
	for _, r := range roots {
		if r.Timestamps && under(t.certificate, t.chain, []Root{r}, t.time) == nil {
			return r.Party
		}
	}
	return ""
}
