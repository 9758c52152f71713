package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"filippo.io/age"
	"golang.org/x/text/unicode/norm"

	"kurultai/conference"
	"kurultai/record"
	"kurultai/record/canonical"
	"kurultai/record/sqlite"
	"kurultai/sealed"
	"kurultai/secretariat"
	"kurultai/web"
)

const sealedUsage = `usage: kurultai sealed keygen [-passphrase FILE] -o FILE
       kurultai sealed keys -data DIR | -url URL -key FILE
       kurultai sealed list [-for PARTY] -data DIR -by PERSON | -url URL -key FILE
       kurultai sealed send [flags] FILE
       kurultai sealed open [-receipt] [-o DIR] -identity FILE [flags] ENTRY
       kurultai sealed pass [-to PARTY,…] [-keys N,…] -identity FILE [flags] ENTRY

Notes and papers that the record's keeper cannot read. They are encrypted and opened here, to keys on deposit in the
record (act DepositRecipient); what goes to the record is ciphertext, digests, and to whom. FILE may be - for what comes in.

  keygen   makes a key in a file and prints its public half, to be deposited
  keys     lists the keys on deposit with their fingerprints; those of a copy of your own (kurultai follow) are those
           your own node has verified
  list     lists the notes of the registry
  send     encrypts what stands in FILE and sends it
  open     opens a note, holds it against its digest, prints it, and writes its files to -o
  pass     encrypts a note anew: for keys its holders deposited since, for -keys, or for the parties of -to

  -data DIR          the record, which must not be served meanwhile; for keys it may be, and may be a copy
  -url URL           in place of it a running node; signs in with -key and attests with it
  -copy DIR          with -url: a copy of the record that your own node follows. Keys are taken from there, and a node
                     that names another, or puts other words into a sender's mouth, is refused
  -key FILE, -by PERSON, -as CAPACITY, -for PARTY, -tripwire FILE, -json     as kurultai act has them
  -identity FILE     the secret half of a key; it stays here
  -passphrase FILE   holds the passphrase in its first line
  -to PARTY,…        addressees; secretariat for the secretariat
  -number N          in your own series; the next one, without this flag
  -form F            verbale, letter or paper                        (verbale)
  -date DAY          the day it bears                                (today)
  -mark M            ordinary, restricted, confidential or personal  (restricted)
  -passing W         who may pass it on: nobody, addressees, holders (nobody)
  -reply-by DAY, -answers ENTRY, -refers ENTRY, -subject TEXT, -attach FILE (again for each)

example: kurultai sealed send -url https://assembly.example -copy mine -key officer.key -to xa -subject Levels note.txt
`

func sealedCommand() command {
	var c correspondent
	return command{
		usage: sealedUsage,
		flags: c.flags,
		run: func(ctx context.Context, io streams, args []string) error {
			steps := map[string]struct {
				args int
				run  func(*correspondent, context.Context, streams, []string) error
			}{"keygen": {0, (*correspondent).keygen}, "keys": {0, (*correspondent).listKeys}, "list": {0, (*correspondent).list}, "send": {1, (*correspondent).send}, "open": {1, (*correspondent).open}, "pass": {1, (*correspondent).pass}}
			if len(args) == 0 || steps[args[0]].run == nil {
				return errUsage{"say keygen, keys, list, send, open or pass"}
			}
			rest, err := stepFlags(args, c.flags)
			if err != nil {
				return err
			}
			step := steps[args[0]]
			if rest.NArg() != step.args {
				return errUsage{args[0] + ": its flags, and what it works on"}
			}
			if args[0] != "keygen" && (c.dir == "") == (c.url == "") {
				return errUsage{"-data DIR or -url URL is needed"}
			}
			if c.url != "" && c.key == "" {
				return errUsage{"at a node -key FILE says who acts"}
			}
			return step.run(&c, ctx, io, rest.Args())
		},
	}
}

// A correspondent writes and reads sealed notes from a terminal.
type correspondent struct {
	terminal
	copy, identity, passphrase, out                                               string
	to, number, form, date, mark, passing, replyBy, subject, keys, answers, refer string
	attach                                                                        repeated
	receipt                                                                       bool
}

