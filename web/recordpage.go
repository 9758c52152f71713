package web

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/tlog"

	"kurultai/conference"
	"kurultai/language"
	"kurultai/record"
	"kurultai/record/canonical"
)

// RecordPage shows the head of the record and some of its entries, newest first.
type RecordPage struct {
	Layout
	Origin, Root, Key, Note string
	Entries                 []EntryLine
	Older, Newer            string // addresses
	Nodes                   []NodeLine
}

// A NodeLine is a node that follows the record.
type NodeLine struct {
	Name, Whose, Key, Cosigned string
	Erased                     string // whether it destroyed what was to be forgotten; "": nothing was to be
	Owes                       bool   // it did not say so yet
}

// nodes lists who follows the record, and how far each has cosigned it.
func (s *site) nodes(t teller) (list []NodeLine) {
	var size map[string]int64
	if s.Cosigned != nil {
		size = s.Cosigned()
	}
	for _, n := range t.s.Nodes() {
		name, _, _ := strings.Cut(n.Verifier, "+")
		line := NodeLine{Name: name, Whose: t.l.Say("page.nodeofnobody"), Key: n.Verifier, Cosigned: t.l.Say("page.nodecosigned", number(t.l, size[n.Verifier]), number(t.l, t.s.Size))}
		if n.Party != "" {
			line.Whose = t.party(n.Party)
		}
		if n.Withdrawn > 0 {
			line.Cosigned = t.l.Say("page.nodewithdrawn")
		} else if all := t.s.ForgottenSince(0); all > 0 && s.Erased != nil {
			left := t.s.ForgottenSince(s.Erased()[n.Verifier])
			line.Erased, line.Owes = t.l.Say("page.nodeerased", number(t.l, all)), left > 0
			if line.Owes {
				line.Erased = t.l.Say("page.nodenoterased", number(t.l, left), number(t.l, all))
			}
		}
		list = append(list, line)
	}
	return list
}

// EntryLine is an entry in a list.
type EntryLine struct {
	Index     int64
	At        string // for machines
	Day, Hour string // Day only where it differs from the line before
	Address   string
	Title     string // what it caused
	Words     string
	Closed    bool
}

// listed is how many entries the record's page lists.
const listed = 50

// recordPage shows the head and the entries before an index. It checks what it shows: the log's signature, and
// that each entry listed is under the head.
func (s *site) recordPage(ctx context.Context, v View, l *language.Language, before int64) ([]byte, error) {
	head, size := v.Checkpoint(), v.State().Size
	p := RecordPage{Layout: s.layout(v, l, "record"), Origin: v.Origin(), Key: v.VerifierKey(), Note: string(head.Note)}
	p.Title, p.Lead, p.Here = l.Say("page.proves"), l.Say("page.provelead"), "record"
	if size > 0 {
		p.Root = head.Root.String()
		if err := signed(v); err != nil {
			return nil, err
		}
	}
	if at := "/" + l.Code + "/record"; before == size {
		p.Live = at + "/live"
	} else if p.Newer = at; before+listed < size {
		p.Newer = fmt.Sprintf("%s?before=%d", at, before+listed)
	}
	if before > listed {
		p.Older = fmt.Sprintf("/%s/record?before=%d", l.Code, before-listed)
	}
	t, day := newTeller(v, l), ""
	p.Nodes = s.nodes(t)
	for i := before - 1; i >= max(before-listed, 0); i-- {
		line, _, _, err := s.line(ctx, t, i)
		if err != nil {
			return nil, err
		}
		if line.Day == day {
			line.Day = ""
		} else {
			day = line.Day
		}
		p.Entries = append(p.Entries, line)
	}
	return s.render("record", p)
}

// signed checks that the log's key signed the head.
func signed(v View) error {
	key, err := record.ParseVerifier(v.VerifierKey())
	if err != nil {
		return err
	}
	head, err := record.OpenCheckpoint(v.Checkpoint().Note, key)
	if err != nil {
		return err
	}
	if at := v.Checkpoint(); head.Size != at.Size || head.Root != at.Root || head.Size != v.State().Size {
		return fmt.Errorf("the head shown, of %d entries, is not the one signed, of %d", at.Size, head.Size)
	}
	return nil
}

