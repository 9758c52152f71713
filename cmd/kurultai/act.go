package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"kurultai/conference"
	"kurultai/record"
	"kurultai/record/canonical"
	"kurultai/record/passkey"
	"kurultai/secretariat"
	"kurultai/story"
)

func actCommand() command {
	var t terminal
	return command{
		usage: `usage: kurultai act -data DIR | -url URL  -key FILE [flags] ACT [FIELDS]

Submits one act and prints where it stands in the record. FIELDS are JSON; a private value is {"private":"text"}, a
file {"file":"path"}, the digest of one {"digestOf":"path"}. kurultai acts ACT explains the fields.

  -data DIR        the record, which must not be served meanwhile: a record has one writer
  -url URL         in place of it a running node, as https://assembly.example: signs in with the key, has the act
                   prepared, signs it if it is what was asked for, and submits it
  -key FILE        the author's key; its person is the author (kurultai enrol -to FILE makes one)
  -by PERSON       the author, where an act needs no attestation: before an origin is named, and in a story; with the
                   key of a party, who acts for it. With -data alone
  -as CAPACITY     in which the author acts; the first that fits, without this flag
  -for PARTY       for whom; the author's party, without this flag
  -meeting M       the meeting it belongs to
  -with WHO        the second officer's key file, or in a story the officer; at a node an officer signs there too
  -json            the receipt for machines
  -tripwire FILE   where the last checkpoint is kept, outside DIR

example: kurultai act -url https://assembly.example -key officer.key CloseList '{"meeting":"vii"}'
`,
		flags: func(f *flag.FlagSet) {
			t.common(f)
			f.StringVar(&t.url, "url", "", "")
			f.StringVar(&t.by, "by", "", "")
			f.StringVar(&t.as, "as", "", "")
			f.StringVar(&t.party, "for", "", "")
			f.StringVar(&t.meeting, "meeting", "", "")
			f.StringVar(&t.with, "with", "", "")
		},
		run: func(ctx context.Context, io streams, args []string) error {
			if (t.dir == "") == (t.url == "") || len(args) < 1 || len(args) > 2 || t.key == "" && t.by == "" {
				return errUsage{"-data DIR or -url URL, an ACT, and -key FILE or -by PERSON are needed"}
			}
			if t.url != "" && (t.by != "" || t.tripwire != "") {
				return errUsage{"at a node the key says who acts, and the node keeps its own tripwire"}
			}
			fields := canonical.Value{}
			if len(args) == 2 {
				var err error
				if fields, err = parseFields(args[1]); err != nil {
					return errUsage{fmt.Sprintf("the fields: %v", err)}
				}
			}
			fields, blobs, err := withFiles(fields)
			if err != nil {
				return err
			}
			if t.url != "" {
				n, err := newNode(t.url)
				if err != nil {
					return err
				}
				return n.submit(ctx, io, &t, args[0], fields, blobs...)
			}
			return t.open(ctx, func(h *house) error {
				receipt, err := t.submit(ctx, h, args[0], fields, blobs...)
				if err != nil {
					return err
				}
				return t.tell(io, args[0], receipt.Index, receipt.At.String(), kindsOf(receipt.Events))
			})
		},
	}
}

// A terminal is how somebody acts without a browser.
type terminal struct {
	dir, tripwire, url          string
	key, by, as, party, meeting string
	with                        string
	asJSON                      bool
}

func (t *terminal) common(f *flag.FlagSet) {
	f.StringVar(&t.dir, "data", "", "")
	f.StringVar(&t.tripwire, "tripwire", "", "")
	f.StringVar(&t.key, "key", "", "")
	f.BoolVar(&t.asJSON, "json", false, "")
}

// open opens the record as its writer while do runs.
func (t *terminal) open(ctx context.Context, do func(*house) error) error {
	if !isRecord(t.dir) {
		return hinted{fmt.Errorf("%s holds no record", t.dir), "kurultai init founds one"}
	}
	h, err := openToWrite(ctx, t.dir, t.tripwire)
	if err != nil {
		return err
	}
	return errors.Join(do(h), h.Close())
}

