package main

import (
	"bytes"
	"cmp"
	"context"
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"kurultai/conference"
	"kurultai/paper"
	"kurultai/paper/cms"
	"kurultai/paper/examine"
	"kurultai/paper/seal"
	"kurultai/secretariat"
)

const signUsage = `usage: kurultai sign prepare -data DIR -certificate FILE [-for PARTY] -o FILE INSTRUMENT
       kurultai sign make -certificate FILE -key FILE -o FILE PREPARED.pdf
       kurultai sign stamp -tsa URL -o FILE SIGNATURE
       kurultai sign embed -o FILE PREPARED.pdf SIGNATURE

Signs an instrument on its paper, step by step, so that the key can be where no record is. Take the pen first
(act TakePen): it is yours for ten minutes, and nothing comes between. The signature goes into the record by
the act EnterSignature; prepare prints each line that follows.

  prepare   sets the paper as it stands, with room for one signature more; the certificate is held against the
            authority the party named
  make      signs what was prepared, by a key in a file. For a card or a security module: -bytes writes what it
            is to sign, kurultai-token signs that, -value takes what came back
  stamp     adds the time of a time-stamping authority (RFC 3161); needed where the record names one
  embed     puts the signature into the file that was prepared, to look at or to verify

  -data DIR           the record; it may be served meanwhile
  -for PARTY          whose signature; the depositary's, who certifies the paper, without this flag
  -certificate FILE   the signer's certificate, behind it those between it and the authority (PEM, or one in DER)
  -key FILE           the private key (PEM, PKCS#8, not encrypted); readable by you alone
  -bytes FILE         make: in place of signing, write there what a device is to sign, by SHA-256
  -value FILE         make: what the device gave back: ECDSA (DER) or RSA (PKCS#1 v1.5)
  -tsa URL            the authority; prepare prints the one the record names
  -o FILE             where to write it

example: kurultai sign prepare -data lakes -for xl -certificate minister.pem -o statute.pdf statute
`

func signCommand() command {
	var s sealer
	return command{
		usage: signUsage,
		flags: s.flags,
		run: func(ctx context.Context, io streams, args []string) error {
			steps := map[string]struct {
				files int
				run   func(*sealer, context.Context, streams, []string) error
			}{"prepare": {1, (*sealer).prepare}, "make": {1, (*sealer).make}, "stamp": {1, (*sealer).stamp}, "embed": {2, (*sealer).embed}}
			if len(args) == 0 || steps[args[0]].run == nil {
				return errUsage{"say prepare, make, stamp or embed"}
			}
			rest, err := stepFlags(args, s.flags)
			if err != nil {
				return err
			}
			step := steps[args[0]]
			if rest.NArg() != step.files || s.out == "" && args[0] != "make" {
				return errUsage{args[0] + ": its flags, -o FILE among them, and what it works on"}
			}
			return step.run(&s, ctx, io, rest.Args())
		},
	}
}

// A sealer is one step of a signature.
type sealer struct {
	dir, party, certificate, key, bytes, value, tsa, out string
}

func (s *sealer) flags(f *flag.FlagSet) {
	f.StringVar(&s.dir, "data", s.dir, "")
	f.StringVar(&s.party, "for", s.party, "")
	f.StringVar(&s.certificate, "certificate", s.certificate, "")
	f.StringVar(&s.key, "key", s.key, "")
	f.StringVar(&s.bytes, "bytes", s.bytes, "")
	f.StringVar(&s.value, "value", s.value, "")
	f.StringVar(&s.tsa, "tsa", s.tsa, "")
	f.StringVar(&s.out, "o", s.out, "")
}

