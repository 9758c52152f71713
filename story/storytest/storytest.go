// Package storytest plays stories into temporary records, for tests.
package storytest

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"fmt"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"kurultai/record"
	"kurultai/record/canonical"
	"kurultai/record/sqlite"
	"kurultai/secretariat"
	"kurultai/story"
)

// Time is what the wall clock shows in these records.
const Time record.Instant = 1_900_000_000_000

// A Clock is the wall clock and the steady one of a record, and goes on only when it is told to.
type Clock struct{ passed atomic.Int64 }

// Pass lets time pass.
func (c *Clock) Pass(d time.Duration) { c.passed.Add(int64(d)) }

// Set has the clocks show an instant. One that is behind what they show is for before a record is opened: the steady
// one never goes back.
func (c *Clock) Set(at record.Instant) {
	c.passed.Store(int64(time.Duration(at-Time) * time.Millisecond))
}

func (c *Clock) steady() time.Duration { return time.Duration(c.passed.Load()) }
func (c *Clock) wall() record.Instant  { return Time + record.Instant(c.steady().Milliseconds()) }

// Open opens a record for a body in dir, always under the same log key, so that the same story gives the same root.
func Open(t testing.TB, dir, body string) (*secretariat.Secretariat, string) {
	t.Helper()
	return OpenAs(t, dir, record.StoryOrigin(body, private.Public().(ed25519.PublicKey)))
}

// OpenOn is Open by a clock of the test's own.
func OpenOn(t testing.TB, dir, body string, clock *Clock) (*secretariat.Secretariat, string) {
	t.Helper()
	return open(t, dir, record.StoryOrigin(body, private.Public().(ed25519.PublicKey)), secretariat.Config{Clock: clock.wall, Steady: clock.steady})
}

var private = ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))

// OpenAs opens a record under an origin, which need not be a story's.
func OpenAs(t testing.TB, dir, origin string) (*secretariat.Secretariat, string) {
	t.Helper()
	return open(t, dir, origin, secretariat.Config{Clock: func() record.Instant { return Time }})
}

// open opens a record with what of a configuration is not its own.
func open(t testing.TB, dir, origin string, c secretariat.Config) (*secretariat.Secretariat, string) {
	t.Helper()
	key, err := record.NewLogKey(origin, private)
	if err != nil {
		t.Fatal(err)
	}
	engine, err := sqlite.Open(dir, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	keys, err := secretariat.OpenSubjectKeys(filepath.Join(dir, "subjects"))
	if err != nil {
		t.Fatal(err)
	}
	c.Engine, c.Keys, c.Log, c.Chance = engine, keys, key, rand.Reader
	s, err := secretariat.Open(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close(); keys.Close(); engine.Close() })
	return s, key.Origin()
}

// Play plays a story that ships into a temporary record.
func Play(t testing.TB, name string) *secretariat.Secretariat {
	t.Helper()
	text, ok := story.Shipped(name)
	if !ok {
		t.Fatalf("no story %s", name)
	}
	return PlayText(t, text)
}

// FirstMeeting is the training story up to the end of its first meeting: one of each kind of entry, and of refusals
// the everyday ones.
func FirstMeeting(t testing.TB) []byte {
	t.Helper()
	text, _ := story.Shipped("training")
	before, _, found := bytes.Cut(text, []byte(`{"act":{"as":"Secretary","by":"b38eac015d9a1c1ed41abec6ae64cf9f","fields":{"basis":"decision VII/1"`))
	if !found {
		t.Fatal("the training story has no second meeting")
	}
	return before
}

// PlayText plays a story into a temporary record.
func PlayText(t testing.TB, text []byte) *secretariat.Secretariat {
	t.Helper()
	return play(t, text, func(body string) (*secretariat.Secretariat, string) { return Open(t, t.TempDir(), body) })
}

// PlayAs plays a story into a temporary record that is not a story's, where acts of consequence are attested as soon as
// an origin for passkeys is named.
func PlayAs(t testing.TB, text []byte, origin string) *secretariat.Secretariat {
	t.Helper()
	return play(t, text, func(string) (*secretariat.Secretariat, string) { return OpenAs(t, t.TempDir(), origin) })
}

// PlayOn is PlayAs by a clock of the test's own. Without an origin the record is the story's.
func PlayOn(t testing.TB, text []byte, origin string, clock *Clock) *secretariat.Secretariat {
	t.Helper()
	return play(t, text, func(body string) (*secretariat.Secretariat, string) {
		if origin == "" {
			origin = record.StoryOrigin(body, private.Public().(ed25519.PublicKey))
		}
		return open(t, t.TempDir(), origin, secretariat.Config{Clock: clock.wall, Steady: clock.steady})
	})
}

func play(t testing.TB, text []byte, open func(body string) (*secretariat.Secretariat, string)) *secretariat.Secretariat {
	t.Helper()
	lines, err := story.Parse(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	body, err := story.BodyOf(lines)
	if err != nil {
		t.Fatal(err)
	}
	s, origin := open(body)
	err = story.Play(context.Background(), s, origin, lines, func() record.Instant { return Time }, rand.Reader, nil, func(story.Played) {})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// File is what WithFile keeps of a paper.
var File = bytes.Repeat([]byte("A page of a restricted paper.\n"), 200)

// WithFile is a story after which the secretariat registers the restricted paper LP/INF.9 with its file.
func WithFile(t testing.TB, text []byte) []byte {
	t.Helper()
	lines, err := story.Parse(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	act, err := canonical.Parse(fmt.Sprintf(`{"as":"Secretary","by":"b38eac015d9a1c1ed41abec6ae64cf9f","fields":{"file":{"private":{"blob":"%s","size":%d}},"language":"en","level":"restricted","symbol":"LP/INF.9","text":"%[1]s","type":"letter"},"key":"AAAAAAAAAAAAAAAAAAAAAA","name":"RegisterDocument"}`, record.DigestOf(File), len(File)))
	if err != nil {
		t.Fatal(err)
	}
	line := story.Line{At: lines[len(lines)-1].At, Act: act, Blobs: [][]byte{File}}
	salted, err := story.Salt(bytes.NewReader(line.Append(bytes.Clone(text))), constant(7))
	if err != nil {
		t.Fatal(err)
	}
	return salted
}

// constant is chance that is none.
type constant byte

func (c constant) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = byte(c)
	}
	return len(b), nil
}
