package secretariat

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"golang.org/x/mod/sumdb/tlog"

	"kurultai/conference"
	"kurultai/record"
	"kurultai/record/canonical"
)

// A desk is where acts are decided: a state and what the door must know besides. It is a value; a copy decides
// on without changing the first, which is how a failed group is undone and a story rehearsed.
type desk struct {
	vault
	origin string

	state      conference.State
	sealed     conference.Ordered[string, bool] // digests the record holds
	closedKeys conference.Ordered[string, record.ClosedKey]

	inspector *inspector
	fresh     fresh
}

// A vault opens what is sealed, where its row and its key are still here.
type vault struct {
	engine record.Engine
	keys   *SubjectKeys
}

// A draft is a group being put together.
type draft struct {
	group record.Group
	plain [][]byte                 // the plain text of each row of the group
	blobs [][]byte                 // public ones
	files map[record.Digest][]byte // the plain bytes of private blobs, by the digest of what opens them

	forgotten []string // subjects whose keys go when the group is shown
}

// seal makes the keys of the rows, encrypts them, and stores the blobs.
func (g *draft) seal(ctx context.Context, v vault, chance io.Reader) error {
	var subjects []string
	for _, r := range g.group.Rows {
		subjects = append(subjects, r.Subject)
	}
	if err := v.keys.Ensure(subjects, chance); err != nil {
		return err
	}
	for i := range g.group.Rows {
		r := &g.group.Rows[i]
		key, err := v.keys.Get(r.Subject)
		if err != nil {
			return fmt.Errorf("the key of what entry %d seals: %w", r.Index, err)
		}
		if err := key.Encrypt(r, g.plain[i], chance); err != nil {
			return err
		}
		if file, ok := g.files[r.Digest]; ok {
			if r.Blob, err = v.keep(ctx, record.Disclosure(g.plain[i]), file); err != nil {
				return err
			}
		}
	}
	for _, b := range g.blobs {
		if _, err := v.engine.PutBlob(ctx, b); err != nil {
			return fmt.Errorf("storing a blob: %w", err)
		}
	}
	return nil
}

// keep stores a private blob, encrypted, before the entry that names it.
func (v vault) keep(ctx context.Context, d record.Disclosure, file []byte) (record.Digest, error) {
	_, _, key, err := d.OpenBlob()
	if err != nil {
		return "", err
	}
	kept, err := key.Encrypt(file, d.Digest())
	if err != nil {
		return "", err
	}
	at, err := v.engine.PutBlob(ctx, kept)
	if err != nil {
		return "", fmt.Errorf("storing a private blob: %w", err)
	}
	return at, nil
}

func refusal(code conference.Code, section string, args ...string) error {
	return &conference.Refusal{Code: code, Rule: "doc/record.md " + section, Args: args}
}

// A moment is when acts are decided, and whether the clock that says so is doubted.
type moment struct {
	at       record.Instant
	doubtful bool
}

// fallDue takes what has fallen due by an instant.
func (d *desk) fallDue(ctx context.Context, at record.Instant, chance io.Reader, g *draft) {
	for range MaxGroup {
		id := ""
		for id = range d.state.Due(at) {
			break
		}
		if id == "" {
			return
		}
		if _, err := d.take(ctx, timeCame(d.origin, id), moment{at, false}, chance, g); err != nil {
			return // whoever comes is told due-first, which names it
		}
	}
}