// prepare writes the paper with room for a signature.
func (s *sealer) prepare(ctx context.Context, io streams, args []string) error {
	if s.dir == "" || s.certificate == "" {
		return errUsage{"prepare: -data DIR and -certificate FILE are needed"}
	}
	chain, err := readCertificates(s.certificate)
	if err != nil {
		return err
	}
	h, v, err := readView(ctx, s.dir)
	if err != nil {
		return err
	}
	defer h.Close()
	id, err := instrumentNamed(v.State(), args[0])
	if err != nil {
		return err
	}
	party := conference.PartyID(s.party)
	i, _ := v.State().Instrument(id)
	if len(i.FieldsOf(party)) == 0 {
		return hinted{fmt.Errorf("%s is no signatory of %s", party, id), "signatories are " + fmt.Sprint(i.Signatories)}
	}
	signing, err := paper.SigningOf(ctx, archive(v), id)
	if err != nil {
		return err
	}
	roots, err := authorities(ctx, archive(v), i, signing.Language, true)
	if err != nil {
		return err
	}
	prepared, err := signing.Prepare(party, chain[0])
	if err != nil {
		return err
	}
	if list := examine.Trusted(chain[0], chain, roots, prepared.Field(), time.Now()); len(list) > 0 {
		return hinted{fmt.Errorf("the certificate in %s: %w", s.certificate, list[0]), "name its authority first (act NameAuthority), or sign with a certificate of the one that is named"}
	}
	file := signing.Paper.Vacant(prepared)
	if err := os.WriteFile(s.out, file, 0o644); err != nil {
		return err
	}
	digest := prepared.Digest()
	fmt.Fprintf(io.out, "prepared field %s of %s; to be signed: SHA-256 %x\n", prepared.Field(), id, digest)
	s.next(io, v, i, party)
	return nil
}

// next says what comes behind prepare, and what is in its way.
func (s *sealer) next(io streams, v *secretariat.View, i conference.Instrument, party conference.PartyID) {
	st := v.State()
	switch pen, held := i.PenOf(st.Last); {
	case !held:
		fmt.Fprintln(io.talk, "mind: nobody has the pen; who signs meanwhile makes this one void (act TakePen)")
	case pen.Party != party:
		fmt.Fprintf(io.talk, "mind: %s has the pen until %s; its signature makes this one void\n", cmp.Or(string(pen.Party), "the depositary"), pen.Until)
	}
	signature := strings.TrimSuffix(s.out, filepath.Ext(s.out)) + ".p7s"
	fmt.Fprintf(io.talk, "next: kurultai sign make -certificate %s -key KEY -o %s %s\n", s.certificate, signature, s.out)
	for _, a := range st.Authorities() {
		if a.Use == conference.ForTime && a.Withdrawn == 0 {
			fmt.Fprintf(io.talk, "then: kurultai sign stamp -tsa %s -o %s %s\n", cmp.Or(a.Address, "URL"), signature, signature)
			break
		}
	}
	who := ""
	if party != "" {
		who = " -for " + string(party)
	}
	fmt.Fprintf(io.talk, "then: kurultai act -data %s -key OFFICER%s EnterSignature '{\"instrument\":\"%s\",\"signature\":{\"file\":\"%s\"}}'\n", s.dir, who, i.Instrument, signature)
}

// maxKeyFile bounds files with keys and certificates.
const maxKeyFile = 1 << 20

// readCertificates reads the signer's certificate and those behind it.
func readCertificates(path string) (list []*x509.Certificate, err error) {
	b, err := readBounded(path, maxKeyFile)
	if err != nil {
		return nil, err
	}
	if c, err := x509.ParseCertificate(b); err == nil {
		return []*x509.Certificate{c}, nil
	}
	for block, rest := pem.Decode(b); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			continue
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		list = append(list, c)
	}
	if len(list) == 0 {
		return nil, hinted{fmt.Errorf("%s holds no certificate", path), "PEM is read, the signer's certificate first, or one certificate in DER"}
	}
	return list, nil
}

// readKey reads a private key that nobody else can read.
func readKey(path string) (crypto.Signer, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, hinted{fmt.Errorf("%s can be read by others", path), "chmod 600 " + path}
	}
	b, err := readBounded(path, maxKeyFile)
	if err != nil {
		return nil, err
	}
	none := hinted{fmt.Errorf("%s holds no private key for signing", path), "openssl pkcs8 -topk8 -nocrypt -in KEY -out " + path + " writes it as it is read here"}
	for block, rest := pem.Decode(b); block != nil; block, rest = pem.Decode(rest) {
		var key any
		switch block.Type {
		case "PRIVATE KEY":
			key, err = x509.ParsePKCS8PrivateKey(block.Bytes)
		case "EC PRIVATE KEY":
			key, err = x509.ParseECPrivateKey(block.Bytes)
		case "RSA PRIVATE KEY":
			key, err = x509.ParsePKCS1PrivateKey(block.Bytes)
		default:
			continue
		}
		if signer, ok := key.(crypto.Signer); ok && err == nil {
			return signer, nil
		}
	}
	return nil, none
}

