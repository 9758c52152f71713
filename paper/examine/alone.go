package examine

import (
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"time"

	"kurultai/paper/cms"
)

// ErrNotSHA256 says that a signature digests its document by another algorithm than papers are signed over.
var ErrNotSHA256 = errors.New("papers are signed over SHA-256")

// Alone examines a signature that stands in no file yet: value is its CMS, digest the SHA-256 of what it is to sign, field
// where it is to stand. The error, a *cms.Flaw or ErrNotSHA256, says why it is no signature of that; whose its certificate
// is, and what is wrong with its timestamp, stands in the Problems. A certificate without timestamp is to be valid at the
// time given.
func Alone(value []byte, digest [sha256.Size]byte, field string, roots []Root, at time.Time) (Signature, error) {
	s := Signature{Field: field}
	c, err := cms.Parse(value)
	if err != nil {
		return s, err
	}
	s.Certificate = c.Certificate
	if keyTooLarge(c.Certificate) {
		s.problem("key-large", maxModulus)
		return s, nil
	}
	if c.Hash != crypto.SHA256 {
		return s, ErrNotSHA256
	}
	if err := c.Verify(digest[:]); err != nil {
		return s, err
	}
	if c.Timestamp != nil {
		s.stamped(c.Timestamp, c.Signature, roots)
	}
	if !s.When.IsZero() {
		at = s.When
	}
	s.trusted(c, roots, at)
	return s, nil
}

// Trusted says why a certificate, which comes with others, is none of whose field it is, at a time.
func Trusted(c *x509.Certificate, with []*x509.Certificate, roots []Root, field string, at time.Time) []Finding {
	_, problems := chain(c, with, roots, field, at)
	return problems
}