// take decides one act and adds what it caused to g.
func (d *desk) take(ctx context.Context, a *Act, now moment, chance io.Reader, g *draft) (Receipt, error) {
	at := max(d.state.Last, now.at)
	if a.At != nil {
		if *a.At < d.state.Last {
			return Receipt{}, fmt.Errorf("%s is earlier than the last entry, %s", *a.At, d.state.Last)
		}
		at = *a.At
	}
	if a.Closed != "" {
		entry := fmt.Appendf(nil, `{"at":"%s","closed":"%s","index":%d}`, at, a.Closed, d.state.Size)
		return d.add(entry, at, nil, g)
	}
	s := &a.Submitted
	if s.Origin != d.origin {
		return Receipt{}, refusal("other-origin", "2", s.Origin)
	}
	act, known := d.state.Lookup(s.Name)
	if receipt, err := d.again(ctx, s, known && act.Closed, at, g); err != nil || receipt.Again {
		return receipt, err
	}
	if known && act.Timed && now.doubtful {
		return Receipt{}, refusal("clock-doubtful", "6")
	}
	in, err := d.door(a, act)
	if err != nil {
		return Receipt{}, err
	}
	if r := conference.Attested(&d.state, s, a.Attestations); r != nil {
		return Receipt{}, r
	}
	events, r := conference.Decide(&d.state, s, at)
	if r != nil {
		return Receipt{}, r
	}
	if err := d.inspect(ctx, a, at, events); err != nil {
		return Receipt{}, err
	}
	if act.Closed {
		receipt, err := d.closedEntry(a, at, events, chance, g)
		if err == nil { // its blobs are kept; what is sealed within it is not, for its opening is its audience's
			g.blobs = append(g.blobs, in.blobs...)
			d.fresh.stored(in.blobs)
		}
		return receipt, err
	}
	entry := record.OpenEntry(d.state.Size, at, s, a.Attestations, conference.Decided(events))
	if len(entry) > record.MaxEntry {
		return Receipt{}, refusal("too-long", "2", fmt.Sprint(len(entry)), fmt.Sprint(record.MaxEntry))
	}
	receipt, err := d.add(entry, at, events, g)
	if err != nil {
		return Receipt{}, err
	}
	g.group.Rows, g.plain, g.blobs = append(g.group.Rows, in.group.Rows...), append(g.plain, in.plain...), append(g.blobs, in.blobs...)
	if g.files == nil {
		g.files = map[record.Digest][]byte{}
	}
	maps.Copy(g.files, in.files)
	d.fresh.stored(in.blobs)
	for _, ref := range record.References(s.Fields) {
		d.sealed = d.sealed.Set(string(ref.Digest), true)
	}
	return receipt, nil
}

// again answers an act that was taken before: same key and bytes, the first receipt; other bytes, a refusal.
// What falls due on several days is the same act each time: it is a repetition where it is not due now.
func (d *desk) again(ctx context.Context, s *record.Submitted, closed bool, at record.Instant, g *draft) (Receipt, error) {
	if s.As == string(conference.Clock) {
		for id := range d.state.Due(at) {
			if id == s.Fields.Get("due").Str {
				return Receipt{}, nil
			}
		}
	}
	first, used := d.state.Key(s.By, s.Key)
	same := first.Digest == sha256.Sum256([]byte(s.Text()))
	if closed {
		k, ok := d.closedKeys.Get(s.By + "/" + s.Key)
		if !ok {
			var err error
			if k, err = d.engine.ClosedKey(ctx, s.By, s.Key); err != nil && !errors.Is(err, record.ErrNotFound) {
				return Receipt{}, fmt.Errorf("looking for the key of a closed act: %w", err)
			} else if err == nil {
				ok = true
			}
		}
		if ok {
			first.Index, used, same = k.Index, true, k.Digest == record.DigestOf([]byte(s.Text()))
		}
	}
	if !used {
		return Receipt{}, nil
	}
	if !same {
		return Receipt{}, refusal("key-reused", "7")
	}
	if first.Index >= d.state.Size { // its group became durable and nobody here was told, or somebody else wrote it
		return Receipt{}, fmt.Errorf("entry %d stands in the record behind what this writer knows: %w", first.Index, record.ErrConflict)
	}
	e, err := d.entry(ctx, first.Index, g)
	if err != nil {
		return Receipt{}, err
	}
	events, err := d.events(e)
	if err != nil {
		return Receipt{}, err
	}
	return Receipt{Index: first.Index, At: e.At, Notices: conference.Notices(events), Again: true}, nil
}

