package main

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"time"

	"kurultai/cluster"
	"kurultai/conference"
	"kurultai/record"
	"kurultai/record/sqlite"
	"kurultai/secretariat"
	"kurultai/witness"
)

// wall is the wall clock, to the millisecond. A node that is broken on purpose has another.
var wall = func() record.Instant { return record.Instant(time.Now().UnixMilli()) }

// A house is a record's folder, open.
type house struct {
	dir      string
	engine   record.Engine
	keys     *secretariat.SubjectKeys
	log      *record.LogKey
	s        *secretariat.Secretariat                // nil when only read
	marks    *witness.Marks                          // with s
	erased   *witness.Erasures                       // with s
	tripwire func()                                  // stops keeping it
	heard    atomic.Pointer[func(secretariat.Round)] // is told of each group, from when it is set on
	sessions func() int                              // browsers signed in, once there are pages
	ops      *ops                                    // nil: nobody watches
	every    int64                                   // entries between two snapshots; 0: as usual
	member   *cluster.Member                         // where several machines keep the record; nil: this one alone
	quorum   *quorum                                 // with member

	lost chan error // hears that the record lacks its end: others have seen more of it
}

// ahead is told that others have seen more of the record than is here. What would be written now would contradict what
// was signed, so whoever serves it stops.
func (h *house) ahead(err error) {
	select {
	case h.lost <- err:
	default: // it was told before
	}
}

// errLost says how a record that lacks its end is mended.
func (h *house) errLost(err error) error {
	return hinted{fmt.Errorf("this record lacks its end, so nothing is written: %w", err), "kurultai recover -data " + h.dir + " URL fetches what is missing from a node that has it"}
}

func (h *house) Close() error {
	if h.tripwire != nil {
		h.tripwire()
	}
	var errs []error
	if h.quorum != nil {
		h.quorum.stop()
	}
	if h.s != nil {
		errs = append(errs, h.s.Close())
	}
	errs = append(errs, h.keys.Close())
	if h.member != nil {
		return errors.Join(append(errs, h.member.Close())...)
	}
	return errors.Join(append(errs, h.engine.Close())...)
}

func logKeyPath(dir string) string   { return filepath.Join(dir, "keys", "log.key") }
func subjectsPath(dir string) string { return filepath.Join(dir, "keys", "subjects") }

// isRecord reports whether dir holds a record.
func isRecord(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, "record.db"))
	return err == nil
}

// makeDir makes a folder for a new record under an origin that may depend on the log's key. What is there
// already is left alone: a folder that is not empty is refused.
func makeDir(dir string, origin func(ed25519.PublicKey) string) error {
	if entries, err := os.ReadDir(dir); err == nil && len(entries) > 0 {
		return hinted{fmt.Errorf("%s is not empty and holds no record", dir), "name a new folder with -data"}
	}
	return makeLogKey(dir, origin)
}

// makeLogKey draws the key that signs a new record in dir.
func makeLogKey(dir string, origin func(ed25519.PublicKey) string) error {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return err
	}
	key, err := record.NewLogKey(origin(public), private)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(dir, "keys"), 0o700); err != nil {
		return fmt.Errorf("making %s: %w", dir, err)
	}
	return writeSynced(logKeyPath(dir), []byte(key.Private()+"\n"))
}

func writeSynced(path string, b []byte) error {
	return writeSyncedFrom(path, bytes.NewReader(b))
}

// writeSyncedFrom is writeSynced of what a reader gives. The file comes under its name once it is whole, so that a stop
// leaves none that is cut.
func writeSyncedFrom(path string, from io.Reader) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*")
	if err != nil {
		return err
	}
	defer func() {
		if gone := os.Remove(f.Name()); !errors.Is(gone, os.ErrNotExist) {
			err = errors.Join(err, gone)
		}
	}()
	_, err = io.Copy(f, from)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Link(f.Name(), path); err != nil {
		// A stick may know no links.
		if _, there := os.Lstat(path); errors.Is(err, os.ErrExist) || !errors.Is(there, os.ErrNotExist) {
			return err
		}
		if err := os.Rename(f.Name(), path); err != nil {
			return err
		}
	}
	folder, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

