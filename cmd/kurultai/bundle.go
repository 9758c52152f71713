package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"strings"
	"time"

	"kurultai/language"
	"kurultai/record"
	"kurultai/record/sqlite"
	"kurultai/record/tiles"
	"kurultai/witness"
)

// verifyEvidence holds evidence against the log's key, and decides again what it says of an entry: from the entries that
// stand behind it, or those of a copy in dir.
func verifyEvidence(ctx context.Context, text []byte, key, dir string, w io.Writer) error {
	e, err := witness.ParseEvidence(text)
	if err != nil {
		return fmt.Errorf("the evidence: %w", err)
	}
	if key == "" {
		return errUsage{"-key is needed: evidence counts against a key that you know from elsewhere"}
	}
	v, err := record.ParseVerifier(strings.TrimSpace(key))
	if err != nil {
		return err
	}
	entries := e.Entries(text)
	if dir != "" {
		var closes func() error
		if entries, closes, err = entriesOf(ctx, dir, e.Before); err != nil {
			return err
		}
		defer closes()
	}
	if e, err = e.Decide(ctx, v, entries); err != nil {
		err = fmt.Errorf("the evidence convinces nobody: %w", err)
		if errors.Is(err, witness.ErrNotDecided) {
			err = hinted{err, "name with -data a copy of the record, or exported tiles"}
		}
		return err
	}
	if e.Kind == "fork" {
		fmt.Fprintf(w, "the log signed two records that cannot both be:\n%s\n%s\n", e.Small, e.Large)
		return nil
	}
	fmt.Fprintf(w, "the log signed entry %d, in this record:\n%s\n", e.Entry, e.Large)
	if e.Kind == "not-our-key" {
		said := strings.Split(e.Claim, "\n") // as Decide has read it
		fmt.Fprintf(w, "It enrols a key in the name of %s: credential %s, key %s\n", said[3], said[4], said[5])
		fmt.Fprintf(w, "The node %s, which %s admitted, says that it is none of theirs.\n", e.Node, said[3])
		return nil
	}
	fmt.Fprintf(w, "The record was decided again up to it: %s\n", e.Why)
	for _, line := range [][2]string{{"rule", e.Rule}, {"expected", e.Expected}, {"found", e.Found}} {
		if line[1] != "" {
			fmt.Fprintf(w, "%s: %s\n", line[0], line[1])
		}
	}
	return nil
}

// entriesOf yields the entries of a record, of a copy, or of exported tiles, as many as are asked for.
func entriesOf(ctx context.Context, dir string, size int64) (iter.Seq2[record.Stored, error], func() error, error) {
	if !isRecord(dir) {
		return tiles.Entries(os.DirFS(dir), size), func() error { return nil }, nil
	}
	engine, err := sqlite.Open(dir, sqlite.Options{ReadOnly: true})
	if err != nil {
		return nil, nil, fmt.Errorf("opening %s: %w", dir, err)
	}
	return engine.Read(ctx, 0), engine.Close, nil
}

// beginsAsEvidence reports whether a file holds evidence.
func beginsAsEvidence(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	b := make([]byte, 64)
	n, _ := io.ReadFull(f, b)
	return witness.IsEvidence(b[:n])
}

// verifyFile checks a bundle, or evidence, from the file alone.
func verifyFile(ctx context.Context, path, key, policyFile, dir string, asJSON bool, w io.Writer) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, witness.MaxBundle+1))
	switch {
	case err != nil:
		return err
	case witness.IsEvidence(text):
		return verifyEvidence(ctx, text, key, dir, w)
	case !witness.IsBundle(text):
		return hinted{fmt.Errorf("%s is neither a bundle, nor evidence, nor a signed paper", path), "a bundle is what export -format bundle wrote; a paper's name ends in .pdf"}
	}
	return verifyBundle(text, key, policyFile, asJSON, w)
}