func readVacancy(path string) (seal.Vacancy, error) {
	file, err := readBounded(path, maxPDF)
	if err != nil {
		return seal.Vacancy{}, err
	}
	v, err := seal.VacancyIn(file)
	if err != nil {
		return v, hinted{fmt.Errorf("%s: %w", path, err), "kurultai sign prepare makes one"}
	}
	return v, nil
}

// make signs what was prepared; or writes what a device is to sign, or takes what it signed.
func (s *sealer) make(_ context.Context, io streams, args []string) error {
	ways := slices.DeleteFunc([]string{s.key, s.bytes, s.value}, func(way string) bool { return way == "" })
	if s.certificate == "" || len(ways) != 1 || s.out == "" && s.bytes == "" {
		return errUsage{"make: -certificate FILE, and one of -key, -bytes and -value are needed"}
	}
	chain, err := readCertificates(s.certificate)
	if err != nil {
		return err
	}
	v, err := readVacancy(args[0])
	if err != nil {
		return err
	}
	attributes, err := cms.Attributes(v.Digest(), chain[0])
	if err != nil {
		return err
	}
	var der []byte
	switch {
	case s.bytes != "":
		return os.WriteFile(s.bytes, attributes, 0o644)
	case s.value != "":
		value, err := readBounded(s.value, maxKeyFile)
		if err != nil {
			return err
		}
		if der, err = cms.Assemble(attributes, value, chain); err != nil {
			return err
		}
	default:
		key, err := readKey(s.key)
		if err != nil {
			return err
		}
		if der, err = cms.Sign(key, chain, v.Digest()); err != nil {
			return err
		}
	}
	if err := holds(der, v); err != nil {
		return hinted{err, "do key and certificate belong together? does the device sign by SHA-256?"}
	}
	fmt.Fprintf(io.out, "signed by %s: SHA-256 %x\n", chain[0].Subject.CommonName, v.Digest())
	return os.WriteFile(s.out, der, 0o644)
}

// holds sees that a signature is one of what was prepared.
func holds(der []byte, v seal.Vacancy) error {
	signed, err := cms.Parse(der)
	if err != nil {
		return err
	}
	digest := v.Digest()
	return signed.Verify(digest[:])
}

// stamp adds the time of an authority.
func (s *sealer) stamp(ctx context.Context, io streams, args []string) error {
	if s.tsa == "" {
		return errUsage{"stamp: -tsa URL is needed"}
	}
	der, err := readBounded(args[0], seal.ContentsSize)
	if err != nil {
		return err
	}
	stamped, err := timestamped(ctx, s.tsa, der)
	if err != nil {
		return hinted{fmt.Errorf("%s: %w", args[0], err), "the signature stays as it was; ask again, or another address of the authority"}
	}
	if len(stamped) > seal.ContentsSize {
		return fmt.Errorf("with the time stamp of %s the signature has %d bytes: %d at most", s.tsa, len(stamped), seal.ContentsSize)
	}
	fmt.Fprintf(io.out, "stamped by %s\n", s.tsa)
	return os.WriteFile(s.out, stamped, 0o644)
}

// embed puts a signature into what was prepared.
func (s *sealer) embed(_ context.Context, _ streams, args []string) error {
	v, err := readVacancy(args[0])
	if err != nil {
		return err
	}
	der, err := readBounded(args[1], seal.ContentsSize)
	if err != nil {
		return err
	}
	if err := holds(der, v); err != nil {
		return fmt.Errorf("%s: %w", args[1], err)
	}
	file, err := v.Fill(der)
	if err != nil {
		return err
	}
	return os.WriteFile(s.out, file, 0o644)
}

// timestamped asks a time-stamping authority over HTTP (RFC 3161, 3.4).
func timestamped(ctx context.Context, address string, der []byte) ([]byte, error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, errUsage{"-tsa is an address, as https://tsa.example/"}
	}
	query, err := cms.TimestampRequest(der)
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(query))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/timestamp-query")
	client := &http.Client{Timeout: patience, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	answer, err := client.Do(r)
	if err != nil {
		return nil, fmt.Errorf("asking the time-stamping authority: %w", err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the time-stamping authority answers %s", answer.Status)
	}
	response, err := io.ReadAll(io.LimitReader(answer.Body, maxKeyFile))
	if err != nil {
		return nil, fmt.Errorf("reading the time stamp: %w", err)
	}
	return cms.Timestamped(der, response)
}
