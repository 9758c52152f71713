package cms

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
)

// timestampRequest is RFC 3161, 2.4.1. There is no nonce: what is stamped is the digest of one signature and of no other
// thing, so that an answer to somebody else's question cannot be passed off as one to ours.
type timestampRequest struct {
	Version int
	Imprint struct {
		Algorithm pkix.AlgorithmIdentifier
		Digest    []byte
	}
	Certificates bool
}

// timestampResponse is RFC 3161, 2.4.2.
type timestampResponse struct {
	Status struct {
		Status int
		Text   []asn1.RawValue `asn1:"optional"`
		Fail   asn1.BitString  `asn1:"optional"`
	}
	Token asn1.RawValue `asn1:"optional"`
}

// TimestampRequest asks a time-stamping authority when a signature was there: the DER that is sent to it, over SHA-256 of
// the signature's value (ETSI EN 319 122-1, 5.3).
func TimestampRequest(der []byte) ([]byte, error) {
	s, err := Parse(der)
	if err != nil {
		return nil, err
	}
	if s.Timestamp != nil {
		return nil, errors.New("it bears a time stamp already")
	}
	q := timestampRequest{Version: 1, Certificates: true}
	sum := sha256.Sum256(s.Signature)
	q.Imprint.Algorithm, q.Imprint.Digest = sha256Algorithm, sum[:]
	return asn1.Marshal(q)
}

// Timestamped adds to a signature the token of an authority's response (RFC 3161, 2.4.2): B-T. It sees that the token is
// over this signature; whose it is, and whether it holds, is examined where the signature is.
func Timestamped(der, response []byte) ([]byte, error) {
	s, err := Parse(der)
	if err != nil {
		return nil, err
	}
	var r timestampResponse
	if rest, err := asn1.Unmarshal(response, &r); err != nil || len(rest) > 0 {
		return nil, errors.New("the authority's answer is none of RFC 3161")
	}
	if r.Status.Status != 0 && r.Status.Status != 1 || len(r.Token.FullBytes) == 0 {
		return nil, fmt.Errorf("the authority gives no time stamp: status %d, failure %x", r.Status.Status, r.Status.Fail.Bytes)
	}
	if sum := sha256.Sum256(s.Signature); !bytes.Contains(r.Token.FullBytes, sum[:]) {
		return nil, errors.New("the authority's time stamp is of another signature")
	}
	return WithTimestamp(der, r.Token.FullBytes)
}
