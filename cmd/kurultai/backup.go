package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"kurultai/backup"
	"kurultai/record"
	"kurultai/record/sqlite"
	"kurultai/secretariat"
)

func backupCommand() command {
	var dir, keys string
	return command{
		usage: `usage: kurultai backup -data DIR FILE
       kurultai backup -data DIR -keys KEYS

Writes a record into one new file, while it is served: the database as it stands at one moment, and all blobs. What is
sealed in it stays sealed, and nobody can write on with it: what opens it and signs is in a file of its own, KEYS. Keep the
two in different places, and make KEYS anew when people came since; make no more copies of it than you can find again, for
a copy remembers whom the record has forgotten.

  -data DIR    the record
  -keys KEYS   writes the log's key, the persons' keys and the seeds of imports, instead of the record

FILE may be -, which is standard output: to another machine, or into what encrypts it.

example: kurultai backup -data assembly /media/stick/assembly.backup
`,
		flags: func(f *flag.FlagSet) {
			f.StringVar(&dir, "data", "", "")
			f.StringVar(&keys, "keys", "", "")
		},
		run: func(ctx context.Context, io streams, args []string) error {
			if dir == "" || keys == "" && len(args) != 1 || keys != "" && len(args) > 0 {
				return errUsage{"-data DIR is needed, and either one FILE behind the flags or -keys KEYS"}
			}
			if !isRecord(dir) {
				return hinted{fmt.Errorf("%s holds no record", dir), "name the folder that was given to -data of kurultai serve"}
			}
			var a *backup.Archive
			var err error
			to := keys
			if keys != "" {
				a, err = archiveKeys(ctx, dir)
			} else {
				to = args[0]
				a, err = archiveRecord(ctx, dir)
			}
			if err != nil {
				return err
			}
			defer a.Close()
			if to == "-" {
				_, err := a.WriteTo(io.out)
				return err
			}
			if err := writeArchive(to, a); err != nil {
				return err
			}
			return saidOf(io.talk, to, a)
		},
	}
}

// saidOf says what a file holds.
func saidOf(w io.Writer, path string, a *backup.Archive) error {
	if a.Manifest.Kind == backup.Keys {
		_, err := fmt.Fprintf(w, "%s: the keys of %s, %d bytes\n", path, a.Manifest.Origin, a.Size())
		return err
	}
	head, err := record.ReadCheckpoint([]byte(a.Manifest.Checkpoint))
	if err == nil {
		_, err = fmt.Fprintf(w, "%s: %d entries and %d blobs of %s, root %s, %d bytes\n", path, head.Size, a.Manifest.Blobs, head.Origin, head.Root, a.Size())
	}
	return err
}

// archiveRecord packs the record in dir as it stands. Its database is copied beside it first, so room for that is needed.
func archiveRecord(ctx context.Context, dir string) (_ *backup.Archive, err error) {
	from, err := sqlite.Open(dir, sqlite.Options{ReadOnly: true})
	if err != nil {
		return nil, fmt.Errorf("opening %s: %w", dir, err)
	}
	defer func() { err = errors.Join(err, from.Close()) }()
	if err := roomFor(dir, filepath.Join(dir, "record.db"), filepath.Join(dir, "record.db-wal")); err != nil {
		return nil, err
	}
	aside, err := os.MkdirTemp(dir, ".backup-*") // 0700
	if err != nil {
		return nil, err
	}
	gone := func() error { return os.RemoveAll(aside) }
	db := filepath.Join(aside, "record.db")
	if err := from.Copy(ctx, db); err != nil {
		return nil, errors.Join(err, gone())
	}
	head, err := headOf(ctx, aside)
	if err != nil {
		return nil, errors.Join(err, gone())
	}
	key, err := readLogKey(dir)
	if err != nil {
		return nil, errors.Join(err, gone())
	}
	parts := []backup.Part{{Name: "record.db", Path: db}}
	for _, name := range []string{"erased.jsonl", rehearsalMark} {
		switch b, err := os.ReadFile(filepath.Join(dir, name)); {
		case err == nil:
			parts = append(parts, backup.Part{Name: name, Bytes: b})
		case !errors.Is(err, os.ErrNotExist):
			return nil, errors.Join(err, gone())
		}
	}
	m := backup.Manifest{Kind: backup.Record, Origin: key.Origin(), Verifier: key.Verifier(), Checkpoint: string(head.Note), Made: now(), Program: program()}
	a, err := backup.New(ctx, m, parts, dir, gone)
	if err != nil {
		return nil, errors.Join(err, gone())
	}
	return a, nil
}