// repeated is a flag that is given again and again.
type repeated []string

func (l *repeated) String() string     { return strings.Join(*l, ", ") }
func (l *repeated) Set(s string) error { *l = append(*l, s); return nil }

func (c *correspondent) flags(f *flag.FlagSet) {
	text := func(v *string, name, otherwise string) {
		if *v == "" {
			*v = otherwise
		}
		f.StringVar(v, name, *v, "")
	}
	text(&c.dir, "data", "")
	text(&c.url, "url", "")
	text(&c.copy, "copy", "")
	text(&c.key, "key", "")
	text(&c.by, "by", "")
	text(&c.as, "as", "")
	text(&c.party, "for", "")
	text(&c.tripwire, "tripwire", "")
	text(&c.identity, "identity", "")
	text(&c.passphrase, "passphrase", "")
	text(&c.out, "o", "")
	text(&c.to, "to", "")
	text(&c.number, "number", "")
	text(&c.form, "form", "verbale")
	text(&c.date, "date", "")
	text(&c.mark, "mark", "restricted")
	text(&c.passing, "passing", "nobody")
	text(&c.replyBy, "reply-by", "")
	text(&c.subject, "subject", "")
	text(&c.keys, "keys", "")
	text(&c.answers, "answers", "")
	text(&c.refer, "refers", "")
	f.Var(&c.attach, "attach", "")
	f.BoolVar(&c.receipt, "receipt", c.receipt, "")
	f.BoolVar(&c.asJSON, "json", c.asJSON, "")
}