// A signer is a person who acts, with a key or without.
type signer struct {
	person string
	key    *passkey.Key
}

// signer finds who acts: by a file with a key, or as named.
func (t *terminal) signer(h *house, file, person string) (signer, error) {
	if file == "" {
		return signer{person: person}, nil
	}
	key, err := passkey.Open(file, rand.Reader)
	if err != nil {
		return signer{}, hinted{err, "kurultai enrol -data " + t.dir + " -to FILE PERSON makes a key and enrols it"}
	}
	st := h.s.View().State()
	if k, ok := st.Passkey(key.Credential()); ok {
		return signer{string(k.Person), key}, nil
	}
	if k, ok := st.PartyKeyOf(conference.PartyID(t.party)); ok && k.Credential == key.Credential() && person != "" {
		return signer{person, key}, nil
	}
	return signer{}, hinted{fmt.Errorf("the key in %s is not enrolled", file), "kurultai enrol -data " + t.dir + " -to FILE PERSON makes a key and enrols it"}
}

// submit does one act: sealed, attested where there are keys, and durable on return.
func (t *terminal) submit(ctx context.Context, h *house, name string, fields canonical.Value, blobs ...[]byte) (secretariat.Receipt, error) {
	var none secretariat.Receipt
	author, err := t.signer(h, t.key, t.by)
	if err != nil {
		return none, err
	}
	st := h.s.View().State()
	act, ok := st.Lookup(name)
	if !ok {
		return none, hinted{fmt.Errorf("no act is called %q", name), "kurultai acts lists them"}
	}
	a := &secretariat.Act{Blobs: blobs, Submitted: record.Submitted{By: author.person, Key: newKey(), Meeting: t.meeting, Name: name, Origin: h.log.Origin(), Seen: st.Size}}
	if fields.Kind != canonical.Invalid {
		if a.Submitted.Fields, a.Disclosures, err = story.Seal(fields, rand.Reader); err != nil {
			return none, errUsage{err.Error()}
		}
	}
	a.Submitted.As, a.Submitted.For = t.capacity(act, st.OfficesOf(conference.PersonID(author.person), h.s.Now()))
	signers := []signer{author}
	if t.with != "" {
		second, err := t.second(h)
		if err != nil {
			return none, err
		}
		signers = append(signers, second)
		a.Submitted.With = []record.With{{As: a.Submitted.As, By: second.person}}
	}
	if err := attest(st, a, signers, h.s.Now()); err != nil {
		return none, err
	}
	return h.s.Do(ctx, a)
}

// second is the other officer of an act that needs two.
func (t *terminal) second(h *house) (signer, error) {
	if isPerson(t.with) {
		return signer{person: t.with}, nil
	}
	return t.signer(h, t.with, "")
}

// isPerson reports whether a word is a person's id and no file.
func isPerson(word string) bool {
	return len(word) == 32 && strings.Trim(word, "0123456789abcdef") == ""
}

// capacity is in what the holder of offices acts, and for whom: as said, else the first office that fits.
func (t *terminal) capacity(act *conference.Act, held []conference.Office) (as, party string) {
	for _, c := range act.Who {
		for _, o := range held {
			if o.Capacity == c && (t.as == "" || t.as == string(c)) && (t.party == "" || t.party == string(o.For)) {
				return string(c), cmp.Or(t.party, string(o.For))
			}
		}
	}
	if t.as == "" && slices.Contains(act.Who, conference.Myself) {
		return string(conference.Myself), t.party
	}
	return cmp.Or(t.as, string(act.Who[0])), t.party // the refusal says what is missing
}

// attest signs an act with every key, where the record names where people sign in; all of its persons have one, or none.
func attest(st *conference.State, a *secretariat.Act, signers []signer, now record.Instant) error {
	at := st.SignInAt()
	if at.Domain == "" || slices.ContainsFunc(signers, func(s signer) bool { return s.key == nil }) {
		return nil
	}
	notAfter := now + 10*60*1000
	a.Submitted.NotAfter = &notAfter
	for _, s := range signers {
		attestation, err := s.key.Attest(&a.Submitted, at.Domain, at.Origins[0])
		if err != nil {
			return err
		}
		a.Attestations = append(a.Attestations, attestation)
	}
	return nil
}

