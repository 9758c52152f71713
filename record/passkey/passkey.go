// Package passkey is an authenticator without a device: a P-256 key in a file that makes assertions as a browser with a
// passkey does (WebAuthn Level 3 section 6.3.3). The terminal attests acts with it, and tests do.
//
// A key in a file is guarded by the file's mode alone, so what it says of its user, "present and verified", is the word
// of whoever runs the program.
package passkey

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"

	"kurultai/record"
	"kurultai/record/canonical"
)

// A Key attests acts.
type Key struct {
	private *ecdsa.PrivateKey
	chance  io.Reader
}

// New draws a key. Since Go 1.26 crypto/ecdsa draws from the system's chance, whatever it is given, so no two keys are
// alike; signatures too.
func New(chance io.Reader) (*Key, error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), chance)
	if err != nil {
		return nil, fmt.Errorf("drawing a key: %w", err)
	}
	return &Key{private, chance}, nil
}

// maxFile is the largest file taken for a key, in bytes.
const maxFile = 10_000

// Open reads a key from a file: PEM, PKCS #8 (RFC 5958), P-256. A file others may read is refused.
func Open(path string, chance io.Reader) (*Key, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil {
		return nil, err
	} else if info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("%s can be read by others: chmod 600 it", path)
	}
	text, err := io.ReadAll(io.LimitReader(f, maxFile))
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", path, err)
	}
	k, err := parse(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return &Key{k, chance}, nil
}

func parse(text []byte) (*ecdsa.PrivateKey, error) {
	block, _ := pem.Decode(text)
	if block == nil || block.Type != "PRIVATE KEY" {
		return nil, errors.New("no PEM of a private key (PKCS #8)")
	}
	k, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, err
	}
	private, ok := k.(*ecdsa.PrivateKey)
	if !ok || private.Curve != elliptic.P256() {
		return nil, errors.New("not a key of P-256")
	}
	return private, nil
}

// Save writes the key to a new file that its owner alone may read.
func (k *Key) Save(path string) error {
	der, err := x509.MarshalPKCS8PrivateKey(k.private)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	err = pem.Encode(f, &pem.Block{Type: "PRIVATE KEY", Bytes: der})
	return errors.Join(err, f.Sync(), f.Close())
}

// Public is the public key as the record holds it: 65 bytes of an uncompressed point (SEC 1 section 2.3.3), base64url.
func (k *Key) Public() string {
	b, err := k.private.PublicKey.Bytes()
	if err != nil {
		panic("passkey: " + err.Error()) // a key of P-256 has its bytes
	}
	return canonical.EncodeBytes(b)
}

// Credential is the key's id: the SHA-256 of its public key, base64url.
func (k *Key) Credential() string {
	b, _ := canonical.DecodeBytes(k.Public())
	h := sha256.Sum256(b)
	return canonical.EncodeBytes(h[:])
}

// Attest makes the assertion for an act as a browser at origin would, for the domain (relying party id) the record
// names. The act has a notAfter, or nobody will take it.
func (k *Key) Attest(s *record.Submitted, domain, origin string) (record.Attestation, error) {
	challenge := s.Challenge()
	return k.Assert(challenge[:], domain, origin)
}

// Assert makes an assertion over any challenge.
func (k *Key) Assert(challenge []byte, domain, origin string) (record.Attestation, error) {
	return k.Sign(fmt.Appendf(nil, `{"type":"webauthn.get","challenge":"%s","origin":"%s","crossOrigin":false}`, canonical.EncodeBytes(challenge), origin), domain)
}

// Sign makes an assertion over client data as they stand.
func (k *Key) Sign(client []byte, domain string) (record.Attestation, error) {
	party := sha256.Sum256([]byte(domain))
	data := append(party[:], 0x05, 0, 0, 0, 0) // user present and verified; no counter (section 6.1.1)
	digest := sha256.Sum256(client)
	signed := sha256.Sum256(append(data[:len(data):len(data)], digest[:]...))
	signature, err := ecdsa.SignASN1(k.chance, k.private, signed[:])
	if err != nil {
		return record.Attestation{}, fmt.Errorf("signing: %w", err)
	}
	return record.Attestation{AuthenticatorData: canonical.EncodeBytes(data), ClientDataJSON: canonical.EncodeBytes(client), Credential: k.Credential(), Signature: canonical.EncodeBytes(signature)}, nil
}