// headOf is the checkpoint that a copy of the database ends with.
func headOf(ctx context.Context, dir string) (record.Checkpoint, error) {
	e, err := sqlite.Open(dir, sqlite.Options{ReadOnly: true})
	if err != nil {
		return record.Checkpoint{}, fmt.Errorf("reading the copy of record.db: %w", err)
	}
	head, err := e.Head(ctx)
	if err == nil && head.Size == 0 {
		err = errors.New("no entries: there is nothing to keep yet")
	}
	return head, errors.Join(err, e.Close())
}

// archiveKeys packs what opens and signs the record in dir.
func archiveKeys(ctx context.Context, dir string) (*backup.Archive, error) {
	key, err := readLogKey(dir)
	if err != nil {
		return nil, err
	}
	files := []string{"keys/log.key", "keys/subjects"}
	imports, err := filepath.Glob(filepath.Join(dir, "imports", "*.json"))
	if err != nil {
		return nil, err
	}
	for _, path := range imports {
		files = append(files, "imports/"+filepath.Base(path))
	}
	var parts []backup.Part
	for _, name := range files { // held in memory: a key may come or go while they are packed, and no copy is left on the disk
		b, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		parts = append(parts, backup.Part{Name: name, Bytes: b})
	}
	return backup.New(ctx, backup.Manifest{Kind: backup.Keys, Origin: key.Origin(), Verifier: key.Verifier(), Made: now(), Program: program()}, parts, "", nil)
}

// now is the time a file says it was made at.
func now() time.Time { return time.Now().UTC().Truncate(time.Second) }

// roomFor says that a folder's disk lacks room for copies of files.
func roomFor(dir string, files ...string) error {
	var need int64
	for _, f := range files {
		if info, err := os.Stat(f); err == nil {
			need += info.Size()
		}
	}
	var st syscall.Statfs_t
	if err := syscall.Statfs(dir, &st); err != nil {
		return nil // it is tried then
	}
	if free := int64(st.Bavail) * st.Bsize; free < need+need/8 {
		return hinted{fmt.Errorf("%s has %d bytes free and the copy of record.db that is packed needs up to %d", dir, free, need+need/8), "make room: doc/operations.md, Disk full"}
	}
	return nil
}

// writeArchive writes a new file, whole or not at all, readable for its owner alone.
func writeArchive(path string, a *backup.Archive) (err error) {
	if _, err := os.Lstat(path); err == nil {
		return hinted{fmt.Errorf("%s is there already", path), "name a new file: an old backup is worth keeping until the new one has been restored once"}
	}
	part := path + ".part"
	f, err := os.OpenFile(part, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = a.WriteTo(f)
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(part, path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(part))
	}
	folder, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

func restoreCommand() command {
	var r restoring
	return command{
		usage: `usage: kurultai restore [-keys KEYS] [-key VERIFIERKEY] FILE DIR
       kurultai restore -keys KEYS DIR

Makes the folder DIR, which must be missing or empty, from a file that kurultai backup wrote. All is checked before DIR
appears: the file against its manifest, each entry, the tree, the log's signature, every blob and opening, and every open act
is decided again. Says what is missing: what this machine knows was signed later, and whom kurultai serve asks for it.

Without KEYS the folder can be verified and read by nobody but whoever has them: the second form puts them in later. Who the
record says is forgotten is forgotten again.

  -keys KEYS   the file of kurultai backup -keys
  -key K       the log's verifier key, as you know it from elsewhere; without it the one in FILE is used, and that is said
  -lost        restore although KEYS lacks keys of persons who came after it was made: what they sealed is then gone for
               good, and they get no other key
  -tripwire F  where this machine kept the last checkpoint, as in kurultai serve

example: kurultai restore -keys /media/safe/assembly.keys /media/stick/assembly.backup assembly
`,
		flags: func(f *flag.FlagSet) {
			f.StringVar(&r.keys, "keys", "", "")
			f.StringVar(&r.key, "key", "", "")
			f.BoolVar(&r.lost, "lost", false, "")
			f.StringVar(&r.tripwire, "tripwire", "", "")
		},
		run: func(ctx context.Context, io streams, args []string) error {
			switch {
			case len(args) == 2:
				return r.restore(ctx, io, args[0], args[1])
			case len(args) == 1 && r.keys != "":
				return r.join(ctx, io, args[0])
			}
			return errUsage{"a FILE and a DIR are needed, or -keys KEYS and a DIR"}
		},
	}
}

// A restoring is how a folder is made from a backup.
type restoring struct {
	keys, key, tripwire string
	lost                bool
}

// restore makes dir from a file. The folder is made beside it and gets its name when all was found true.
func (r *restoring) restore(ctx context.Context, out streams, file, dir string) (err error) {
	if entries, err := os.ReadDir(dir); err == nil && len(entries) > 0 {
		return hinted{fmt.Errorf("%s is not empty", dir), "name a new folder: nothing is restored over what is there"}
	} else if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	above := filepath.Dir(filepath.Clean(dir))
	if err := os.MkdirAll(above, 0o700); err != nil {
		return err
	}
	made, err := os.MkdirTemp(above, ".restore-*") // 0700
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(made))
		}
	}()
	m, err := unpack(ctx, file, backup.Record, made)
	if err != nil {
		return err
	}
	if err := sqlite.Receive(made); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	if r.keys != "" {
		k, err := unpack(ctx, r.keys, backup.Keys, made)
		if err != nil {
			return err
		}
		if k.Verifier != m.Verifier {
			return fmt.Errorf("%s holds the keys of %s and %s the record of %s", r.keys, k.Verifier, file, m.Verifier)
		}
	}
	if err := r.check(ctx, out, m, made); err != nil {
		return err
	}
	if err := os.Rename(made, dir); err != nil {
		return err
	}
	folder, err := os.Open(above)
	if err != nil {
		return err
	}
	if err := errors.Join(folder.Sync(), folder.Close()); err != nil {
		return err
	}
	fmt.Fprintf(out.talk, "restored into %s, as it stood when the backup was made at %s\n", dir, m.Made.Format(time.RFC3339))
	return nil
}