// keygen makes a key in a file that nobody else can read.
func (c *correspondent) keygen(_ context.Context, io streams, _ []string) error {
	if c.out == "" {
		return errUsage{"keygen: -o FILE is needed"}
	}
	word, err := c.word()
	if err != nil {
		return err
	}
	f, err := os.OpenFile(c.out, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	recipient, err := sealed.WriteIdentity(f, word)
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	fmt.Fprintf(io.out, "%s\n", recipient)
	fmt.Fprintf(io.talk, "fingerprint %s\nkurultai act … DepositRecipient '{\"recipient\":%q,\"use\":\"node\"}' deposits it\n", sealed.Fingerprint(recipient), recipient)
	return nil
}

// word is the passphrase, "" where none is named.
func (c *correspondent) word() (string, error) {
	if c.passphrase == "" {
		return "", nil
	}
	b, err := readBounded(c.passphrase, 4096)
	line, _, _ := strings.Cut(string(b), "\n")
	if line = strings.TrimRight(line, "\r"); err == nil && line == "" {
		err = fmt.Errorf("%s holds no passphrase", c.passphrase)
	}
	return line, err
}

// A desktop is where the registry is: a record here, or a node elsewhere.
type desktop interface {
	registry(ctx context.Context) (web.RegistryView, error)
	ciphertext(ctx context.Context, note int64, digest string) ([]byte, error)
	opening(ctx context.Context, note int64) ([]byte, error)
	submit(ctx context.Context, io streams, act string, fields canonical.Value, blobs ...[]byte) error
}

// at works at the registry, wherever it is.
func (c *correspondent) at(ctx context.Context, work func(desktop) error) error {
	if c.url != "" {
		n, err := newNode(c.url)
		if err != nil {
			return err
		}
		h, err := n.holder(ctx, c.key)
		if err != nil {
			return err
		}
		return work(&there{n, h, c})
	}
	return c.terminal.open(ctx, func(h *house) error { return work(&here{h, c}) })
}

// here is a record of which this process is the writer.
type here struct {
	h *house
	c *correspondent
}

func (d *here) office() (conference.Office, error) {
	author, err := d.c.signer(d.h, d.c.key, d.c.by)
	if err != nil || author.person == "" {
		return conference.Office{}, errors.Join(err, errUsage{"-key FILE or -by PERSON says who acts"})
	}
	st := d.h.s.View().State()
	act, _ := st.Lookup("SendNote")
	as, party := d.c.capacity(act, st.OfficesOf(conference.PersonID(author.person), d.h.s.Now()))
	return conference.Office{Person: conference.PersonID(author.person), Capacity: conference.Capacity(as), For: conference.PartyID(party)}, nil
}

func (d *here) registry(context.Context) (web.RegistryView, error) {
	o, err := d.office()
	now := d.h.s.Now()
	return web.RegistryOf(d.h.log.Origin(), d.h.s.View().State(), o, conference.Date(now.String()[:10]), now), err
}

func (d *here) ciphertext(ctx context.Context, _ int64, digest string) ([]byte, error) {
	return d.h.s.View().Blob(ctx, record.Digest(digest))
}

func (d *here) opening(ctx context.Context, note int64) ([]byte, error) {
	text, err := d.h.s.View().Entry(ctx, note)
	if err != nil {
		return nil, err
	}
	e, err := record.ParseEntry(string(text), note)
	if err != nil {
		return nil, err
	}
	return d.h.s.View().OpenClosed(ctx, e.Closed)
}

func (d *here) submit(ctx context.Context, io streams, act string, fields canonical.Value, blobs ...[]byte) error {
	receipt, err := d.c.terminal.submit(ctx, d.h, act, fields, blobs...)
	if err != nil {
		return err
	}
	return d.c.tell(io, act, receipt.Index, receipt.At.String(), kindsOf(receipt.Events))
}

// there is a node: asked over HTTP, as a browser asks it.
type there struct {
	n *node
	h keyholder
	c *correspondent
}

// read fetches what is for who signs in, and nobody else.
func (d *there) read(ctx context.Context, rest string, most int64) ([]byte, error) {
	act := conference.Catalogue()[slices.IndexFunc(conference.Catalogue(), func(a *conference.Act) bool { return a.Name == "SendNote" })]
	as, party := d.c.capacity(act, d.h.offices())
	if err := d.n.signIn(ctx, d.h); err != nil {
		return nil, err
	}
	defer d.n.signOut(context.WithoutCancel(ctx))
	return d.n.get(ctx, "/en/registry/"+rest+"?office="+url.QueryEscape(strings.TrimSuffix(as+"/"+party, "/")), most)
}

func (d *there) registry(ctx context.Context) (v web.RegistryView, err error) {
	b, err := d.read(ctx, "all.json", maxAnswer)
	if err == nil {
		err = json.Unmarshal(b, &v)
	}
	return v, err
}

func (d *there) ciphertext(ctx context.Context, note int64, digest string) ([]byte, error) {
	return d.read(ctx, fmt.Sprintf("%d/%s", note, digest), conference.MostSealed)
}

func (d *there) opening(ctx context.Context, note int64) ([]byte, error) {
	return d.read(ctx, fmt.Sprintf("%d/opening", note), 1<<16)
}

func (d *there) submit(ctx context.Context, io streams, act string, fields canonical.Value, blobs ...[]byte) error {
	return d.n.submit(ctx, io, &d.c.terminal, act, fields, blobs...)
}

// get fetches bytes from a node.
func (n *node) get(ctx context.Context, path string, most int64) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, n.url+path, nil)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Accept", "application/json")
	r.Header.Set("Accept-Language", "en")
	answer, err := n.client.Do(r)
	if err != nil {
		return nil, hinted{fmt.Errorf("asking %s: %w", n.url, err), "is it served there?"}
	}
	defer answer.Body.Close()
	b, err := io.ReadAll(io.LimitReader(answer.Body, most+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("reading what %s answers: %w", n.url, err)
	case answer.StatusCode >= 300:
		return nil, n.refused(answer, path, b)
	case int64(len(b)) > most:
		return nil, fmt.Errorf("%s%s answers more than %d bytes", n.url, path, most)
	}
	return b, nil
}

// own opens the copy of the record that the correspondent's own node keeps, if one is named.
func (c *correspondent) own(ctx context.Context) (*secretariat.View, func() error, error) {
	if c.copy == "" {
		return nil, func() error { return nil }, nil
	}
	return readCopy(ctx, c.copy)
}

