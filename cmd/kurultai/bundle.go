package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"kurultai/language"
	"kurultai/record"
	"kurultai/witness"
)

// verifyEvidence holds evidence against the log's key.
func verifyEvidence(text []byte, key string, w io.Writer) error {
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
	if err := e.Check(v); err != nil {
		return fmt.Errorf("the evidence convinces nobody: %w", err)
	}
	if e.Kind == "fork" {
		fmt.Fprintf(w, "the log signed two records that cannot both be:\n%s\n%s\n", e.Small, e.Large)
		return nil
	}
	fmt.Fprintf(w, "the log signed entry %d, in this record:\n%s\nThe node that found it says: %s\n", e.Entry, e.Large, e.Why)
	for _, line := range [][2]string{{"rule", e.Rule}, {"expected", e.Expected}, {"found", e.Found}} {
		if line[1] != "" {
			fmt.Fprintf(w, "%s: %s\n", line[0], line[1])
		}
	}
	if e.Kind == "not-our-key" {
		if e.Admission == "" {
			fmt.Fprintf(w, "The node is %s. Whose it is, nothing here shows.\n", e.Node)
		} else {
			fmt.Fprintf(w, "The node is %s, admitted by entry %d of the same record.\n", e.Node, e.Admitted)
		}
		return nil
	}
	fmt.Fprintf(w, "Whether its rules allow it is seen by deciding the record again up to it: kurultai follow or kurultai verify.\n")
	return nil
}

// verifyFile checks a bundle, or evidence, from the file alone.
func verifyFile(path, key, policyFile string, asJSON bool, w io.Writer) error {
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
		return verifyEvidence(text, key, w)
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
	if policyFile != "" {
		fmt.Fprintf(w, "signed as %s asks\n", policyFile)
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