// line reads an entry for a list and checks that it is under the head.
func (s *site) line(ctx context.Context, t teller, index int64) (line EntryLine, e *record.Entry, proved proof, err error) {
	e, text, caused, err := t.entry(ctx, index)
	if err != nil {
		return line, nil, proved, err
	}
	if proved, err = prove(ctx, t.v, index, text); err != nil {
		return line, nil, proved, err
	}
	at := e.At.String()
	line = EntryLine{Index: index, At: at, Day: at[:10], Hour: at[11:19], Address: fmt.Sprintf("/%s/record/%d", t.l.Code, index), Closed: e.Closed != ""}
	if line.Closed {
		line.Title, line.Words = t.l.Say("event.ClosedEntry"), t.l.Say("page.closed")
		return line, e, proved, nil
	}
	var titles, words []string
	for _, event := range caused {
		titles = append(titles, t.l.Say("event."+event.Kind()))
		if w := t.words(event); w != "" && !slices.Contains(words, w) {
			words = append(words, w)
		}
	}
	line.Title, line.Words = strings.Join(titles, ", "), strings.Join(words, "; ")
	return line, e, proved, nil
}

// A proof that an entry is under the head (RFC 6962 section 2.1.1).
type proof struct {
	leaf tlog.Hash
	path tlog.RecordProof
}

// prove proves an entry and checks the proof.
func prove(ctx context.Context, v View, index int64, text []byte) (p proof, err error) {
	if p.path, err = v.Prove(ctx, index); err != nil {
		return p, err
	}
	head := v.Checkpoint()
	p.leaf = tlog.RecordHash(text)
	if err := tlog.CheckRecord(p.path, head.Size, head.Root, index, p.leaf); err != nil {
		return p, fmt.Errorf("entry %d is not under the head: %w", index, err)
	}
	return p, nil
}

// EntryPage shows one entry and proves it.
type EntryPage struct {
	Layout
	Line           EntryLine
	Act, By, As    string
	Sources        []SourceLine
	Digest         string // of a closed entry
	JSON           string
	Leaf           string
	Steps          []Step
	Hashes, Bytes  int64
	Root           string
	Figure         Figure
	Earlier, Later string // addresses
	Sealed         []SealedValue
	Witnessed      string // that so many of so many have cosigned it, as asked; or ""
	Waiting        string // that so few have; or ""
	Cosigners      []Cosigner
	Bundle         string // address of the entry with what proves it
}

// A Cosigner is a node that is asked to cosign, and whether it has cosigned an entry.
type Cosigner struct {
	Whose, Name string
	Has         bool
}

// cosigners lists the nodes that are asked for an entry, in the order in which they were named.
func (s *site) cosigners(t teller, index int64) (list []Cosigner) {
	if s.Cosigned == nil {
		return nil
	}
	size, whose := s.Cosigned(), map[string]conference.PartyID{}
	for _, n := range t.s.Nodes() {
		whose[n.Verifier] = n.Party
	}
	for _, k := range t.s.Witnesses().Keys {
		c := Cosigner{Whose: t.l.Say("page.nodeofnobody"), Has: size[k] > index}
		c.Name, _, _ = strings.Cut(k, "+")
		if p := whose[k]; p != "" {
			c.Whose = t.party(p)
		}
		list = append(list, c)
	}
	return list
}

// A SealedValue is a private value of an entry: its digest, and what is under it where the reader may see that.
type SealedValue struct{ Place, Digest, Value, Disclosure string }

// sealed lists the private values of an entry, those open to a reader with their disclosures, whose digests were
// reckoned again.
func (s *site) sealed(ctx context.Context, v View, reader conference.Reader, e *record.Entry) (list []SealedValue) {
	may := v.State().Disclosed(reader)
	for _, r := range record.References(e.Act.Fields) {
		x := SealedValue{Place: r.Name, Digest: string(r.Digest)}
		if may[r.Digest] && s.Open != nil {
			if d, err := s.Open(ctx, r.Digest); err == nil && d.Digest() == r.Digest {
				if _, _, value, err := d.Open(); err == nil {
					x.Value, x.Disclosure = value.Str, string(d)
				} else if r.Private {
					x.Disclosure = string(d)
				}
			}
		}
		list = append(list, x)
	}
	return list
}

// Step is one hash of an inclusion proof, and the entries it stands for.
type Step struct {
	Range string
	Hash  string
}