// readCopy opens a record to read it: one that is written here, or a copy that follows one written elsewhere.
func readCopy(ctx context.Context, dir string) (*secretariat.View, func() error, error) {
	pinned, err := os.ReadFile(filepath.Join(dir, "log.pub"))
	if errors.Is(err, os.ErrNotExist) {
		h, v, err := readView(ctx, dir)
		if err != nil {
			return nil, nil, err
		}
		return v, h.Close, nil
	}
	if err != nil {
		return nil, nil, err
	}
	engine, err := sqlite.Open(dir, sqlite.Options{ReadOnly: true})
	if err != nil {
		return nil, nil, fmt.Errorf("opening %s: %w", dir, err)
	}
	keys, err := secretariat.ReadSubjectKeys(filepath.Join(dir, "subjects"))
	if err == nil {
		v, err2 := secretariat.Read(ctx, engine, keys, strings.TrimSpace(string(pinned)))
		if err = err2; err == nil {
			return v, func() error { return errors.Join(keys.Close(), engine.Close()) }, nil
		}
	}
	return nil, nil, errors.Join(err, engine.Close())
}

// agreed holds the keys a node names against those of the own copy. A key that another deposited, or none, is refused; one
// that is newer than the copy has to wait until the copy has it.
func agreed(keys []web.KeyView, own *secretariat.View) error {
	if own == nil {
		return nil
	}
	for _, k := range keys {
		mine, ok := own.State().Recipient(k.Index)
		if !k.Stands {
			continue
		}
		if !ok || mine.Recipient != k.Recipient || string(mine.Party) != k.Party {
			return hinted{fmt.Errorf("the node names as the key of entry %d %s, fingerprint %s, and your copy of the record does not", k.Index, k.Recipient, sealed.Fingerprint(k.Recipient)), "bring the copy up to date (kurultai follow -once); if it stays so, encrypt nothing and tell the other side"}
		}
		if mine.Withdrawn > 0 {
			return hinted{fmt.Errorf("the node names the key of entry %d, and by your copy entry %d withdrew it", k.Index, mine.Withdrawn), "encrypt nothing to it"}
		}
	}
	return nil
}

func (c *correspondent) listKeys(ctx context.Context, io streams, _ []string) error {
	var keys []web.KeyView
	if c.url == "" {
		v, done, err := readCopy(ctx, c.dir)
		if err != nil {
			return err
		}
		defer done()
		keys = web.RegistryOf(v.Origin(), v.State(), conference.Office{}, "2000-01-01", v.State().Last).Keys
	} else if err := c.at(ctx, func(d desktop) error {
		v, err := d.registry(ctx)
		keys = v.Keys
		return err
	}); err != nil {
		return err
	}
	if c.asJSON {
		return json.NewEncoder(io.out).Encode(keys)
	}
	for _, k := range keys {
		state := "stands"
		if !k.Stands {
			state = "ended"
		}
		fmt.Fprintf(io.out, "entry %d  %s  %s  %s  %s  %s\n", k.Index, orSecretariat(k.Party), k.Use, state, sealed.Fingerprint(k.Recipient), k.Recipient)
	}
	return nil
}

func orSecretariat(party string) string {
	if party == "" {
		return "secretariat"
	}
	return party
}

func (c *correspondent) list(ctx context.Context, io streams, _ []string) error {
	return c.at(ctx, func(d desktop) error {
		v, err := d.registry(ctx)
		if err != nil {
			return err
		}
		if c.asJSON {
			return json.NewEncoder(io.out).Encode(v.Notes)
		}
		for _, n := range v.Notes {
			var more []string
			for _, x := range []struct {
				holds bool
				text  string
			}{{n.ReplyBy != "", "answer by " + n.ReplyBy}, {n.Overdue, "overdue"}, {n.Answers != 0, fmt.Sprintf("answers entry %d", n.Answers)}, {n.Withdrawn != 0, fmt.Sprintf("withdrawn by entry %d", n.Withdrawn)}, {len(n.Asked) > 0, "asked for anew"}} {
				if x.holds {
					more = append(more, x.text)
				}
			}
			fmt.Fprintf(io.out, "entry %d  %s  %s  %s to %s  %s  %d of %d confirmed  %s\n", n.Index, n.Date, n.Number, orSecretariat(n.From), correspondents(n.Holders), n.Mark, len(n.Receipts), len(n.Holders), strings.Join(more, ", "))
		}
		return nil
	})
}