// tell prints where an act stands, when it was recorded and what kinds of events it caused.
func (t *terminal) tell(io streams, name string, index int64, at string, kinds []string) error {
	if t.asJSON {
		return json.NewEncoder(io.out).Encode(map[string]any{"index": index, "at": at, "act": name, "events": kinds})
	}
	fmt.Fprintf(io.out, "entry %d  %s  %s\n", index, at, name)
	return nil
}

func kindsOf(events []conference.Event) []string {
	kinds := []string{}
	for _, e := range events {
		kinds = append(kinds, e.Kind())
	}
	return kinds
}

// parseFields reads JSON as people write it and spells it as the record does.
func parseFields(text string) (canonical.Value, error) {
	in := json.NewDecoder(strings.NewReader(text))
	in.UseNumber()
	var v any
	if err := in.Decode(&v); err != nil {
		return canonical.Value{}, err
	}
	if _, err := in.Token(); err != io.EOF {
		return canonical.Value{}, errors.New("something stands behind them")
	}
	value, err := spelled(v)
	if err != nil || value.Kind != canonical.Object {
		return value, cmp.Or(err, errors.New("an object is needed, as {}"))
	}
	return canonical.Parse(string(canonical.Append(nil, value)))
}

func spelled(v any) (out canonical.Value, err error) {
	add := func(v any) error {
		item, err := spelled(v)
		out.Items = append(out.Items, item)
		return err
	}
	switch v := v.(type) {
	case string:
		return canonical.Value{Kind: canonical.String, Str: v}, nil
	case bool:
		if v {
			return canonical.Value{Kind: canonical.True}, nil
		}
		return out, errors.New("false is said by leaving the field out")
	case json.Number:
		n, err := strconv.ParseInt(v.String(), 10, 64)
		return canonical.Value{Kind: canonical.Int, Int: n}, err
	case []any:
		out.Kind = canonical.Array
		for _, item := range v {
			if err := add(item); err != nil {
				return out, err
			}
		}
		return out, nil
	case map[string]any:
		out.Kind = canonical.Object
		for key := range v {
			out.Keys = append(out.Keys, key)
		}
		slices.Sort(out.Keys)
		for _, key := range out.Keys {
			if err := add(v[key]); err != nil {
				return out, err
			}
		}
		return out, nil
	}
	return out, errors.New("null stands for nothing: leave the field out")
}

// withFiles puts in the place of each {"file":"path"} the file as a blob (doc/record.md 4), in the place of each
// {"digestOf":"path"} its digest, and returns the blobs.
func withFiles(v canonical.Value) (canonical.Value, [][]byte, error) {
	named := func(key string) bool {
		return v.Kind == canonical.Object && len(v.Keys) == 1 && v.Keys[0] == key && v.Items[0].Kind == canonical.String
	}
	if named("file") || named("digestOf") {
		b, err := readBounded(v.Items[0].Str, record.MaxBlob)
		if err != nil {
			return v, nil, err
		}
		digest := canonical.Value{Kind: canonical.String, Str: string(record.DigestOf(b))}
		if named("digestOf") {
			return digest, nil, nil
		}
		size := canonical.Value{Kind: canonical.Int, Int: int64(len(b))}
		return canonical.Value{Kind: canonical.Object, Keys: []string{"blob", "size"}, Items: []canonical.Value{digest, size}}, [][]byte{b}, nil
	}
	var blobs [][]byte
	v.Items = slices.Clone(v.Items)
	for i, item := range v.Items {
		with, more, err := withFiles(item)
		if err != nil {
			return v, nil, err
		}
		v.Items[i] = with
		blobs = append(blobs, more...)
	}
	return v, blobs, nil
}
