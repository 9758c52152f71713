package cms

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"slices"
)

// Signed is one signature with what comes with it.
type Signed struct {
	Certificate *x509.Certificate
	Chain       []*x509.Certificate // all that came with it, the signer's among them
	Hash        crypto.Hash         // by which the document is digested
	Digest      []byte              // of the document, as the signer saw it
	Signature   []byte
	Timestamp   []byte // the token of a time-stamping authority over Signature (RFC 3161); nil: none

	attributes []byte // what was signed, as a set
	algorithm  crypto.Hash
}

// Parse reads a signature. What is not in the form of PAdES B-B is an error that says what is wrong: digests below
// SHA-256, RSA keys below 2,048 bits, no signing-certificate-v2, one of another certificate, a signing-time, several
// signers, anything behind it.
func Parse(der []byte) (*Signed, error) {
	d, err := parse(der)
	if err != nil {
		return nil, fmt.Errorf("the signature cannot be read: %w", err)
	}
	s := &Signed{}
	info := d.Signers[0]
	if s.Chain, err = certificates(d.Certificates.Bytes); err != nil {
		return nil, err
	}
	id, err := signerID(info.ID)
	if err != nil {
		return nil, err
	}
	if d.Version != 1 || info.Version != 1 {
		return nil, flaw(WrongForm, errors.New("it is of another version of CMS"))
	}
	at := slices.IndexFunc(s.Chain, func(c *x509.Certificate) bool {
		return bytes.Equal(c.RawIssuer, id.Issuer.FullBytes) && c.SerialNumber.Cmp(id.Serial) == 0
	})
	if at < 0 {
		return nil, flaw(NoCertificate, errors.New("the signer's certificate is not with the signature"))
	}
	s.Certificate, s.Signature = s.Chain[at], info.Signature
	if err := s.algorithms(info); err != nil {
		return nil, err
	}
	if err := s.signedAttributes(info.Signed); err != nil {
		return nil, err
	}
	return s, s.unsignedAttributes(info.Unsigned)
}

func parse(der []byte) (*signedData, error) {
	if len(der) > maxSize {
		return nil, fmt.Errorf("it has %d bytes: %d at most", len(der), maxSize)
	}
	var info contentInfo
	if rest, err := asn1.Unmarshal(der, &info); err != nil {
		return nil, err
	} else if len(rest) > 0 {
		return nil, errTrailing
	}
	if !info.Type.Equal(oidSignedData) {
		return nil, errNotSignedData
	}
	var d signedData
	if rest, err := asn1.Unmarshal(info.Content.Bytes, &d); err != nil {
		return nil, err
	} else if len(rest) > 0 {
		return nil, errTrailing
	}
	switch {
	case len(d.Signers) != 1:
		return nil, flaw(SeveralSigners, fmt.Errorf("it holds %d signers: one is asked for", len(d.Signers)))
	case len(d.DigestAlgorithms) != 1 || !d.DigestAlgorithms[0].Algorithm.Equal(d.Signers[0].DigestAlgorithm.Algorithm):
		return nil, flaw(WrongForm, errors.New("its digest algorithm is not the signer's"))
	case !plain(d.DigestAlgorithms[0]) || !plain(d.Signers[0].DigestAlgorithm) || !plain(d.Signers[0].SignatureAlgorithm):
		return nil, flaw(WrongForm, errors.New("an algorithm has parameters"))
	case !d.Encapsulated.Type.Equal(oidData) || len(d.Encapsulated.Content.FullBytes) > 0:
		return nil, flaw(WrongForm, errors.New("it holds content of its own: it is to sign the document"))
	}
	return &d, nil
}

// plain tells that an algorithm has no parameters, or says so.
func plain(a pkix.AlgorithmIdentifier) bool {
	return len(a.Parameters.FullBytes) == 0 || bytes.Equal(a.Parameters.FullBytes, nothing.FullBytes)
}

func signerID(raw asn1.RawValue) (id issuerAndSerial, err error) {
	if rest, err := asn1.Unmarshal(raw.FullBytes, &id); err != nil || len(rest) > 0 || id.Serial == nil {
		return id, flaw(Unreadable, errors.New("its signer is not named by issuer and serial"))
	}
	return id, nil
}

func certificates(der []byte) (list []*x509.Certificate, err error) {
	for len(der) > 0 {
		var raw asn1.RawValue
		rest, err := asn1.Unmarshal(der, &raw)
		if err != nil {
			return nil, flaw(Unreadable, fmt.Errorf("its certificates cannot be read: %w", err))
		}
		c, err := x509.ParseCertificate(raw.FullBytes)
		if err != nil {
			return nil, flaw(Unreadable, fmt.Errorf("a certificate with the signature cannot be read: %w", err))
		}
		if list = append(list, c); len(list) > maxCertificates {
			return nil, flaw(Unreadable, fmt.Errorf("it holds more than %d certificates", maxCertificates))
		}
		der = rest
	}
	return list, nil
}