func correspondents(parties []string) string {
	var names []string
	for _, p := range parties {
		names = append(names, orSecretariat(p))
	}
	return strings.Join(names, ",")
}

// addressees reads -to: parties, and whether the secretariat is among them.
func (c *correspondent) addressees() (parties []conference.PartyID, secretariat bool) {
	for _, p := range strings.FieldsFunc(c.to, func(r rune) bool { return r == ',' || r == ' ' }) {
		if p == "secretariat" {
			secretariat = true
		} else {
			parties = append(parties, conference.PartyID(p))
		}
	}
	return parties, secretariat
}

// entryNumber reads a number of an entry; "" is 0.
func entryNumber(text string) (int64, error) {
	if text == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 1 {
		return 0, errUsage{fmt.Sprintf("%q is no number of an entry", text)}
	}
	return n, nil
}

func (c *correspondent) send(ctx context.Context, io streams, args []string) error {
	parties, secretariat := c.addressees()
	answers, err := entryNumber(c.answers)
	refers, err2 := entryNumber(c.refer)
	if err = errors.Join(err, err2); err != nil {
		return err
	}
	body, err := readInput(args[0])
	if err != nil {
		return err
	}
	note := sealed.Note{Subject: clean(c.subject), Text: clean(string(body))}
	for _, path := range c.attach {
		b, err := readBounded(path, sealed.MostPack)
		if err != nil {
			return err
		}
		note.Files = append(note.Files, sealed.File{Name: filepath.Base(path), Bytes: b})
	}
	own, done, err := c.own(ctx)
	if err != nil {
		return err
	}
	defer done()
	return c.at(ctx, func(d desktop) error {
		v, err := d.registry(ctx)
		if err == nil {
			err = agreed(v.Keys, own)
		}
		if err != nil {
			return err
		}
		if note.Number = c.number; note.Number == "" {
			note.Number = v.Next
		}
		note.Origin, note.From = v.Origin, v.For
		to := slices.Clone(parties)
		if secretariat {
			to = append(to, "")
		}
		keys := chosen(v.Keys, func(k web.KeyView) bool {
			return k.Stands && (k.Party == v.For || slices.Contains(to, conference.PartyID(k.Party)))
		})
		pack, err := sealed.Pack(note, rand.Reader)
		if err != nil {
			return err
		}
		ciphertext, indexes, err := encrypted(pack, keys)
		if err != nil {
			return err
		}
		date := c.date
		if date == "" {
			date = time.Now().UTC().Format(time.DateOnly)
		}
		fields, err := fieldsOf(conference.SendNote{Number: note.Number, Form: conference.Term(c.form), Date: conference.Date(date), To: parties, Secretariat: secretariat, Keys: indexes, Answers: answers, Refers: refers, ReplyBy: conference.Date(c.replyBy),
			Mark: conference.Term(c.mark), Passing: conference.Term(c.passing), Plain: record.DigestOf(pack), Ciphertext: blobOf(ciphertext)})
		if err != nil {
			return err
		}
		return d.submit(ctx, io, "SendNote", fields, ciphertext)
	})
}

func blobOf(b []byte) record.Blob {
	return record.Blob{Digest: record.DigestOf(b), Size: int64(len(b))}
}

func chosen(keys []web.KeyView, which func(web.KeyView) bool) (list []web.KeyView) {
	for _, k := range keys {
		if which(k) {
			list = append(list, k)
		}
	}
	return list
}

func encrypted(pack []byte, keys []web.KeyView) (ciphertext []byte, indexes []int64, err error) {
	var to []string
	for _, k := range keys {
		to, indexes = append(to, k.Recipient), append(indexes, k.Index)
	}
	if len(keys) == 0 {
		return nil, nil, hinted{errors.New("nobody the note is for has a key on deposit"), "kurultai sealed keys lists them; act DepositRecipient deposits one"}
	}
	ciphertext, err = sealed.Encrypt(pack, to)
	return ciphertext, indexes, err
}

func readInput(path string) ([]byte, error) {
	if path != "-" {
		return readBounded(path, sealed.MostPack)
	}
	b, err := io.ReadAll(io.LimitReader(os.Stdin, sealed.MostPack+1))
	if err == nil && len(b) > sealed.MostPack {
		err = sealed.ErrTooLarge
	}
	return b, err
}