func readLogKey(dir string) (*record.LogKey, error) {
	b, err := os.ReadFile(logKeyPath(dir))
	if errors.Is(err, os.ErrNotExist) && isRecord(dir) {
		return nil, hinted{fmt.Errorf("%s has a record and not the key that signs it, keys/log.key", dir), "kurultai restore -keys KEYS " + dir + " puts the keys in, from a file of kurultai backup -keys"}
	}
	if errors.Is(err, os.ErrNotExist) {
		return nil, hinted{fmt.Errorf("%s holds no record", dir), "kurultai demo -data " + dir + " plays one into it, kurultai init founds an empty one"}
	}
	if err != nil {
		return nil, fmt.Errorf("reading the log's key: %w", err)
	}
	return record.ParseLogKey(string(b))
}

// openToWrite opens a record as its one writer. Where it lacks its end, as its tripwire or a witness says, the end is
// fetched from the sources, URLs or folders, and from the nodes that have an address.
func openToWrite(ctx context.Context, dir, tripwire string, sources ...string) (*house, error) {
	h, err := openUnwatched(ctx, dir)
	if err != nil {
		return nil, err
	}
	lacks := h.watch(ctx, tripwire)
	if lacks == nil {
		return h, nil
	}
	sources = append(slices.Clone(sources), h.addresses()...)
	if err := h.Close(); err != nil {
		return nil, errors.Join(lacks, err)
	}
	if err := mend(ctx, dir, lacks, sources); err != nil {
		return nil, err
	}
	if h, err = openUnwatched(ctx, dir); err != nil {
		return nil, err
	}
	if err := h.watch(ctx, tripwire); err != nil {
		return nil, errors.Join(err, h.Close())
	}
	return h, nil
}

// watch checks the tripwire, goes on keeping it, and asks the witnesses.
func (h *house) watch(ctx context.Context, tripwire string) error {
	if err := h.arm(ctx, tripwire); err != nil {
		return err
	}
	if err := h.askWitnesses(ctx); err != nil {
		return h.errLost(err)
	}
	return nil
}

// openUnwatched opens a record as its one writer, without a tripwire and without asking anybody. Nothing is written
// before enough witnesses have answered, where any are to.
func openUnwatched(ctx context.Context, dir string) (*house, error) {
	h, err := openHouse(dir, secretariat.OpenSubjectKeys, sqlite.Options{})
	if err != nil {
		return nil, err
	}
	if err := h.open(ctx, nil); err != nil {
		return nil, errors.Join(err, h.Close())
	}
	return h, nil
}

// open opens the secretariat over the engine. pen: where several machines keep the record; else nil.
func (h *house) open(ctx context.Context, pen secretariat.Pen) (err error) {
	_, told := record.StoryBody(h.log.Origin())
	var marks atomic.Pointer[witness.Marks]
	h.s, err = secretariat.Open(ctx, secretariat.Config{Engine: h.engine, Keys: h.keys, Log: h.log, Clock: wall, Chance: rand.Reader, Told: told, Inspect: inspections(), Pen: pen, Every: h.every,
		Held: func() error { return heldBy(marks.Load()) }, After: func(r secretariat.Round) {
			if hear := h.heard.Load(); hear != nil {
				(*hear)(r)
			}
		}})
	if err == nil {
		h.marks, err = marksIn(ctx, h, h.s)
	}
	if err == nil {
		err = h.openErasures()
	}
	if errors.Is(err, conference.ErrUpgradeNeeded) {
		err = hinted{err, "take the program that wrote it, or a newer one; kurultai version says which editions this one knows, and kurultai verify still checks the tree"}
	}
	if err == nil {
		marks.Store(h.marks)
	}
	return err
}

// heldBy says why nothing may be written yet: too few witnesses have said what they have seen of the record.
func heldBy(m *witness.Marks) error {
	if m == nil {
		return errors.New("the record is being opened; submit the act again")
	}
	return m.Silence()
}

