package main

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"kurultai/conference"
	"kurultai/language"
	"kurultai/paper"
	"kurultai/paper/cms"
	"kurultai/record"
	"kurultai/sealed"
	"kurultai/secretariat"
)

// inspections look into the files of acts before these are recorded: a certificate is one, a paper to be signed is that of
// its instrument, a signature is one of this paper as it stands. Each is what kurultai verify finds later, asked in time.
func inspections() map[string]secretariat.Inspect {
	p := &pens{}
	return map[string]secretariat.Inspect{"NameAuthority": inspectAuthority, "IssuePaper": inspectPaper, "EnterSignature": p.inspect, "SendNote": inspectNote, "PassNote": inspectNote}
}

func no(code conference.Code, rule string, args ...string) error {
	return &conference.Refusal{Code: code, Rule: rule, Args: args}
}

// inspectAuthority refuses what is no certificate of a certification authority (RFC 5280, 4.2.1.9), or one whose key is weak.
func inspectAuthority(ctx context.Context, v *secretariat.Ahead, _ record.Instant, events []conference.Event) error {
	for _, e := range events {
		named, ok := e.Body.(*conference.AuthorityNamed)
		if !ok {
			continue
		}
		der, err := v.Blob(ctx, named.Certificate.Digest)
		if err != nil {
			return fmt.Errorf("reading the certificate: %w", err)
		}
		if c, err := x509.ParseCertificate(der); err != nil || !c.IsCA || !c.BasicConstraintsValid || !cms.Strong(c) {
			return no("no-certificate-authority", "RFC 5280 4.2.1.9")
		}
	}
	return nil
}

// inspectNote refuses a note that is not encrypted, or to another number of keys than its act names: what can be read is
// not even kept.
func inspectNote(ctx context.Context, v *secretariat.Ahead, _ record.Instant, events []conference.Event) error {
	for _, e := range events {
		var keys []int64
		var file record.Blob
		switch b := e.Body.(type) {
		case *conference.NoteSent:
			keys, file = b.Keys, b.Ciphertext
		case *conference.NotePassed:
			keys, file = b.Keys, b.Ciphertext
		default:
			continue
		}
		b, err := v.Blob(ctx, file.Digest)
		if err != nil {
			return fmt.Errorf("reading the ciphertext: %w", err)
		}
		if n, err := sealed.Stanzas(b); err != nil || n != len(keys) {
			return no("not-sealed", "age-encryption.org/v1", fmt.Sprintf("%d/%d", n, len(keys)))
		}
	}
	return nil
}

// inspectPaper refuses a paper to be signed that is not what this program sets from the record: nobody could sign it.
func inspectPaper(ctx context.Context, v *secretariat.Ahead, _ record.Instant, events []conference.Event) error {
	for _, e := range events {
		issued, ok := e.Body.(*conference.PaperIssued)
		if !ok {
			continue
		}
		if _, tells := v.State().Notification(conference.NoteID(issued.Symbol)); tells {
			if err := inspectLetter(ctx, archiveAhead(v), *issued); err != nil {
				return err
			}
			continue
		}
		id := conference.InstrumentID(issued.Symbol)
		if _, signs := v.State().Instrument(id); !signs {
			continue
		}
		if d, err := paper.AsIssued(ctx, archiveAhead(v), id, *issued); err != nil || d != issued.Digest {
			return no("other-paper", "ETSI EN 319 142-1", string(id))
		}
	}
	return nil
}

// inspectLetter refuses a letter that is not what this program sets of the notification.
func inspectLetter(ctx context.Context, a paper.Archive, issued conference.PaperIssued) error {
	l, ok := language.Get(string(issued.Language))
	if ok && issued.Size > 0 && issued.Size < a.State().Size {
		past, err := a.Past(ctx, issued.Size)
		if err != nil {
			return err
		}
		a = past
	}
	if ok {
		if b, err := paper.CircularIssued(a, conference.NoteID(issued.Symbol), l); err == nil && record.DigestOf(b) == issued.Digest {
			return nil
		}
	}
	return no("other-paper", "VCLT 78", string(issued.Symbol))
}