// unpack reads a file of a kind into a folder.
func unpack(ctx context.Context, path, kind, dir string) (m backup.Manifest, err error) {
	f, err := os.Open(path)
	if err != nil {
		return m, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = errors.New("is no file: copy it to this machine first")
	}
	var u *backup.Unpacking
	if err == nil {
		u, err = backup.Open(ctx, f, info.Size(), kind)
	}
	if err == nil {
		m, err = u.Manifest, u.To(dir)
	}
	if err != nil {
		err = fmt.Errorf("%s: %w", path, err)
	}
	if errors.Is(err, backup.ErrNot) {
		err = hinted{err, "take another copy of it; nothing was made of this one"}
	}
	return m, err
}

// check holds what was unpacked against what it says it is, and says what it is and what it lacks.
func (r *restoring) check(ctx context.Context, out streams, m backup.Manifest, dir string) error {
	v, whence, err := trust(r.key, m.Verifier, "the one in the backup, which proves nothing by itself")
	if err != nil {
		return err
	}
	said, err := record.OpenCheckpoint([]byte(m.Checkpoint), v)
	if err != nil {
		return fmt.Errorf("the checkpoint in the manifest: %w", err)
	}
	e, err := sqlite.Open(dir, sqlite.Options{ReadOnly: true})
	if err != nil {
		return err
	}
	h := &house{dir: dir, engine: e}
	if h.keys, err = secretariat.ReadSubjectKeys(subjectsPath(dir)); err != nil {
		return errors.Join(err, e.Close())
	}
	defer h.Close()
	f, err := checkRecord(ctx, h, v, whence)
	if err != nil {
		return err
	}
	if f.Size != said.Size || f.Root != said.Root {
		return fmt.Errorf("the manifest says %d entries with root %s, and the record in it has %d with root %s", said.Size, said.Root, f.Size, f.Root)
	}
	view, err := secretariat.Read(ctx, e, h.keys, f.key)
	if err != nil {
		return err
	}
	if r.keys != "" {
		if err := r.mind(ctx, out, dir, h, view); err != nil {
			return err
		}
	}
	fmt.Fprintln(out.out, f)
	if r.keys == "" {
		fmt.Fprintf(out.talk, "no keys: it cannot be written on, and what is sealed cannot be read, until kurultai restore -keys KEYS puts them in\n")
	}
	r.lacks(out, h, view, v)
	return nil
}

