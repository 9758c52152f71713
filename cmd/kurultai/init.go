package main

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"

	"kurultai/conference"
	"kurultai/record"
	"kurultai/record/canonical"
	"kurultai/rules"
	"kurultai/rules/bodies"
	"kurultai/secretariat"
)

func initCommand() command {
	var dir, tripwire string
	return command{
		usage: `usage: kurultai init -data DIR FILE

Founds the record of a body described in FILE, a JSON document:

  {
    "origin": "records.example.org/lakes",     host and path that will name this record for ever, no scheme
    "id": "lakes-and-passes",                  a short id of the body: a-z, 0-9 and -
    "names": {"en": "Conference of Lakes and Passes", "de": "Konferenz der Seen und Pässe"},
    "languages": ["de", "en"],                 each needs a name above
    "seat": "nuvel",                           id of the place of its seat
    "zone": "Etc/GMT-5",                       time zone there
    "rules": "ours.json",                      its rules: a file beside this one, or those of a body built in
    "rulesBasis": "LP/1/DEC/3"                 the decision that adopted them
  }

Rules may come later. kurultai rules lists those that are built in, and checks a file.

Two secretaries get random ids, which are printed: the first acts of the body are theirs.

  -data DIR        the new record; missing or empty
  -tripwire FILE   where the last checkpoint is kept, outside DIR

example: kurultai init -data lakes lakes.json
`,
		flags: func(f *flag.FlagSet) { f.StringVar(&dir, "data", "", ""); f.StringVar(&tripwire, "tripwire", "", "") },
		run: func(ctx context.Context, io streams, args []string) error {
			if dir == "" || len(args) != 1 {
				return errUsage{"-data DIR and one FILE are needed"}
			}
			d, err := readDescription(args[0])
			if err != nil {
				return err
			}
			var r *rules.Rules
			if d.Rules != "" {
				path := d.Rules
				if _, builtIn := bodies.Get(path); !builtIn && !filepath.IsAbs(path) {
					path = filepath.Join(filepath.Dir(args[0]), path)
				}
				if r, err = readRules(path); err != nil {
					return err
				}
			}
			return found(ctx, io, dir, tripwire, d, r)
		},
	}
}

// A description is a body as a person writes it down.
type description struct {
	Origin    string            `json:"origin"`
	ID        string            `json:"id"`
	Names     map[string]string `json:"names"`
	Languages []string          `json:"languages"`
	Seat      string            `json:"seat"`
	Zone      string            `json:"zone"`

	Rules string `json:"rules"`
	Basis string `json:"rulesBasis"`
}

func readDescription(path string) (d description, err error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return d, err
	}
	in := json.NewDecoder(strings.NewReader(string(b)))
	in.DisallowUnknownFields()
	if err := in.Decode(&d); err != nil {
		at := in.InputOffset()
		var syntax *json.SyntaxError
		if errors.As(err, &syntax) {
			at = syntax.Offset
		}
		line := 1 + strings.Count(string(b[:min(at, int64(len(b)))]), "\n")
		return d, hinted{fmt.Errorf("%s: near line %d: %w", path, line, err), "kurultai init -h shows such a file"}
	}
	for _, check := range []struct {
		wrong bool
		why   string
	}{
		{!record.IsOrigin(d.Origin) || strings.Contains(d.Origin, "://") || !strings.Contains(d.Origin, "."), "origin: a host and path without a scheme, as records.example.org/lakes"},
		{strings.HasSuffix(strings.SplitN(d.Origin, "/", 2)[0], ".invalid"), "origin: .invalid is for stories"},
		{!record.IsID(d.ID), "id: 1 to 40 of a-z, 0-9 and -"},
		{!record.IsID(d.Seat), "seat: 1 to 40 of a-z, 0-9 and -"},
		{len(d.Languages) == 0, "languages: one at least"},
		{d.Zone == "", "zone: a time zone, as Asia/Baku"},
		{(d.Rules == "") != (d.Basis == ""), "rules and rulesBasis: rules, and the decision that adopted them"},
	} {
		if check.wrong {
			return d, hinted{fmt.Errorf("%s: %s", path, check.why), "kurultai init -h shows such a file"}
		}
	}
	for _, l := range d.Languages {
		if d.Names[l] == "" {
			return d, hinted{fmt.Errorf("%s: names: none in %s", path, l), "give the body a name in each of its languages"}
		}
	}
	return d, nil
}

func found(ctx context.Context, io streams, dir, tripwire string, d description, r *rules.Rules) error {
	if isRecord(dir) {
		return hinted{fmt.Errorf("%s holds a record already", dir), "name a new folder"}
	}
	if err := makeDir(dir, func(ed25519.PublicKey) string { return d.Origin }); err != nil {
		return err
	}
	h, err := openToWrite(ctx, dir, tripwire)
	if err != nil {
		return err
	}
	first, second := personID(), personID()
	receipt, err := h.s.Do(ctx, &secretariat.Act{Submitted: founding(d, first, second)})
	if err == nil && r != nil {
		_, err = h.s.Do(ctx, &secretariat.Act{Submitted: asSecretary(d, first, "AdoptRules", conference.AdoptRules{Rules: *r, Basis: norm.NFC.String(d.Basis)})})
	}
	if err = errors.Join(err, h.Close()); err != nil {
		return errors.Join(err, os.RemoveAll(dir))
	}
	fmt.Fprintf(io.out, "origin       %s\nverifier key %s\nsecretaries  %s\n             %s\nfounded by entry %d\n", d.Origin, h.log.Verifier(), first, second, receipt.Index)
	return nil
}

func personID() string {
	b := make([]byte, 16)
	rand.Read(b)
	return hex.EncodeToString(b)
}

// founding is the first act of a body. Text from outside is brought to NFC here, at the door.
func founding(d description, first, second string) record.Submitted {
	f := conference.FoundBody{ID: conference.BodyID(d.ID), Seat: conference.PlaceID(d.Seat), Zone: d.Zone, Offices: []conference.Holding{
		{Person: conference.PersonID(first), Capacity: conference.Secretary}, {Person: conference.PersonID(second), Capacity: conference.Secretary}}}
	slices.Sort(d.Languages)
	for _, l := range d.Languages {
		f.Languages = append(f.Languages, conference.Language(l))
		f.Names = append(f.Names, conference.Name{Language: conference.Language(l), Text: norm.NFC.String(d.Names[l])})
	}
	return asSecretary(d, first, "FoundBody", f)
}

// asSecretary is an act of the first secretary.
func asSecretary(d description, first, name string, f any) record.Submitted {
	fields, err := canonical.Parse(string(canonical.Encode(nil, f)))
	if err != nil {
		panic(err) // it was encoded just now
	}
	key := make([]byte, 16)
	rand.Read(key)
	return record.Submitted{As: string(conference.Secretary), By: first, Fields: fields, Key: canonical.EncodeBytes(key), Name: name, Origin: d.Origin}
}