// entryPage shows the entry whose index stands in the address, as it is written there and no other way.
func (s *site) entryPage(v View, in *visit, text string) ([]byte, error) {
	l, ctx := in.lang, context.Background()
	index, err := strconv.ParseInt(text, 10, 64)
	if err != nil || index < 0 || index >= v.State().Size || strconv.FormatInt(index, 10) != text {
		return nil, errNotFound
	}
	if err := signed(v); err != nil {
		return nil, err
	}
	t := newTeller(v, l)
	line, e, proved, err := s.line(ctx, t, index)
	if err != nil {
		return nil, err
	}
	bytes, err := v.Entry(ctx, index)
	if err != nil {
		return nil, err
	}
	value, err := canonical.Parse(string(bytes))
	if err != nil {
		return nil, err
	}
	head := v.Checkpoint()
	p := EntryPage{Layout: s.layout(v, l, "record/"+text), Line: line, JSON: spread(value, ""), Leaf: short(proved.leaf), Root: short(head.Root)}
	p.Live = fmt.Sprintf("/%s/record/%d/live", l.Code, index)
	p.Title, p.Here, p.Lead = l.Say("page.entry", number(l, index)), "record", together(": ", line.Title, line.Words)
	if line.Closed {
		p.Lead, p.Digest = line.Words, string(e.Closed)
	} else {
		p.author(t, e)
		p.Sealed = s.sealed(ctx, v, in.reader, e)
	}
	ranges := auditPath(index, head.Size)
	for i, r := range ranges {
		words := l.Say("page.withrange", number(l, r[0]), number(l, r[1]-1))
		if r[1] == r[0]+1 {
			words = l.Say("page.withone", number(l, r[0]))
		}
		p.Steps = append(p.Steps, Step{words, short(proved.path[i])})
	}
	if s.Marks != nil {
		p.Bundle, p.Cosigners = "/bundle/"+text, s.cosigners(t, index)
		have, need, of := s.Marks(index)
		switch {
		case need > 0 && have >= need:
			p.Witnessed = l.Say("page.witnessed", number(l, have), number(l, of))
		case need > 0:
			p.Waiting = l.Say("page.cosigning", number(l, have), number(l, of), number(l, need))
		}
	}
	p.Hashes, p.Bytes = int64(len(ranges)), int64(len(ranges)*tlog.HashSize)
	p.Figure = figure(index, ranges)
	if index > 0 {
		p.Earlier = fmt.Sprintf("/%s/record/%d", l.Code, index-1)
	}
	if index+1 < head.Size {
		p.Later = fmt.Sprintf("/%s/record/%d", l.Code, index+1)
	}
	return s.render("entry", p)
}

// author says who did it, in which capacity, and on which sources it rests.
func (p *EntryPage) author(t teller, e *record.Entry) {
	p.Act = t.l.Say("act." + e.Act.Name)
	p.As = together(", ", t.l.Say("capacity."+e.Act.As), t.party(conference.PartyID(e.Act.For)))
	p.By = e.Act.By
	if name, ok := t.v.Name(conference.PersonID(e.Act.By), conference.Language(t.l.Code)); ok {
		p.By = name
	}
	var ids []conference.SourceID
	for _, event := range e.Events {
		for _, id := range event.Get("reported").Get("sources").Items {
			ids = append(ids, conference.SourceID(id.Str))
		}
	}
	for i, src := range t.s.Sources() {
		if slices.Contains(ids, src.Source) {
			p.Sources = append(p.Sources, SourceLine{No: i + 1, Outlet: src.Outlet, Entry: src.Index})
		}
	}
}

// short is the beginning and end of a hash, in the letters of the checkpoint.
func short(h tlog.Hash) string {
	text := h.String()
	return text[:6] + "…" + text[len(text)-6:]
}

// auditPath lists, from the leaf up, the ranges of entries whose hashes make the inclusion proof of an entry
// (RFC 6962 section 2.1.1).
func auditPath(index, size int64) [][2]int64 {
	var path [][2]int64
	lo, hi := int64(0), size
	for hi-lo > 1 {
		split := lo + 1
		for k := int64(1); k < hi-lo; k *= 2 {
			split = lo + k
		}
		if index < split {
			path = append(path, [2]int64{split, hi})
			hi = split
		} else {
			path = append(path, [2]int64{lo, split})
			lo = split
		}
	}
	for i, j := 0, len(path)-1; i < j; i, j = i+1, j-1 {
		path[i], path[j] = path[j], path[i]
	}
	return path
}

// spread writes a value over lines for reading; the entry itself has none of these line ends.
func spread(v canonical.Value, indent string) string {
	if len(v.Str) < 90 && v.Kind != canonical.Invalid || v.Kind != canonical.Object && v.Kind != canonical.Array {
		return string(canonical.Append(nil, v))
	}
	open, shut := "[", "]"
	if v.Kind == canonical.Object {
		open, shut = "{", "}"
	}
	var parts []string
	for i, item := range v.Items {
		part := indent + "  "
		if v.Kind == canonical.Object {
			part += string(canonical.AppendString(nil, v.Keys[i])) + ": "
		}
		parts = append(parts, part+spread(item, indent+"  "))
	}
	return open + "\n" + strings.Join(parts, ",\n") + "\n" + indent + shut
}