// clean is a text as a record's are: valid UTF-8 without U+0000, in NFC, lines ended by LF.
func clean(text string) string {
	return norm.NFC.String(strings.NewReplacer("\x00", "", "\r\n", "\n").Replace(strings.ToValidUTF8(text, "\uFFFD")))
}

// identities reads the secret half of a key.
func (c *correspondent) identities() ([]age.Identity, error) {
	if c.identity == "" {
		return nil, errUsage{"-identity FILE is needed: the secret half of a key"}
	}
	b, err := readBounded(c.identity, 1<<16)
	if err != nil {
		return nil, err
	}
	return sealed.ReadIdentities(b, func() (string, error) {
		word, err := c.word()
		if err == nil && word == "" {
			err = hinted{fmt.Errorf("%s is behind a passphrase", c.identity), "-passphrase FILE names a file that holds it"}
		}
		return word, err
	})
}

// opened fetches a note's ciphertexts, opens one, and holds it against the record.
func (c *correspondent) opened(ctx context.Context, d desktop, entry string) (v web.RegistryView, n web.NoteView, pack []byte, note sealed.Note, err error) {
	index, err := entryNumber(entry)
	if err != nil {
		return
	}
	ids, err := c.identities()
	if err != nil {
		return
	}
	if v, err = d.registry(ctx); err != nil {
		return
	}
	i := slices.IndexFunc(v.Notes, func(n web.NoteView) bool { return n.Index == index })
	if i < 0 {
		err = hinted{fmt.Errorf("the registry has no note of entry %d", index), "kurultai sealed list names them"}
		return
	}
	n = v.Notes[i]
	for _, digest := range n.Copies {
		b, err2 := d.ciphertext(ctx, index, digest)
		if err2 != nil {
			err = err2
			return
		}
		if pack, err = sealed.Decrypt(b, ids...); err == nil {
			break
		}
	}
	if pack == nil {
		err = hinted{fmt.Errorf("no key in %s opens the note of entry %d", c.identity, index), "ask for it anew (act AskNote), or take the key it was encrypted to"}
		return
	}
	if note, err = sealed.Unpack(pack); err != nil {
		return
	}
	if string(record.DigestOf(pack)) != n.Plain || !note.Of(v.Origin, n.From, n.Number) {
		err = hinted{fmt.Errorf("what the note of entry %d holds is not what its entry names", index), "do not rely on it; tell its sender"}
		return
	}
	own, done, err := c.own(ctx)
	if err != nil || own == nil {
		return
	}
	defer done()
	opening, err := d.opening(ctx, index)
	if err == nil {
		err = authentic(ctx, own, opening, n)
	}
	return
}

// authentic holds what a closed entry is said to hold against the own copy of the record: its digest, what it says, and that
// it bears the sender's own attestation, where the record asks for one.
func authentic(ctx context.Context, own *secretariat.View, opening []byte, n web.NoteView) error {
	lie := func(why string) error {
		return hinted{fmt.Errorf("the note of entry %d: %s", n.Index, why), "do not rely on it; keep what you were sent, and tell its sender"}
	}
	text, err := own.Entry(ctx, n.Index)
	if err != nil {
		return hinted{fmt.Errorf("the copy does not reach entry %d: %w", n.Index, err), "kurultai follow -once brings it up to date"}
	}
	e, err := record.ParseEntry(string(text), n.Index)
	if err != nil {
		return err
	}
	if e.Closed == "" || record.ClosedDigest(opening) != e.Closed {
		return lie("by your copy of the record this entry holds something else")
	}
	inside, err := record.OpenClosed(opening, n.Index)
	if err != nil {
		return lie(err.Error())
	}
	f := inside.Act.Fields
	if inside.Act.Name != "SendNote" || inside.Act.For != n.From || f.Get("plain").Str != n.Plain || f.Get("number").Str != n.Number {
		return lie("its entry says something else than the node does")
	}
	before, err := own.At(ctx, n.Index)
	if err != nil {
		return err
	}
	if r := conference.Attested(before.State(), &inside.Act, inside.Attestations); r != nil {
		return lie("it does not bear its sender's attestation: " + r.Error())
	}
	return nil
}