// marksIn reads how far witnesses have cosigned a record.
func marksIn(ctx context.Context, h *house, of interface{ View() *secretariat.View }) (*witness.Marks, error) {
	key, err := record.ParseVerifier(h.log.Verifier())
	if err != nil {
		return nil, err
	}
	return witness.OpenMarks(ctx, h.engine, key, func() witness.Marked { return of.View() })
}

// openToRead opens a record to read it, perhaps beside its writer.
func openToRead(dir string) (*house, error) {
	if !isRecord(dir) {
		return nil, hinted{fmt.Errorf("%s holds no record", dir), "kurultai demo -data " + dir + " plays one into it"}
	}
	return openHouse(dir, secretariat.ReadSubjectKeys, sqlite.Options{ReadOnly: true})
}

func openHouse(dir string, keys func(string) (*secretariat.SubjectKeys, error), o sqlite.Options) (*house, error) {
	h := &house{dir: dir, lost: make(chan error, 1)}
	if cluster.Is(dir) && cluster.Begun(dir) && !o.ReadOnly {
		return nil, hinted{fmt.Errorf("%s is kept by several machines together, and only kurultai serve writes it", dir), "submit acts where it is served: kurultai act -url URL"}
	}
	if _, err := os.Stat(termsPath(dir)); err == nil && !cluster.Is(dir) && !o.ReadOnly {
		return nil, hinted{fmt.Errorf("%s is the copy of a member of a cluster, without what makes it one (%s): written alone it would be a second record under the same key", dir, filepath.Join(dir, "cluster")),
			"put that back; only where no other member runs or ever will, move " + termsPath(dir) + " away: it is the record of one machine then"}
	}
	var err error
	if h.log, err = readLogKey(dir); err != nil {
		return nil, err
	}
	engine, err := sqlite.Open(dir, o)
	if err != nil {
		return nil, fmt.Errorf("opening %s: %w", dir, err)
	}
	h.engine = engine
	if h.keys, err = keys(subjectsPath(dir)); err != nil {
		return nil, errors.Join(err, engine.Close())
	}
	return h, nil
}

// readView opens a record to read it, and shows it; the house is the caller's to close.
func readView(ctx context.Context, dir string) (*house, *secretariat.View, error) {
	h, err := openToRead(dir)
	if err != nil {
		return nil, nil, err
	}
	v, err := h.view(ctx)
	if err != nil {
		return nil, nil, errors.Join(err, h.Close())
	}
	return h, v, nil
}

// view folds the record and shows it.
func (h *house) view(ctx context.Context) (*secretariat.View, error) {
	if h.s != nil {
		return h.s.View(), nil
	}
	return secretariat.Read(ctx, h.engine, h.keys, h.log.Verifier())
}

// arm checks the tripwire and goes on keeping it. Records of stories have none.
func (h *house) arm(ctx context.Context, path string) error {
	if _, isStory := record.StoryBody(h.log.Origin()); isStory {
		return nil
	}
	if path == "" {
		folder, err := stateFolder()
		if err != nil {
			return err
		}
		digest := sha256.Sum256(h.log.Public())
		name := hex.EncodeToString(digest[:])
		if h.member != nil {
			name += "." + h.member.Name()
		}
		path = filepath.Join(folder, name+".checkpoint")
	}
	t := secretariat.Tripwire{Path: path}
	if err := t.Check(h.s.View()); err != nil {
		return hinted{err, "put back the newest copy of " + h.dir + "; only if none exists anywhere and the missing acts are lost for good, move " + path + " away"}
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := t.Keep(ctx, h.s); err != nil {
			slog.Error("the tripwire is no longer kept", "error", err)
		}
	}()
	h.tripwire = func() { stop(); <-done }
	return nil
}

// stateFolder is where a program keeps what outlives a run (XDG Base Directory: state).
func stateFolder() (string, error) {
	if d := os.Getenv("XDG_STATE_HOME"); filepath.IsAbs(d) {
		return filepath.Join(d, "kurultai"), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", hinted{err, "name a file with -tripwire"}
	}
	return filepath.Join(home, ".local", "state", "kurultai"), nil
}
