package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"kurultai/language"
	"kurultai/record"
	"kurultai/record/tiles"
	"kurultai/secretariat"
	"kurultai/witness"
)

func verifyCommand() command {
	var key, dir, roots, policy, page, lang string
	var asJSON bool
	return command{
		usage: `usage: kurultai verify [-key VERIFIERKEY] [-json] PATH
       kurultai verify [-key VERIFIERKEY] [-policy FILE] [-json] BUNDLE
       kurultai verify -key VERIFIERKEY [-data DIR] EVIDENCE
       kurultai verify -page FILE.html
       kurultai verify [-data DIR] [-roots FILE] [-lang L] [-json] FILE.pdf

Checks a record, or what was exported of one as tiles: form, hashes, tree, the log's signature, every blob and opening, and
decides every open act again. Prints "verified N entries, root R" and exits 0, or says what is wrong and exits 1.

  -key K    the log's verifier key, ORIGIN+HASH+BASE64, as you know it from elsewhere. Without it the key found
            beside the record is used, and that is said.
  -json     the result for machines

A bundle (export -format bundle): each entry in it, its place in the record, the log's signature, the witnesses'
cosignatures, what is opened of it. No network is needed.

Evidence that a node kept: whether the log signed what it may not have. Of an entry that is decided again from those before
it, which stand in the file; where they were too many for it, -data names a copy of the record, or exported tiles.

  -page FILE     writes a page that checks bundles by itself, in nine languages: open it from the disk, the network off

  -policy FILE   whose signatures you ask for, k of n, in the form of Tessera and torchwood: lines "log KEY",
                 "witness NAME KEY", "group NAME K NAMES…", "quorum NAME". Without it those count whom the bundle names

A signed paper: who signed what and when, what came after each signature, whether anything was changed, whether the
certificates are of the parties' authorities, and whether the record issued the paper. Exits 0 only where all that is so.

  -data DIR    the record: it names the authorities and holds the paper
  -roots FILE  authorities as certificates in PEM, "party: KZ; fields: s2" on a line before each; of the record nothing
               is asked, and the last line says so
  -lang L      what is found in another language: az de en ka kk ky ru tr uz (en)

example: kurultai verify -key "$(cat baku.key)" baku
`,
		flags: func(f *flag.FlagSet) {
			f.StringVar(&key, "key", "", "")
			f.StringVar(&dir, "data", "", "")
			f.StringVar(&roots, "roots", "", "")
			f.StringVar(&policy, "policy", "", "")
			f.StringVar(&page, "page", "", "")
			f.StringVar(&lang, "lang", "en", "")
			f.BoolVar(&asJSON, "json", false, "")
		},
		run: func(ctx context.Context, io streams, args []string) error {
			if page != "" && len(args) == 0 {
				return os.WriteFile(page, checkerPage(), 0o644)
			}
			if len(args) != 1 || page != "" {
				return errUsage{"one PATH is needed"}
			}
			if strings.HasSuffix(strings.ToLower(args[0]), ".pdf") || roots != "" || dir != "" && !beginsAsEvidence(args[0]) {
				l, ok := language.Get(lang)
				if !ok {
					return errUsage{fmt.Sprintf("no language is called %q: az de en ka kk ky ru tr uz", lang)}
				}
				return verifyPaper(ctx, args[0], dir, roots, l, asJSON, io.out)
			}
			if info, err := os.Stat(args[0]); err == nil && info.Mode().IsRegular() {
				return verifyFile(ctx, args[0], key, policy, dir, asJSON, io.out)
			}
			if policy != "" {
				return errUsage{"-policy is for a bundle"}
			}
			f, err := verify(ctx, args[0], key)
			if err != nil {
				if asJSON {
					json.NewEncoder(io.out).Encode(map[string]any{"ok": false, "error": err.Error()})
				}
				return err
			}
			if asJSON {
				return json.NewEncoder(io.out).Encode(f.machine())
			}
			fmt.Fprintln(io.out, f)
			return nil
		},
	}
}

// A finding is what verify says.
type finding struct {
	witness.Finding
	origin, key, whence string
	openings            int64 // sealed values and closed entries that were opened and fit
}

func (f finding) String() string {
	s := fmt.Sprintf("decided again: %d open acts, %d closed entries stay closed to this check; %d openings fit\n", f.Open, f.Closed, f.openings)
	s += fmt.Sprintf("attested: %d of %d acts of consequence; %d could not have come without\n", f.Borne, f.Consequence, f.Required)
	if f.Upgrade > 0 {
		s += fmt.Sprintf("upgrade needed: from entry %d on the record is under a later edition; form and tree were checked, decisions were not\n", f.Upgrade)
	}
	s += fmt.Sprintf("key: %s (%s)\n", f.key, f.whence)
	return s + fmt.Sprintf("verified %d entries, root %s", f.Size, f.Root)
}

