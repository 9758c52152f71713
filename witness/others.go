package witness

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	"filippo.io/torchwood"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"kurultai/record"
)

// Others cosigns logs that are not ours, as a witness does that waits for their checkpoints (C2SP tlog-witness). It
// decides nothing of what they hold: it sees that each checkpoint continues the last.
type Others struct {
	node *torchwood.CosignatureSigner
	dir  string
	logs map[string]*otherLog // by origin
	told func(error)
}

// An otherLog is a log and what it was last seen to be.
type otherLog struct {
	key *record.Verifier

	mu   sync.Mutex        // guards what follows; held from the comparison until the file is durable
	last record.Checkpoint // as the log signed it
	bad  error             // the file could not be written: what it holds is not known any more
}

// OpenOthers reads what was last seen of each log, from a file for each in dir. told hears of forks and of disks that
// fail.
func OpenOthers(dir string, node *torchwood.CosignatureSigner, keys []*record.Verifier, told func(error)) (*Others, error) {
	o := &Others{node: node, dir: dir, logs: map[string]*otherLog{}, told: told}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	for _, key := range keys {
		if o.logs[key.Name()] != nil {
			return nil, fmt.Errorf("%s stands twice among the logs to cosign", key.Name())
		}
		l := &otherLog{key: key}
		b, err := os.ReadFile(o.path(key.Name()))
		if err == nil {
			_, _, l.last, err = Cosignatures(key, nil, b)
		}
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return nil, fmt.Errorf("what was last seen of %s: %w", key.Name(), err)
		}
		o.logs[key.Name()] = l
	}
	return o, nil
}

func (o *Others) path(origin string) string {
	sum := sha256.Sum256([]byte(origin))
	return filepath.Join(o.dir, hex.EncodeToString(sum[:]))
}

// EvidencePath is the file that holds the evidence that a log signed two records, once it did.
func (o *Others) EvidencePath(origin string) string { return o.path(origin) + ".evidence" }

// A refused request of add-checkpoint, with the status C2SP tlog-witness gives it.
type refused struct {
	status int
	known  int64 // with 409: the size that was last cosigned
	why    string
}

func (r *refused) Error() string { return r.why }

// mostRequest is the largest body of add-checkpoint, in bytes: 63 hashes and a checkpoint with many signatures.
const mostRequest = 64 << 10

// ServeHTTP answers POST …/add-checkpoint.
func (o *Others) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", "POST")
		http.Error(w, "a checkpoint is sent here by POST", http.StatusMethodNotAllowed)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, mostRequest))
	if err != nil {
		http.Error(w, fmt.Sprintf("a request has at most %d bytes", mostRequest), http.StatusRequestEntityTooLarge)
		return
	}
	cosignature, err := o.Add(body)
	var no *refused
	switch {
	case err == nil:
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.Write(cosignature)
	case errors.As(err, &no) && no.status == http.StatusConflict:
		w.Header().Set("Content-Type", "text/x.tlog.size")
		w.WriteHeader(no.status)
		fmt.Fprintf(w, "%d\n", no.known)
	case errors.As(err, &no):
		http.Error(w, no.why, no.status)
	default:
		o.told(err)
		http.Error(w, "the witness cannot keep what it sees now", http.StatusInternalServerError)
	}
}

// Add takes a request of add-checkpoint and returns the line of the cosignature. The checkpoint is durable here before
// it is cosigned.
func (o *Others) Add(body []byte) (cosignature []byte, err error) {
	old, proof, signed, err := parseRequest(body)
	if err != nil {
		return nil, &refused{status: http.StatusBadRequest, why: err.Error()}
	}
	origin, _, _ := strings.Cut(string(signed), "\n")
	l := o.logs[origin]
	if l == nil {
		return nil, &refused{status: http.StatusNotFound, why: "no log of this origin is cosigned here"}
	}
	var unverified *note.UnverifiedNoteError
	var invalid *note.InvalidSignatureError
	if _, err := note.Open(signed, note.VerifierList(l.key)); errors.As(err, &unverified) || errors.As(err, &invalid) {
		return nil, &refused{status: http.StatusForbidden, why: "the checkpoint is not signed by the key that is known here of this log"}
	}
	_, _, head, err := Cosignatures(l.key, nil, signed)
	if err != nil {
		return nil, &refused{status: http.StatusBadRequest, why: err.Error()}
	}
	if old > head.Size {
		return nil, &refused{status: http.StatusBadRequest, why: "the old size is larger than the checkpoint's"}
	}
	if err := o.advance(l, old, proof, head); err != nil {
		return nil, err
	}
	n, err := note.Open(head.Note, note.VerifierList(l.key))
	if err != nil {
		return nil, err
	}
	both, err := note.Sign(&note.Note{Text: n.Text}, o.node)
	if err != nil {
		return nil, err
	}
	return both[len(n.Text)+1:], nil
}

