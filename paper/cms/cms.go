// Package cms makes and reads the signatures that stand in signed papers: CMS SignedData over bytes that stand elsewhere
// (RFC 5652), in the form of PAdES B-B and, with a time stamp, B-T (ETSI EN 319 142-1): one signer, the signed attributes
// content-type, message-digest and signing-certificate-v2 (RFC 5035), no signing-time. What has another form is refused,
// and said why.
package cms

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"
	"slices"

	_ "crypto/sha512" // the digests of others' signatures
)

// Object identifiers of RFC 5652, 5035, 3161, 5754 and 8017.
var (
	oidData          = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 1}
	oidSignedData    = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 2}
	oidContentType   = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 3}
	oidMessageDigest = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 4}
	oidSigningTime   = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 5}
	oidCertificateV2 = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 47}
	oidTimestamp     = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 14}
	oidSHA256        = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 1}
	oidSHA384        = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 2}
	oidSHA512        = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 3}
	oidRSA           = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 1}
	oidRSAWithSHA256 = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 11}
	oidRSAWithSHA384 = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 12}
	oidRSAWithSHA512 = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 13}
	oidECDSAWith     = asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3} // .2, .3, .4 behind it
	nothing          = asn1.RawValue{FullBytes: []byte{5, 0}}
	sha256Algorithm  = pkix.AlgorithmIdentifier{Algorithm: oidSHA256}
	digests          = map[string]crypto.Hash{oidSHA256.String(): crypto.SHA256, oidSHA384.String(): crypto.SHA384, oidSHA512.String(): crypto.SHA512}
	rsaAlgorithms    = map[string]crypto.Hash{oidRSAWithSHA256.String(): crypto.SHA256, oidRSAWithSHA384.String(): crypto.SHA384, oidRSAWithSHA512.String(): crypto.SHA512}
	ecdsaAlgorithms  = map[string]crypto.Hash{oidECDSAWith.String() + ".2": crypto.SHA256, oidECDSAWith.String() + ".3": crypto.SHA384, oidECDSAWith.String() + ".4": crypto.SHA512}
	acceptableCurves = []elliptic.Curve{elliptic.P256(), elliptic.P384(), elliptic.P521()}
	errTrailing      = errors.New("bytes stand behind it")
	errNotSignedData = errors.New("it is no SignedData")
	contextExplicit0 = 0xa0
	maxCertificates  = 16
	minModulus       = 2048 // bits of an RSA key
	maxSize          = 1 << 16
)

type contentInfo struct {
	Type    asn1.ObjectIdentifier
	Content asn1.RawValue `asn1:"explicit,tag:0"`
}

type signedData struct {
	Version          int
	DigestAlgorithms []pkix.AlgorithmIdentifier `asn1:"set"`
	Encapsulated     encapsulated
	Certificates     asn1.RawValue `asn1:"optional,tag:0"`
	Revocations      asn1.RawValue `asn1:"optional,tag:1"`
	Signers          []signerInfo  `asn1:"set"`
}

type encapsulated struct {
	Type    asn1.ObjectIdentifier
	Content asn1.RawValue `asn1:"explicit,optional,tag:0"`
}

type signerInfo struct {
	Version            int
	ID                 asn1.RawValue // issuerAndSerial
	DigestAlgorithm    pkix.AlgorithmIdentifier
	Signed             asn1.RawValue `asn1:"optional,tag:0"`
	SignatureAlgorithm pkix.AlgorithmIdentifier
	Signature          []byte
	Unsigned           asn1.RawValue `asn1:"optional,tag:1"`
}

type issuerAndSerial struct {
	Issuer asn1.RawValue
	Serial *big.Int
}

type attribute struct {
	Type   asn1.ObjectIdentifier
	Values []asn1.RawValue `asn1:"set"`
}

// signingCertificateV2 is RFC 5035, 3. A hash without an algorithm is SHA-256.
type signingCertificateV2 struct {
	Certs    []certIDv2
	Policies asn1.RawValue `asn1:"optional"`
}

type certIDv2 struct {
	Algorithm pkix.AlgorithmIdentifier `asn1:"optional"`
	Hash      []byte
	Issuer    asn1.RawValue `asn1:"optional"`
}

