package paper

import (
	"bytes"
	"context"
	"crypto/x509"
	"fmt"

	"kurultai/conference"
	"kurultai/record"
)

// IssuedAs is the instrument whose paper, as the record issued it, a file begins with. Nothing is set for that: what is
// compared is the digest under which the paper left the house. It hashes at each place at which a revision of a PDF may
// end, so many at most that a file made to exhaust costs no more than a few readings of it.
func IssuedAs(s *conference.State, file []byte) (conference.Instrument, bool) {
	issued := map[record.Digest]conference.Instrument{}
	for _, i := range s.Instruments() {
		if i.Paper > 0 {
			issued[i.Issue.Digest] = i
		}
	}
	end := []byte("%%EOF")
	for at, n := 0, 0; n < maxEnds && len(issued) > 0; n++ {
		next := bytes.Index(file[at:], end)
		if next < 0 {
			break
		}
		at += next + len(end)
		for _, behind := range []string{"\n", ""} {
			if bytes.HasPrefix(file[at:], []byte(behind)) {
				if i, ok := issued[record.DigestOf(file[:at+len(behind)])]; ok {
					return i, true
				}
			}
		}
	}
	return conference.Instrument{}, false
}

// maxEnds bounds how many beginnings of a file are hashed.
const maxEnds = 4

// Holds reports whether a file is the paper as the record holds it, with the same signatures or the first of them; more is
// how many the record holds beyond those.
func (s *Signing) Holds(file []byte) (more int, ok bool) {
	whole, held := s.Paper.Bytes(), bytes.TrimRight(file, "\r\n")
	for at, end := range s.Ends {
		if len(bytes.TrimRight(whole[:end], "\r\n")) == len(held) && bytes.HasPrefix(whole, held) {
			return len(s.Ends) - 1 - at, true
		}
	}
	return 0, false
}

// An Authority is a certificate that the record names, of those whose certificates count.
type Authority struct {
	conference.Authority
	Certificate *x509.Certificate
}

// Authorities are the authorities that the record names, withdrawn ones too. One whose certificate cannot be read is left
// out: nobody is certified by it.
func Authorities(ctx context.Context, a interface {
	State() *conference.State
	Blob(ctx context.Context, d record.Digest) ([]byte, error)
}) (list []Authority, err error) {
	for _, x := range a.State().Authorities() {
		der, err := a.Blob(ctx, x.AuthorityNamed.Certificate.Digest)
		if err != nil {
			return nil, fmt.Errorf("entry %d: %w", x.Index, err)
		}
		if c, err := x509.ParseCertificate(der); err == nil {
			list = append(list, Authority{x, c})
		}
	}
	return list, nil
}
