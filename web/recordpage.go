package web

import (
	"context"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/tlog"

	"kurultai/language"
	"kurultai/record"
	"kurultai/record/canonical"
)

// RecordPage shows the head of the record and its newest entries.
type RecordPage struct {
	Layout
	Origin, Root, Key, Note string
	Entries                 []EntryLine
	Older                   string
}

// EntryLine is an entry in a list.
type EntryLine struct {
	Index       int64
	At, Address string
	Act, Caused string
	Closed      bool
}

// newest is how many entries the record's page lists.
const newest = 50

func (s *site) recordPage(ctx context.Context, v View, l *language.Language) ([]byte, error) {
	head := v.Checkpoint()
	p := RecordPage{Layout: s.layout(v, l, "record"), Origin: v.Origin(), Root: head.Root.String(), Key: v.VerifierKey(), Note: string(head.Note)}
	p.Title, p.Lead, p.Here = l.Say("page.proves"), l.Say("page.provelead"), "record"
	for i := v.State().Size - 1; i >= 0 && i >= v.State().Size-newest; i-- {
		line, _, err := s.line(ctx, v, l, i)
		if err != nil {
			return nil, err
		}
		p.Entries = append(p.Entries, line)
	}
	return s.render("record", p)
}

// line reads an entry for a list.
func (s *site) line(ctx context.Context, v View, l *language.Language, index int64) (EntryLine, *record.Entry, error) {
	text, err := v.Entry(ctx, index)
	if err != nil {
		return EntryLine{}, nil, err
	}
	e, err := record.ParseEntry(string(text), index)
	if err != nil {
		return EntryLine{}, nil, err
	}
	line := EntryLine{Index: index, At: e.At.String(), Address: fmt.Sprintf("/%s/record/%d", l.Code, index), Closed: e.Closed != ""}
	if line.Closed {
		line.Act, line.Caused = l.Say("event.ClosedEntry"), l.Say("page.closed")
		return line, e, nil
	}
	line.Act = l.Say("act." + e.Act.Name)
	var caused []string
	for _, event := range e.Events {
		caused = append(caused, l.Say("event."+event.Get("kind").Str))
	}
	line.Caused = strings.Join(caused, ", ")
	return line, e, nil
}

// EntryPage shows one entry and proves it.
type EntryPage struct {
	Layout
	Line    EntryLine
	By, As  string
	Origin  string
	JSON    string
	Leaf    string
	Steps   []Step
	Root    string
	Command string
}

// Step is one hash of an inclusion proof, and the entries it stands for.
type Step struct {
	Range string
	Hash  string
}

func (s *site) entryPage(ctx context.Context, v View, l *language.Language, number string) ([]byte, error) {
	index, err := strconv.ParseInt(number, 10, 64)
	if err != nil || index < 0 || index >= v.State().Size || strconv.FormatInt(index, 10) != number {
		return nil, errNotFound
	}
	line, e, err := s.line(ctx, v, l, index)
	if err != nil {
		return nil, err
	}
	text, err := v.Entry(ctx, index)
	if err != nil {
		return nil, err
	}
	proof, err := v.Prove(ctx, index)
	if err != nil {
		return nil, err
	}
	leaf, head := tlog.RecordHash(text), v.Checkpoint()
	if err := tlog.CheckRecord(proof, head.Size, head.Root, index, leaf); err != nil {
		return nil, fmt.Errorf("entry %d is not under the head: %w", index, err)
	}
	p := EntryPage{Layout: s.layout(v, l, "record/"+number), Line: line, By: e.Act.By, As: e.Act.As, Origin: v.Origin(), Leaf: short(leaf), Root: head.Root.String()}
	p.Title, p.Here = l.Say("page.entry", number), "record"
	value, err := canonical.Parse(string(text))
	if err != nil {
		return nil, err
	}
	p.JSON = spread(value, "")
	for i, r := range auditPath(index, head.Size) {
		p.Steps = append(p.Steps, Step{l.Say("page.withrange", fmt.Sprint(r[0]), fmt.Sprint(r[1]-1)), short(proof[i])})
	}
	return s.render("entry", p)
}

func short(h tlog.Hash) string { return hex.EncodeToString(h[:4]) + "…" + hex.EncodeToString(h[28:]) }

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
	if len(v.Str) < 60 && v.Kind != canonical.Invalid || v.Kind != canonical.Object && v.Kind != canonical.Array {
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