func archiveAhead(v *secretariat.Ahead) paper.Archive {
	return paper.NewArchive(v, func(ctx context.Context, size int64) (*secretariat.Ahead, error) { return v.At(ctx, size) })
}

// pens inspects signatures. The paper that is being signed is kept, so that the next signature costs what it adds.
type pens struct {
	mu   sync.Mutex
	last *paper.Signing
}

func (p *pens) inspect(ctx context.Context, v *secretariat.Ahead, at record.Instant, events []conference.Event) error {
	for _, e := range events {
		if entered, ok := e.Body.(*conference.SignatureEntered); ok {
			if err := p.entered(ctx, archiveAhead(v), at, entered); err != nil {
				return err
			}
		}
	}
	return nil
}

func (p *pens) entered(ctx context.Context, a paper.Archive, at record.Instant, e *conference.SignatureEntered) error {
	value, err := a.Blob(ctx, e.Signature.Digest)
	if err != nil {
		return fmt.Errorf("reading the signature: %w", err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	s, err := p.signing(ctx, a, e.Instrument)
	if err != nil {
		return fmt.Errorf("setting the paper of %s: %w", e.Instrument, err)
	}
	return inspectSignature(ctx, a, s, e, value, at)
}

// signing is the paper as it stands.
func (p *pens) signing(ctx context.Context, a paper.Archive, id conference.InstrumentID) (*paper.Signing, error) {
	if s := p.last; s != nil && s.Instrument.Instrument == id {
		if same, err := s.Follow(ctx, a); same && err == nil {
			return s, nil
		}
	}
	s, err := paper.SigningOf(ctx, a, id)
	p.last = s
	return s, err
}

const pades = "ETSI EN 319 142-1"

// flawed are the refusals of what is no signature, by what is wrong with it.
var flawed = map[string]conference.Code{
	cms.WeakDigest: "weak-signature", cms.WeakKey: "weak-signature",
	cms.CertificateUnnamed: "signer-unnamed", cms.CertificateOther: "signer-unnamed",
	cms.OtherDocument: "other-document", cms.NotByItsCertificate: "false-signature",
}

// inspectSignature refuses a signature that does not hold on the paper as it stands, in the field of who signs, under the
// authority the party named, with the time of the authority that is named for it, if one is.
func inspectSignature(ctx context.Context, a paper.Archive, s *paper.Signing, e *conference.SignatureEntered, value []byte, at record.Instant) error {
	signer := string(e.Party)
	if signer == "" {
		signer = "depositary"
	}
	roots, err := authorities(ctx, a, s.Instrument, s.Language, true)
	if err != nil {
		return err
	}
	own, stamped := false, false
	for _, r := range roots {
		own, stamped = own || slices.Contains(r.Fields, e.Field), stamped || r.Timestamps
	}
	if !own {
		return no("no-authority", "ETSI EN 319 102-1", signer)
	}
	found, err := s.Examine(e.Party, value, roots, time.UnixMilli(int64(at)))
	var flaw *cms.Flaw
	switch {
	case errors.As(err, &flaw) && flawed[flaw.Code] != "":
		return no(flawed[flaw.Code], pades, e.Field)
	case err != nil:
		return no("no-signature", pades, e.Field)
	case stamped && found.When.IsZero() && len(found.Problems) == 0:
		return no("no-time-stamp", "ETSI EN 319 142-1 6.3, RFC 3161", e.Field)
	}
	for _, p := range found.Problems {
		switch p.Code {
		case "timestamp-cms", "timestamp-authority":
			return no("false-time-stamp", "RFC 3161", e.Field)
		case "certificate-usage", "certificate-time", "key-large":
			return no("certificate-unfit", "RFC 5280", e.Field)
		default:
			return no("other-authority", "ETSI EN 319 102-1", signer)
		}
	}
	return nil
}