// verifyBundle checks a bundle, from the file alone.
func verifyBundle(text []byte, key, policyFile string, asJSON bool, w io.Writer) error {
	p, whence, err := provenBy(text, key, policyFile)
	if err != nil {
		if asJSON {
			json.NewEncoder(w).Encode(map[string]any{"ok": false, "error": err.Error()})
		}
		return err
	}
	if asJSON {
		return json.NewEncoder(w).Encode(bundleResult(p, whence))
	}
	for _, e := range p.Entries {
		fmt.Fprintln(w, entryLine(e))
	}
	fmt.Fprintf(w, "%d openings and %d files fit\n", p.Openings, p.Blobs)
	for _, c := range p.Witnesses {
		name, _, _ := strings.Cut(c.Verifier, "+")
		whose := "of no party"
		if c.Party != "" {
			whose = "of " + c.Party
		}
		fmt.Fprintf(w, "cosigned by %s, %s, at %s\n", name, whose, time.Unix(c.At, 0).UTC().Format(time.RFC3339))
	}
	switch {
	case p.Of == 0:
		fmt.Fprintln(w, "recorded and proven; no witness is named")
	case p.Witnessed():
		fmt.Fprintf(w, "witnessed by %d of %d, and %d are asked for\n", len(p.Witnesses), p.Of, p.Need)
	default:
		fmt.Fprintf(w, "recorded and proven; cosigned by %d of %d, and %d are asked for: not witnessed yet\n", len(p.Witnesses), p.Of, p.Need)
	}
	switch {
	case policyFile != "":
		fmt.Fprintf(w, "signed as %s asks\n", policyFile)
	case p.Of > 0:
		fmt.Fprintln(w, "who is asked for: as the bundle names them, which may leave somebody out; -policy names whom you ask for")
	}
	fmt.Fprintf(w, "key: %s\n", whence)
	fmt.Fprintf(w, "verified %d entries of %d, root %s\n", len(p.Entries), p.Size, p.Root)
	return nil
}

// provenBy checks a bundle by the key that is trusted.
func provenBy(text []byte, key, policyFile string) (p witness.Proven, whence string, err error) {
	b, err := witness.ParseBundle(text)
	if err != nil {
		return p, "", fmt.Errorf("the bundle: %w", err)
	}
	v, whence, err := trust(key, b.Key, "from the bundle, which proves nothing by itself")
	if err != nil {
		return p, "", err
	}
	var policy []byte
	if policyFile != "" {
		if policy, err = os.ReadFile(policyFile); err != nil {
			return p, "", err
		}
		if key == "" {
			whence = "as the policy names it"
		}
	}
	p, err = b.Check(v, policy)
	return p, record.VerifierText(v.Name(), v.Key) + " (" + whence + ")", err
}

// entryLine says what an entry is.
func entryLine(e *record.Entry) string {
	if e.Closed != "" {
		return fmt.Sprintf("entry %d, %s: closed", e.Index, e.At)
	}
	by := e.Act.As
	if e.Act.For != "" {
		by += " for " + e.Act.For
	}
	signed := "by nobody's passkey"
	if n := len(e.Attestations); n > 0 {
		signed = fmt.Sprintf("with %d attestations, which are not checked without the keys enrolled before", n)
	}
	return fmt.Sprintf("entry %d, %s: %s by %s %s, %s", e.Index, e.At, e.Act.Name, by, e.Act.By, signed)
}

func bundleResult(p witness.Proven, key string) map[string]any {
	var entries []map[string]any
	for _, e := range p.Entries {
		m := map[string]any{"index": e.Index, "at": e.At.String(), "closed": e.Closed != ""}
		if e.Closed == "" {
			m["act"], m["as"], m["by"], m["for"] = e.Act.Name, e.Act.As, e.Act.By, e.Act.For
		}
		entries = append(entries, m)
	}
	return map[string]any{"ok": true, "origin": p.Origin, "size": p.Size, "root": p.Root.String(), "entries": entries, "openings": p.Openings, "files": p.Blobs,
		"witnesses": len(p.Witnesses), "of": p.Of, "need": p.Need, "witnessed": p.Witnessed(), "key": key}
}

// checkerPage is the page that checks bundles from a disk, in all languages.
func checkerPage() []byte {
	words := map[string]map[string]string{}
	for _, l := range language.All() {
		words[l.Code] = map[string]string{"language": l.Say("language")}
		for _, key := range l.Keys() {
			if name, ok := strings.CutPrefix(key, "checker."); ok {
				words[l.Code][name] = l.Say(key)
			}
		}
	}
	return witness.Page(words)
}