// events are those of an entry.
func (d *desk) events(e *record.Entry) (list []conference.Event, err error) {
	list = make([]conference.Event, len(e.Events))
	for i, v := range e.Events {
		if list[i], err = d.state.ParseEvent(v); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// entry is an entry of the record, which may still be in the draft.
func (d *desk) entry(ctx context.Context, index int64, g *draft) (*record.Entry, error) {
	var text []byte
	if n := int64(len(g.group.Entries)) - (d.state.Size - index); n >= 0 {
		text = g.group.Entries[n]
	} else {
		for stored, err := range d.engine.Read(ctx, index) {
			if err != nil {
				return nil, err
			}
			text = stored.Bytes
			break
		}
	}
	return record.ParseEntry(string(text), index)
}

// door checks what comes with an act: each sealed value with its disclosure, each blob with its bytes.
func (d *desk) door(a *Act, act *conference.Act) (in draft, err error) {
	came := map[record.Digest]record.Disclosure{}
	for _, x := range a.Disclosures {
		came[x.Digest()] = x
	}
	files := map[record.Digest][]byte{} // what came, by its digest, until it is named
	for _, b := range a.Blobs {
		if len(b) > record.MaxBlob {
			return in, refusal("too-long", "4", fmt.Sprint(len(b)), fmt.Sprint(record.MaxBlob))
		}
		files[record.DigestOf(b)] = b
	}
	in.files = map[record.Digest][]byte{}
	named := map[record.Digest]bool{}
	for place, ref := range record.References(a.Submitted.Fields) {
		if d.sealed.Has(string(ref.Digest)) || slices.ContainsFunc(in.group.Rows, func(r record.Row) bool { return r.Digest == ref.Digest }) {
			return in, refusal("sealed-twice", "3", ref.Name)
		}
		disclosure, ok := came[ref.Digest]
		if !ok && a.Unopened {
			continue
		}
		if !ok || act == nil || !d.opens(disclosure, ref, files, named, in.files) {
			return in, refusal("not-opened", "3", ref.Name)
		}
		delete(came, ref.Digest)
		subject := act.SubjectOf(ref.Name, &a.Submitted, d.state.Size)
		if _, err := d.keys.Get(subject); errors.Is(err, ErrForgotten) {
			return in, refusal("forgotten", "3", subject)
		}
		in.group.Rows = append(in.group.Rows, record.Row{Index: d.state.Size, Place: int64(place), Digest: ref.Digest, Subject: subject, Name: ref.Name})
		in.plain = append(in.plain, []byte(disclosure))
	}
	for _, x := range came {
		_, name, _, _ := x.Open()
		return in, refusal("not-opened", "3", name)
	}
	for _, ref := range record.Blobs(a.Submitted.Fields) {
		b, ok := files[ref.Digest]
		if !ok {
			if d.fresh.blobs.Has(string(ref.Digest)) {
				continue
			}
			if _, err := d.engine.Blob(context.Background(), ref.Digest); err != nil {
				return in, refusal("not-opened", "4", ref.Name)
			}
			continue
		}
		if int64(len(b)) != ref.Size {
			return in, refusal("not-opened", "4", string(ref.Digest))
		}
		named[ref.Digest] = true
		in.blobs = append(in.blobs, b)
	}
	for digest := range files {
		if !named[digest] {
			return in, refusal("not-opened", "4", string(digest))
		}
	}
	return in, nil
}

// opens reports whether a disclosure opens what stands at ref: of a private blob its bytes came too, and are put into to.
func (d *desk) opens(x record.Disclosure, ref record.Reference, files map[record.Digest][]byte, named map[record.Digest]bool, to map[record.Digest][]byte) bool {
	if !ref.Private {
		_, name, _, err := x.Open()
		return err == nil && name == ref.Name
	}
	_, plain, _, err := x.OpenBlob()
	file, came := files[plain]
	if err != nil || !came || record.SealedSize(int64(len(file))) != ref.Size {
		return false
	}
	named[plain], to[ref.Digest] = true, file
	return true
}

// closedEntry closes an act: its entry holds time and digest, its opening goes to the rows.
func (d *desk) closedEntry(a *Act, at record.Instant, events []conference.Event, chance io.Reader, g *draft) (Receipt, error) {
	var nonce [32]byte
	if a.Nonce != nil {
		nonce = *a.Nonce
	} else if _, err := io.ReadFull(chance, nonce[:]); err != nil {
		return Receipt{}, fmt.Errorf("drawing a nonce: %w", err)
	}
	s, index := &a.Submitted, d.state.Size
	digest, opening, err := record.CloseEntry(nonce, s, a.Attestations, conference.Decided(events))
	if err != nil {
		return Receipt{}, refusal("too-long", "4", fmt.Sprint(len(s.Text())), "49152")
	}
	inside, err := record.OpenClosed(opening, index)
	if err != nil {
		return Receipt{}, err
	}
	receipt, err := d.add(fmt.Appendf(nil, `{"at":"%s","closed":"%s","index":%d}`, at, digest, index), at, nil, g)
	if err != nil {
		return Receipt{}, err
	}
	inside.At = at
	d.state.FoldClosed(inside, events)
	key := record.ClosedKey{By: s.By, Key: s.Key, Digest: record.DigestOf([]byte(s.Text())), Index: index}
	d.closedKeys = d.closedKeys.Set(s.By+"/"+s.Key, key)
	g.group.Keys = append(g.group.Keys, key)
	g.group.Rows = append(g.group.Rows, record.Row{Index: index, Digest: digest, Subject: fmt.Sprintf("entry/%d", index), Name: "closed"})
	g.plain = append(g.plain, opening)
	receipt.Events = events
	return receipt, nil
}

// add reads the entry as anybody would, folds it and puts it into the group.
func (d *desk) add(entry []byte, at record.Instant, events []conference.Event, g *draft) (Receipt, error) {
	e, err := record.ParseEntry(string(entry), d.state.Size)
	if err != nil {
		return Receipt{}, fmt.Errorf("an entry of our own is malformed: %w", err)
	}
	if e.Closed != "" {
		err = d.state.Fold(e)
	} else {
		err = d.state.FoldDecided(e, events)
	}
	if err != nil {
		return Receipt{}, err
	}
	for _, event := range events {
		if subject, ok := event.Forgets(); ok {
			g.forgotten = append(g.forgotten, subject)
		}
	}
	d.fresh.added(entry)
	g.group.Entries, g.group.Hashes = append(g.group.Entries, entry), append(g.group.Hashes, tlog.RecordHash(entry))
	return Receipt{Index: e.Index, At: at, Events: events, Notices: conference.Notices(events)}, nil
}

// foldClosed folds the inside of a closed entry, where its opening and key are still here.
func (d *desk) foldClosed(ctx context.Context, e *record.Entry) {
	opening, err := d.plain(ctx, e.Closed)
	if err != nil {
		return
	}
	inside, err := record.OpenClosed(opening, e.Index)
	if err != nil {
		return
	}
	var events []conference.Event
	for _, v := range inside.Events {
		if event, err := d.state.ParseEvent(v); err == nil {
			events = append(events, event)
		}
	}
	inside.At = e.At
	d.state.FoldClosed(inside, events)
}

// plain decrypts the row of a digest.
func (v vault) plain(ctx context.Context, digest record.Digest) ([]byte, error) {
	row, err := v.engine.Row(ctx, digest)
	if err != nil {
		return nil, err
	}
	return v.keys.Decrypt(row)
}

// open opens a sealed value.
func (v vault) open(ctx context.Context, digest record.Digest) (canonical.Value, error) {
	plain, err := v.plain(ctx, digest)
	if err != nil {
		return canonical.Value{}, err
	}
	disclosure := record.Disclosure(plain)
	if disclosure.Digest() != digest {
		return canonical.Value{}, errors.New("the disclosure kept is of another digest")
	}
	_, _, value, err := disclosure.Open()
	return value, err
}