// parseRequest splits a body of add-checkpoint.
func parseRequest(body []byte) (old int64, proof tlog.TreeProof, signed []byte, err error) {
	head, signed, ok := bytes.Cut(body, []byte("\n\n"))
	lines := strings.Split(string(head), "\n")
	size, begins := strings.CutPrefix(lines[0], "old ")
	if !ok || !begins {
		return 0, nil, nil, errors.New(`a request begins with "old", a space and a size, and an empty line stands before the checkpoint`)
	}
	if old, err = strconv.ParseInt(size, 10, 64); err != nil || old < 0 || strconv.FormatInt(old, 10) != size {
		return 0, nil, nil, errors.New("the old size is not a number of entries")
	}
	if len(lines) > 64 {
		return 0, nil, nil, errors.New("a proof has at most 63 hashes")
	}
	for _, line := range lines[1:] {
		h, err := tlog.ParseHash(line)
		if err != nil {
			return 0, nil, nil, errors.New("a line of the proof is no hash")
		}
		proof = append(proof, h)
	}
	return old, proof, signed, nil
}

// advance makes a checkpoint the one that was last seen, if it continues that one.
func (o *Others) advance(l *otherLog, old int64, proof tlog.TreeProof, head record.Checkpoint) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	last := l.last
	conflict := &refused{status: http.StatusConflict, known: last.Size, why: "another checkpoint was cosigned last"}
	switch {
	case l.bad != nil:
		return l.bad
	case head.Size == last.Size && head.Root != last.Root && last.Size > 0:
		return errors.Join(conflict, o.forked(last, head))
	case old != last.Size:
		return conflict
	case old == 0 && len(proof) > 0:
		return &refused{status: http.StatusBadRequest, why: "nothing is proven of an empty log"}
	case head.Size == last.Size && last.Size > 0 && len(proof) == 0:
		return nil // cosigned before; the cosignature bears the time of now
	}
	if empty, _ := tlog.TreeHash(0, nil); head.Size == 0 && head.Root != empty {
		return &refused{status: http.StatusUnprocessableEntity, why: "an empty log has another root"}
	}
	if old > 0 && tlog.CheckTree(proof, head.Size, head.Root, old, last.Root) != nil {
		return &refused{status: http.StatusUnprocessableEntity, why: "the proof does not show that the checkpoint continues the last"}
	}
	if err := o.keep(l.key.Name(), head.Note); err != nil {
		l.bad = fmt.Errorf("keeping the checkpoint of %s: %w; it is not cosigned until this node starts again", l.key.Name(), err)
		return l.bad
	}
	l.last = head
	return nil
}

// keep makes a log's checkpoint durable.
func (o *Others) keep(origin string, b []byte) error { return replaceFile(o.path(origin), b) }

// replaceFile writes a file in one go and syncs it and its folder.
func replaceFile(path string, b []byte) error {
	f, err := os.OpenFile(path+".new", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(path+".new", path); err != nil {
		return err
	}
	folder, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

// forked keeps the evidence that a log signed two records of one size, and says so, once.
func (o *Others) forked(last, head record.Checkpoint) error {
	e := Evidence{Kind: "fork", Small: string(last.Note), Large: string(head.Note), Root: head.Root.String(), Why: fmt.Sprintf("the log signed two records of %d entries", head.Size)}
	f, err := os.OpenFile(o.EvidencePath(head.Origin), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, os.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	_, err = f.Write(e.Append(nil))
	o.told(fmt.Errorf("%s: %s; the evidence is in %s", head.Origin, e.Why, f.Name()))
	return errors.Join(err, f.Sync(), f.Close())
}
