package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kurultai/conference"
	"kurultai/record"
	"kurultai/record/canonical"
	"kurultai/record/sqlite"
	"kurultai/secretariat"
)

// A record is packed while its writer takes act upon act; each backup restores to a record that verifies, and what the
// first lacks is told by the machine that signed it.
func TestABackupIsTakenWhileActsCome(t *testing.T) {
	dir, out := trainingRecord(t), t.TempDir()
	h, err := openUnwatched(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	stop, done := make(chan struct{}), make(chan int)
	go func() {
		taken := 0
		defer func() { done <- taken }()
		for ; ; taken++ {
			select {
			case <-stop:
				return
			default:
			}
			v, err := canonical.Parse(benchPlace(fmt.Append(nil, taken)))
			if err == nil {
				err = tries(t, h.s, conference.Secretary, "", "NamePlace", v)
			}
			if err != nil {
				t.Error(err)
				return
			}
		}
	}()
	var said []string
	for i := range 3 {
		file := filepath.Join(out, fmt.Sprint(i))
		code, _, talk := kurultai(t, "backup", "-data", dir, file)
		if code != 0 {
			t.Error(talk)
		}
		said = append(said, talk)
	}
	close(stop)
	if taken := <-done; taken == 0 || said[0] == strings.Replace(said[2], filepath.Join(out, "2"), filepath.Join(out, "0"), 1) {
		t.Errorf("%d acts came meanwhile: %q", taken, said)
	}
	keys := filepath.Join(out, "keys")
	if code, _, talk := kurultai(t, "backup", "-data", dir, "-keys", keys); code != 0 {
		t.Fatal(talk)
	}
	for i := range 3 {
		to := filepath.Join(out, "restored", fmt.Sprint(i))
		if code, answer, talk := kurultai(t, "restore", "-keys", keys, filepath.Join(out, fmt.Sprint(i)), to); code != 0 || !strings.Contains(answer, "verified ") {
			t.Errorf("backup %d: %s", i, talk)
		}
	}
	// What was signed after the backup is known to this machine.
	tripwire := filepath.Join(out, "tripwire")
	size := h.s.View().State().Size
	if err := errors.Join(os.WriteFile(tripwire, h.s.View().Checkpoint().Note, 0o600), h.Close()); err != nil {
		t.Fatal(err)
	}
	_, _, talk := kurultai(t, "restore", "-keys", keys, "-tripwire", tripwire, filepath.Join(out, "0"), filepath.Join(out, "told"))
	if !strings.Contains(talk, fmt.Sprintf("missing: this machine knows that %d entries were signed", size)) {
		t.Errorf("%d: %s", size, talk)
	}
	// Changed in one byte anywhere, it is refused or is the same record.
	b, err := os.ReadFile(filepath.Join(out, "0"))
	if err != nil {
		t.Fatal(err)
	}
	refused := 0
	for at := 600; at < len(b); at += len(b) / 12 {
		bad := append([]byte(nil), b...)
		bad[at] ^= 0x10
		file, to := filepath.Join(out, "bad"), filepath.Join(out, "bad.d")
		if err := os.WriteFile(file, bad, 0o600); err != nil {
			t.Fatal(err)
		}
		code, _, talk := kurultai(t, "restore", file, to)
		if _, err := os.Stat(to); (err == nil) != (code == 0) {
			t.Errorf("byte %d: exit %d and %v: %s", at, code, err, talk)
		}
		if code != 0 {
			refused++
		}
		if err := os.RemoveAll(to); err != nil {
			t.Fatal(err)
		}
	}
	if refused < 8 {
		t.Errorf("%d of 12 changes were refused", refused)
	}
}

// Whoever the record has forgotten since the keys were kept is forgotten in what is restored with them.
func TestOldKeysRememberNobodyWhomTheRecordForgot(t *testing.T) {
	dir, out := trainingRecord(t), t.TempDir()
	keys, file, back := filepath.Join(out, "keys"), filepath.Join(out, "file"), filepath.Join(out, "back")
	if code, _, talk := kurultai(t, "backup", "-data", dir, "-keys", keys); code != 0 {
		t.Fatal(talk)
	}
	h, err := openUnwatched(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	subject := ""
	for row, err := range h.engine.Rows(t.Context(), 0) {
		if err != nil {
			t.Fatal(err)
		}
		if _, err := h.keys.Get(row.Subject); err == nil && !strings.Contains(row.Subject, "/") {
			subject = row.Subject
		}
	}
	takes(t, h.s, conference.Secretary, "", "ForgetPerson", conference.ForgetPerson{Person: conference.PersonID(subject), Ground: "request"})
	if _, err := h.keys.Get(subject); !errors.Is(err, secretariat.ErrForgotten) {
		t.Fatal(err)
	}
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"backup", "-data", dir, file}, {"restore", "-keys", keys, file, back}} {
		if code, _, talk := kurultai(t, args...); code != 0 {
			t.Fatal(talk)
		}
	}
	restored, err := secretariat.ReadSubjectKeys(subjectsPath(back))
	if err != nil {
		t.Fatal(err)
	}
	defer restored.Close()
	if _, err := restored.Get(subject); !errors.Is(err, secretariat.ErrForgotten) {
		t.Errorf("%s is remembered: %v", subject, err)
	}
}

// A record that has adopted an edition this program does not know is neither served nor written on: it says what to take.
func TestALaterEditionAsksForANewerProgram(t *testing.T) {
	dir := trainingRecord(t)
	h, v, err := readView(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	st, by := v.State(), v.State().Holders(conference.Secretary)
	s := record.Submitted{Name: "AdoptEdition", By: string(by[0].Person), As: string(conference.Secretary), Key: newKey(), Origin: v.Origin(), With: []record.With{{By: string(by[1].Person), As: string(conference.Secretary)}}}
	if s.Fields, err = canonical.Parse(fmt.Sprintf(`{"edition":%d}`, newestEdition()+1)); err != nil {
		t.Fatal(err)
	}
	adopted := record.OpenEntry(st.Size, st.Last, &s, nil, conference.Decided([]conference.Event{{Body: &conference.EditionAdopted{Edition: newestEdition() + 1}}}))
	s.Key = newKey()
	later := record.OpenEntry(st.Size+1, st.Last, &s, nil, conference.Decided([]conference.Event{{Body: &conference.EditionAdopted{Edition: newestEdition() + 2}}}))
	log := h.log
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	e, err := sqlite.Open(dir, sqlite.Options{})
	if err == nil {
		_, err = e.Append(t.Context(), st.Size, record.Group{Entries: [][]byte{adopted, later}}, log.SignCheckpoint)
	}
	if err := errors.Join(err, e.Close()); err != nil {
		t.Fatal(err)
	}
	if code, _, talk := kurultai(t, "serve", "-data", dir, "-addr", "localhost:0"); code != 1 || !strings.Contains(talk, "upgrade needed") || !strings.Contains(talk, "hint: take the program that wrote it") {
		t.Errorf("served: %d %s", code, talk)
	}
	if code, out, talk := kurultai(t, "verify", dir); code != 0 || !strings.Contains(out, fmt.Sprintf("upgrade needed: from entry %d on", st.Size)) {
		t.Errorf("verified: %d %s%s", code, out, talk)
	}
}