func (c *correspondent) open(ctx context.Context, io streams, args []string) error {
	return c.at(ctx, func(d desktop) error {
		_, n, _, note, err := c.opened(ctx, d, args[0])
		if err != nil {
			return err
		}
		fmt.Fprintf(io.talk, "%s %s of %s, %s: opened, and it is what the entry names\n", n.Form, n.Number, orSecretariat(n.From), n.Date)
		if c.copy == "" && c.url != "" {
			fmt.Fprintf(io.talk, "that its sender entered it is %s's word; -copy DIR checks it against your own copy\n", c.url)
		}
		if note.Subject != "" {
			fmt.Fprintf(io.out, "%s\n\n", note.Subject)
		}
		fmt.Fprintf(io.out, "%s\n", strings.TrimRight(note.Text, "\n"))
		for i, f := range note.Files {
			if c.out == "" {
				fmt.Fprintf(io.talk, "attached: %s, %d bytes; -o DIR writes it\n", printable(f.Name), len(f.Bytes))
				continue
			}
			path, err := write(c.out, f, i)
			if err != nil {
				return err
			}
			fmt.Fprintf(io.talk, "attached: %s\n", path)
		}
		if !c.receipt {
			return nil
		}
		fields, err := fieldsOf(conference.AcknowledgeNote{Note: n.Index})
		if err != nil {
			return err
		}
		return d.submit(ctx, io, "AcknowledgeNote", fields)
	})
}

// printable is a name that a sender chose, without what would move a terminal's cursor.
func printable(name string) string { return strings.Trim(fmt.Sprintf("%q", name), `"`) }

// write puts an attached file into a folder, under its own name if that is one, and over nothing that is there.
func write(dir string, f sealed.File, n int) (string, error) {
	name := filepath.Base(filepath.Clean("/" + strings.ReplaceAll(f.Name, `\`, "/")))
	if name == "/" || name == "." || strings.HasPrefix(name, ".") || strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == 0x7f }) || len(name) > 200 {
		name = fmt.Sprintf("attached-%d", n+1)
	}
	path := filepath.Join(dir, name)
	out, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return "", err
	}
	_, err = bytes.NewReader(f.Bytes).WriteTo(out)
	return path, errors.Join(err, out.Close())
}

func (c *correspondent) pass(ctx context.Context, io streams, args []string) error {
	parties, secretariat := c.addressees()
	var wanted []int64
	for _, text := range strings.FieldsFunc(c.keys, func(r rune) bool { return r == ',' || r == ' ' }) {
		n, err := entryNumber(text)
		if err != nil {
			return err
		}
		wanted = append(wanted, n)
	}
	own, done, err := c.own(ctx)
	if err != nil {
		return err
	}
	defer done()
	return c.at(ctx, func(d desktop) error {
		v, n, pack, _, err := c.opened(ctx, d, args[0])
		if err == nil {
			err = agreed(v.Keys, own)
		}
		if err != nil {
			return err
		}
		to := slices.Clone(parties)
		if secretariat {
			to = append(to, "")
		}
		keys := chosen(v.Keys, func(k web.KeyView) bool {
			switch {
			case len(wanted) > 0:
				return slices.Contains(wanted, k.Index)
			case len(to) > 0:
				return k.Stands && slices.Contains(to, conference.PartyID(k.Party))
			}
			return k.Stands && !slices.Contains(n.Keys, k.Index) && (k.Party == n.From || slices.Contains(n.Holders, k.Party))
		})
		if len(keys) == 0 && len(wanted) == 0 && len(to) == 0 {
			return hinted{fmt.Errorf("the note of entry %d is encrypted to every key of its holders that stands", n.Index), "name -to or -keys"}
		}
		ciphertext, indexes, err := encrypted(pack, keys)
		if err != nil {
			return err
		}
		fields, err := fieldsOf(conference.PassNote{Note: n.Index, To: parties, Secretariat: secretariat, Keys: indexes, Ciphertext: blobOf(ciphertext)})
		if err != nil {
			return err
		}
		return d.submit(ctx, io, "PassNote", fields, ciphertext)
	})
}