// mind sees that the keys belong to the record: that each subject has one, and that those who are forgotten have none.
func (r *restoring) mind(ctx context.Context, out streams, dir string, h *house, view *secretariat.View) error {
	log, err := readLogKey(dir)
	if err != nil {
		return err
	}
	if log.Verifier() != view.VerifierKey() {
		return fmt.Errorf("the key that signs is %s, and the record's is %s", log.Verifier(), view.VerifierKey())
	}
	without := map[string]bool{}
	for row, err := range h.engine.Rows(ctx, 0) {
		if err != nil {
			return err
		}
		if _, err := h.keys.Get(row.Subject); errors.Is(err, record.ErrNotFound) {
			without[row.Subject] = true
		}
	}
	forgotten := view.State().Forgotten()
	for _, subject := range forgotten {
		delete(without, subject)
	}
	if len(without) > 0 && !r.lost {
		return hinted{fmt.Errorf("%s has no keys of %d subjects, who came after it was made", r.keys, len(without)), "give the newest file of kurultai backup -keys; only if there is none, -lost goes on without: what they sealed is gone then"}
	}
	keys, err := secretariat.OpenSubjectKeys(subjectsPath(dir))
	if err != nil {
		return err
	}
	for _, subject := range slices.Concat(forgotten, keysOf(without)) {
		if err := keys.Forget(subject); err != nil {
			return errors.Join(err, keys.Close())
		}
	}
	if len(without) > 0 {
		fmt.Fprintf(out.talk, "%d subjects have no key any more: what they sealed cannot be opened\n", len(without))
	}
	return keys.Close()
}

// lacks says what was signed and is not here, and where the end of the record is asked for.
func (r *restoring) lacks(out streams, h *house, view *secretariat.View, v *record.Verifier) {
	path := r.tripwire
	if folder, err := stateFolder(); path == "" && err == nil {
		digest := sha256.Sum256(v.Key)
		path = filepath.Join(folder, hex.EncodeToString(digest[:])+".checkpoint")
	}
	have := view.State().Size
	if b, err := os.ReadFile(path); err == nil {
		if kept, err := record.OpenCheckpoint(b, v); err == nil && kept.Size > have {
			fmt.Fprintf(out.talk, "missing: this machine knows that %d entries were signed, and %d are here: the last %d have to come from elsewhere\n", kept.Size, have, kept.Size-have)
		}
	}
	var asked []string
	for _, n := range view.State().Nodes() {
		if n.Withdrawn == 0 && n.Address != "" {
			asked = append(asked, n.Address)
		}
	}
	if len(asked) == 0 {
		fmt.Fprintln(out.talk, "no witness has an address in the record: whether entries came after the backup, nobody can be asked; kurultai recover fetches them from a mirror that has them")
		return
	}
	fmt.Fprintf(out.talk, "before it writes, kurultai serve asks %s what came after, and fetches it\n", strings.Join(asked, ", "))
}

func keysOf(m map[string]bool) (list []string) {
	for k := range m {
		list = append(list, k)
	}
	slices.Sort(list)
	return list
}

// join puts keys into a folder that was restored without them.
func (r *restoring) join(ctx context.Context, out streams, dir string) error {
	if !isRecord(dir) {
		return hinted{fmt.Errorf("%s holds no record", dir), "name the folder that was restored"}
	}
	if _, err := os.Stat(logKeyPath(dir)); err == nil {
		return hinted{fmt.Errorf("%s has its keys already", dir), "nothing was changed"}
	}
	aside, err := os.MkdirTemp(dir, ".keys-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(aside)
	m, err := unpack(ctx, r.keys, backup.Keys, aside)
	if err != nil {
		return err
	}
	e, err := sqlite.Open(dir, sqlite.Options{ReadOnly: true})
	if err != nil {
		return err
	}
	h := &house{dir: dir, engine: e}
	if h.keys, err = secretariat.ReadSubjectKeys(subjectsPath(aside)); err != nil {
		return errors.Join(err, e.Close())
	}
	defer h.Close()
	view, err := secretariat.Read(ctx, e, h.keys, m.Verifier)
	if err == nil {
		err = r.mind(ctx, out, aside, h, view)
	}
	if err == nil {
		var v *record.Verifier
		if v, err = record.ParseVerifier(m.Verifier); err == nil {
			_, err = checkRecord(ctx, h, v, "")
		}
	}
	if err != nil {
		return err
	}
	if err := os.Rename(filepath.Join(aside, "imports"), filepath.Join(dir, "imports")); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if err := os.Rename(filepath.Join(aside, "keys"), filepath.Join(dir, "keys")); err != nil {
		return err
	}
	fmt.Fprintf(out.talk, "%s can be written on: kurultai serve -data %s\n", dir, dir)
	return nil
}