func (f finding) machine() map[string]any {
	return map[string]any{"ok": true, "origin": f.origin, "size": f.Size, "root": f.Root.String(), "open": f.Open, "closed": f.Closed,
		"attested": f.Attested, "ofConsequence": f.Consequence, "ofConsequenceAttested": f.Borne, "required": f.Required, "openings": f.openings, "key": f.key, "keyFrom": f.whence, "upgradeNeededFrom": f.Upgrade}
}

func verify(ctx context.Context, path, key string) (finding, error) {
	if isRecord(path) {
		h, err := openToRead(path)
		if err != nil {
			return finding{}, err
		}
		defer h.Close()
		return verifyRecord(ctx, h, key)
	}
	if _, err := os.Stat(filepath.Join(path, "checkpoint")); err == nil {
		return verifyTiles(ctx, path, key)
	}
	return finding{}, hinted{fmt.Errorf("%s is neither a record, nor exported tiles, nor a bundle", path), "name the folder that was given to -data or to export -format tiles, or a file of export -format bundle"}
}

func verifyHouse(ctx context.Context, h *house) (finding, error) { return verifyRecord(ctx, h, "") }

// trust says which key is trusted, and whence it came.
func trust(key, beside, found string) (v *record.Verifier, whence string, err error) {
	whence = "from the argument"
	if key == "" {
		key, whence = beside, found
	}
	if v, err = record.ParseVerifier(strings.TrimSpace(key)); err != nil {
		return nil, "", err
	}
	if _, story := record.StoryBody(v.Name()); story && whence == found {
		whence += "; the origin of a story is bound to it"
	}
	return v, whence, nil
}

// verifyRecord checks a record where it is kept.
func verifyRecord(ctx context.Context, h *house, key string) (finding, error) {
	v, whence, err := trust(key, h.log.Verifier(), "from keys/log.key beside the record")
	if err != nil {
		return finding{}, err
	}
	return checkRecord(ctx, h, v, whence)
}

// checkRecord is verifyRecord under a key that is trusted.
func checkRecord(ctx context.Context, h *house, v *record.Verifier, whence string) (finding, error) {
	head, err := h.engine.Head(ctx)
	if err != nil {
		return finding{}, err
	}
	if head.Size == 0 {
		return finding{}, errors.New("no entries")
	}
	if head, err = record.OpenCheckpoint(head.Note, v); err != nil {
		return finding{}, err
	}
	entries := func(yield func(record.Stored, error) bool) {
		for stored, err := range h.engine.Read(ctx, 0) {
			if stored.Index == head.Size || !yield(stored, err) {
				return // the rest came after the checkpoint
			}
		}
	}
	r, err := witness.Check(ctx, head.Origin, entries)
	if err != nil {
		return finding{}, err
	}
	if err := matches(r, head); err != nil {
		return finding{}, err
	}
	if err := secretariat.CheckBlobs(ctx, h.engine, head.Size); err != nil {
		return finding{}, err
	}
	openings, err := secretariat.CheckOpenings(ctx, h.engine, h.keys, head.Size)
	if err != nil {
		return finding{}, err
	}
	return finding{r.Finding, head.Origin, record.VerifierText(v.Name(), v.Key), whence, openings}, nil
}

func matches(r *witness.Replay, head record.Checkpoint) error {
	if r.Finding.Size != head.Size || r.Finding.Root != head.Root {
		return fmt.Errorf("the entries make a tree of %d with root %s and the checkpoint says %d with root %s", r.Finding.Size, r.Finding.Root, head.Size, head.Root)
	}
	if body, story := record.StoryBody(head.Origin); story && body != string(r.State.Body.ID) {
		return &record.EntryError{Index: 0, Why: "founds " + string(r.State.Body.ID) + " and the origin says " + body}
	}
	return nil
}

// verifyTiles checks what was exported: its form first, as any verifier does, then every decision.
func verifyTiles(ctx context.Context, path, key string) (finding, error) {
	beside, err := os.ReadFile(filepath.Join(path, "key"))
	if err != nil && key == "" {
		return finding{}, hinted{err, "name the log's key with -key"}
	}
	v, whence, err := trust(key, string(beside), "from the file key beside the tiles, which proves nothing by itself")
	if err != nil {
		return finding{}, err
	}
	text := record.VerifierText(v.Name(), v.Key)
	fsys := os.DirFS(path)
	verdict := tiles.Verify(fsys, text)
	if verdict.Damage != nil {
		return finding{}, verdict.Damage
	}
	if d := tiles.OpenBlobs(fsys, verdict.Checkpoint.Size); d != nil {
		return finding{}, d
	}
	r, err := witness.Check(ctx, verdict.Checkpoint.Origin, tiles.Entries(fsys, verdict.Checkpoint.Size))
	if err != nil {
		return finding{}, err
	}
	return finding{r.Finding, verdict.Checkpoint.Origin, text, whence, verdict.Openings}, nil
}