// Attributes are what a signer signs: the DER of the set of signed attributes over the SHA-256 digest of a document, under
// a certificate.
func Attributes(digest [sha256.Size]byte, certificate *x509.Certificate) ([]byte, error) {
	hash := sha256.Sum256(certificate.Raw)
	id, err := asn1.Marshal(signingCertificateV2{Certs: []certIDv2{{Hash: hash[:]}}})
	if err != nil {
		return nil, err
	}
	d, err := asn1.Marshal(digest[:])
	if err != nil {
		return nil, err
	}
	t, err := asn1.Marshal(oidData)
	if err != nil {
		return nil, err
	}
	var list [][]byte
	for _, a := range []attribute{
		{oidContentType, []asn1.RawValue{{FullBytes: t}}}, {oidMessageDigest, []asn1.RawValue{{FullBytes: d}}}, {oidCertificateV2, []asn1.RawValue{{FullBytes: id}}},
	} {
		b, err := asn1.Marshal(a)
		if err != nil {
			return nil, err
		}
		list = append(list, b)
	}
	slices.SortFunc(list, bytes.Compare) // a SET OF in DER (X.690, 11.6)
	return asn1.Marshal(asn1.RawValue{Tag: asn1.TagSet, IsCompound: true, Bytes: bytes.Join(list, nil)})
}

// Sign makes the CMS of a document's SHA-256 digest. chain begins with the signer's certificate; those that issued it
// follow, without the root where it is known anyway.
func Sign(key crypto.Signer, chain []*x509.Certificate, digest [sha256.Size]byte) ([]byte, error) {
	if len(chain) == 0 {
		return nil, errors.New("a signature needs its certificate")
	}
	attributes, err := Attributes(digest, chain[0])
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(attributes)
	signature, err := key.Sign(rand.Reader, sum[:], crypto.SHA256)
	if err != nil {
		return nil, fmt.Errorf("the key does not sign: %w", err)
	}
	return Assemble(attributes, signature, chain)
}

// Assemble joins what was signed (Attributes), its signature, in whatever device it was made, and the certificates.
func Assemble(attributes, signature []byte, chain []*x509.Certificate) ([]byte, error) {
	if len(chain) == 0 || len(attributes) == 0 || attributes[0] != asn1.TagSet|0x20 {
		return nil, errors.New("attributes and a certificate are needed")
	}
	algorithm, err := signatureAlgorithm(chain[0])
	if err != nil {
		return nil, err
	}
	var certificates []byte
	for _, c := range chain {
		certificates = append(certificates, c.Raw...)
	}
	id, err := asn1.Marshal(issuerAndSerial{asn1.RawValue{FullBytes: chain[0].RawIssuer}, chain[0].SerialNumber})
	if err != nil {
		return nil, err
	}
	tagged := slices.Clone(attributes)
	tagged[0] = byte(contextExplicit0) // IMPLICIT [0] in place of SET
	return wrapped(signedData{
		Version: 1, DigestAlgorithms: []pkix.AlgorithmIdentifier{sha256Algorithm}, Encapsulated: encapsulated{Type: oidData},
		Certificates: asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 0, IsCompound: true, Bytes: certificates},
		Signers: []signerInfo{{
			Version: 1, ID: asn1.RawValue{FullBytes: id}, DigestAlgorithm: sha256Algorithm,
			Signed: asn1.RawValue{FullBytes: tagged}, SignatureAlgorithm: algorithm, Signature: signature,
		}},
	})
}

func wrapped(d signedData) ([]byte, error) {
	inner, err := asn1.Marshal(d)
	if err != nil {
		return nil, err
	}
	return asn1.Marshal(contentInfo{oidSignedData, asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 0, IsCompound: true, Bytes: inner}})
}

func signatureAlgorithm(c *x509.Certificate) (pkix.AlgorithmIdentifier, error) {
	switch c.PublicKey.(type) {
	case *ecdsa.PublicKey:
		return pkix.AlgorithmIdentifier{Algorithm: append(slices.Clone(oidECDSAWith), 2)}, nil
	case *rsa.PublicKey:
		return pkix.AlgorithmIdentifier{Algorithm: oidRSAWithSHA256, Parameters: nothing}, nil
	}
	return pkix.AlgorithmIdentifier{}, fmt.Errorf("keys of kind %s do not sign papers: ECDSA or RSA", c.PublicKeyAlgorithm)
}

// WithTimestamp adds the token of a time-stamping authority (RFC 3161) over the signature's value: B-T.
func WithTimestamp(der, token []byte) ([]byte, error) {
	d, err := parse(der)
	if err != nil {
		return nil, err
	}
	a, err := asn1.Marshal(attribute{oidTimestamp, []asn1.RawValue{{FullBytes: token}}})
	if err != nil {
		return nil, err
	}
	d.Signers[0].Unsigned = asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 1, IsCompound: true, Bytes: a}
	return wrapped(*d)
}