// algorithms checks that keys and digests are strong, and that the algorithm is the key's.
func (s *Signed) algorithms(info signerInfo) error {
	var ok bool
	if s.Hash, ok = digests[info.DigestAlgorithm.Algorithm.String()]; !ok {
		return flaw(WeakDigest, fmt.Errorf("the document is digested by %s: SHA-256, SHA-384 or SHA-512 is asked for", info.DigestAlgorithm.Algorithm))
	}
	name := info.SignatureAlgorithm.Algorithm.String()
	switch key := s.Certificate.PublicKey.(type) {
	case *rsa.PublicKey:
		if key.N.BitLen() < minModulus {
			return flaw(WeakKey, fmt.Errorf("an RSA key of %d bits: %d at least", key.N.BitLen(), minModulus))
		}
		s.algorithm, ok = rsaAlgorithms[name]
		if info.SignatureAlgorithm.Algorithm.Equal(oidRSA) {
			s.algorithm, ok = s.Hash, true // RFC 5754, 3.2
		}
	case *ecdsa.PublicKey:
		if !slices.Contains(acceptableCurves, key.Curve) {
			return flaw(WeakKey, errors.New("an ECDSA key on a curve of less than 256 bits"))
		}
		s.algorithm, ok = ecdsaAlgorithms[name]
	default:
		return flaw(OtherAlgorithm, fmt.Errorf("keys of kind %s do not sign papers: ECDSA or RSA", s.Certificate.PublicKeyAlgorithm))
	}
	if !ok {
		return flaw(OtherAlgorithm, fmt.Errorf("the algorithm %s is not one of ECDSA or RSA with SHA-256, SHA-384 or SHA-512", name))
	}
	return nil
}

// Strong tells whether a certificate's key may sign: RSA of 2,048 bits or more, ECDSA on a curve of 256 or more.
func Strong(c *x509.Certificate) bool {
	switch key := c.PublicKey.(type) {
	case *rsa.PublicKey:
		return key.N.BitLen() >= minModulus
	case *ecdsa.PublicKey:
		return slices.Contains(acceptableCurves, key.Curve)
	}
	return false
}

func (s *Signed) signedAttributes(raw asn1.RawValue) error {
	if len(raw.FullBytes) == 0 {
		return flaw(WrongForm, errors.New("it has no signed attributes: PAdES asks for them"))
	}
	s.attributes = slices.Clone(raw.FullBytes)
	s.attributes[0] = asn1.TagSet | 0x20 // signed as the SET it is (RFC 5652, 5.4)
	values, err := attributes(raw.Bytes)
	if err != nil {
		return err
	}
	var kind asn1.ObjectIdentifier
	if _, err := asn1.Unmarshal(values[oidContentType.String()], &kind); err != nil || !kind.Equal(oidData) {
		return flaw(WrongForm, errors.New("its content-type is not data"))
	}
	if rest, err := asn1.Unmarshal(values[oidMessageDigest.String()], &s.Digest); err != nil || len(rest) > 0 || len(s.Digest) != s.Hash.Size() {
		return flaw(WrongForm, errors.New("it lacks a message-digest of the length of its algorithm"))
	}
	if err := s.names(values[oidCertificateV2.String()]); err != nil {
		return err
	}
	if _, ok := values[oidSigningTime.String()]; ok {
		return flaw(SigningTime, errors.New("it holds a signing-time, which PAdES forbids: the time is a time-stamping authority's"))
	}
	return nil
}

// names checks that signing-certificate-v2 names the certificate: else another with the same key could take its place.
func (s *Signed) names(der []byte) error {
	if der == nil {
		return flaw(CertificateUnnamed, errors.New("it lacks signing-certificate-v2: the certificate could be exchanged for another"))
	}
	var ids signingCertificateV2
	if rest, err := asn1.Unmarshal(der, &ids); err != nil || len(rest) > 0 || len(ids.Certs) == 0 {
		return flaw(CertificateUnnamed, errors.New("its signing-certificate-v2 cannot be read"))
	}
	h := crypto.SHA256
	if a := ids.Certs[0].Algorithm.Algorithm; len(a) > 0 {
		var ok bool
		if h, ok = digests[a.String()]; !ok {
			return flaw(WeakDigest, fmt.Errorf("its signing-certificate-v2 digests by %s", a))
		}
	}
	sum := h.New()
	sum.Write(s.Certificate.Raw)
	if !bytes.Equal(sum.Sum(nil), ids.Certs[0].Hash) {
		return flaw(CertificateOther, errors.New("its signing-certificate-v2 names another certificate: the certificate was exchanged"))
	}
	return nil
}

func (s *Signed) unsignedAttributes(raw asn1.RawValue) error {
	if len(raw.FullBytes) == 0 {
		return nil
	}
	values, err := attributes(raw.Bytes)
	s.Timestamp = values[oidTimestamp.String()]
	return err
}

// attributes are values by type; each type stands once, with one value.
func attributes(der []byte) (map[string][]byte, error) {
	list := map[string][]byte{}
	for len(der) > 0 {
		var a attribute
		rest, err := asn1.Unmarshal(der, &a)
		if err != nil {
			return nil, flaw(Unreadable, fmt.Errorf("its attributes cannot be read: %w", err))
		}
		if _, twice := list[a.Type.String()]; twice || len(a.Values) != 1 {
			return nil, flaw(WrongForm, fmt.Errorf("its attribute %s stands more than once, or has several values", a.Type))
		}
		list[a.Type.String()], der = a.Values[0].FullBytes, rest
	}
	return list, nil
}

// Verify tells whether the signature is one of a document, of which it is given the digest by s.Hash. It says nothing of
// whom the certificate belongs to.
func (s *Signed) Verify(digest []byte) error {
	if !bytes.Equal(digest, s.Digest) {
		return flaw(OtherDocument, errors.New("the document is not the one that was signed"))
	}
	h := s.algorithm.New()
	h.Write(s.attributes)
	sum := h.Sum(nil)
	switch key := s.Certificate.PublicKey.(type) {
	case *rsa.PublicKey:
		if rsa.VerifyPKCS1v15(key, s.algorithm, sum, s.Signature) == nil {
			return nil
		}
	case *ecdsa.PublicKey:
		if ecdsa.VerifyASN1(key, sum, s.Signature) {
			return nil
		}
	}
	return flaw(NotByItsCertificate, errors.New("the signature is not by the key of its certificate"))
}
