package secretariat

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"

	"kurultai/record"
)

// slotSize is the size of a slot in bytes: SHA-256 of the subject, then the key.
const slotSize = 64

// ErrForgotten says that the key of a subject was destroyed; it gets no other.
var ErrForgotten = errors.New("the key was destroyed")

// SubjectKeys is the file of keys, one a subject (doc/record.md section 3). It is only ever appended to, and
// overwritten in place to forget: a copy elsewhere would remember. File systems that copy on write, and flash
// below them, may still keep old blocks; encrypt the disk.
type SubjectKeys struct {
	mu    sync.Mutex
	file  *os.File
	slots map[[32]byte]int64 // hash of the subject: offset of its slot
	keys  map[[32]byte]record.SubjectKey
	older map[[32]byte][]slot // of subjects that were given another key meanwhile: what was sealed before may be under these
	end   int64

	drawing sync.Mutex // held while keys are drawn and, where others keep them too, given to them; before mu
	shared  *shared    // nil: no other machine keeps them
}

// A slot is a key and where it stands.
type slot struct {
	at  int64
	key record.SubjectKey
}

// OpenSubjectKeys opens or creates the file. A trailing part of a slot, left by a crash, is dropped.
func OpenSubjectKeys(path string) (*SubjectKeys, error) {
	return openSubjectKeys(path, os.O_RDWR|os.O_CREATE)
}

// ReadSubjectKeys opens the file to read it, perhaps beside a writer. A file that is not there has no keys.
func ReadSubjectKeys(path string) (*SubjectKeys, error) {
	k, err := openSubjectKeys(path, os.O_RDONLY)
	if errors.Is(err, os.ErrNotExist) {
		return &SubjectKeys{}, nil
	}
	return k, err
}

func openSubjectKeys(path string, mode int) (*SubjectKeys, error) {
	f, err := os.OpenFile(path, mode, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening the subject keys: %w", err)
	}
	k := &SubjectKeys{file: f, slots: map[[32]byte]int64{}, keys: map[[32]byte]record.SubjectKey{}, older: map[[32]byte][]slot{}}
	if err := k.load(mode != os.O_RDONLY); err != nil {
		f.Close()
		return nil, fmt.Errorf("reading the subject keys: %w", err)
	}
	return k, nil
}

func (k *SubjectKeys) load(mend bool) error {
	b, err := io.ReadAll(k.file)
	if err != nil {
		return err
	}
	for k.end = 0; k.end+slotSize <= int64(len(b)); k.end += slotSize {
		k.put([32]byte(b[k.end:]), slot{k.end, record.SubjectKey(b[k.end+32 : k.end+slotSize])})
	}
	if !mend || k.end == int64(len(b)) {
		return nil
	}
	return k.file.Truncate(k.end)
}

// put makes a key that of its subject. k.mu is held.
func (k *SubjectKeys) put(hash [32]byte, s slot) {
	if before, have := k.keys[hash]; have && before != (record.SubjectKey{}) {
		k.older[hash] = append(k.older[hash], slot{k.slots[hash], before})
	}
	k.slots[hash], k.keys[hash] = s.at, s.key
}

// Decrypt opens a row under the key of its subject, or under one that the subject had before.
func (k *SubjectKeys) Decrypt(r record.Row) ([]byte, error) {
	key, err := k.Get(r.Subject)
	if err != nil {
		return nil, err
	}
	plain, err := key.Decrypt(r)
	if err == nil {
		return plain, nil
	}
	k.mu.Lock()
	older := k.older[sha256.Sum256([]byte(r.Subject))]
	k.mu.Unlock()
	for _, s := range older {
		if plain, err := s.key.Decrypt(r); err == nil {
			return plain, nil
		}
	}
	return nil, err
}

// Close closes the file.
func (k *SubjectKeys) Close() error {
	if k.file == nil {
		return nil
	}
	if k.shared != nil {
		return errors.Join(k.shared.file.Close(), k.file.Close())
	}
	return k.file.Close()
}

// Get returns the key of a subject: record.ErrNotFound if it never had one, ErrForgotten if it was destroyed.
func (k *SubjectKeys) Get(subject string) (record.SubjectKey, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.get(sha256.Sum256([]byte(subject)))
}

func (k *SubjectKeys) get(hash [32]byte) (record.SubjectKey, error) {
	key, ok := k.keys[hash]
	if !ok {
		return key, record.ErrNotFound
	}
	if key == (record.SubjectKey{}) {
		return key, ErrForgotten
	}
	return key, nil
}

// Ensure makes keys, drawn from chance, for the subjects that have none, and syncs them, before the transaction
// that needs them.
func (k *SubjectKeys) Ensure(subjects []string, chance io.Reader) error {
	k.drawing.Lock()
	defer k.drawing.Unlock()
	if err := k.draw(subjects, chance); err != nil || k.shared == nil {
		return err
	}
	return k.spread()
}

func (k *SubjectKeys) draw(subjects []string, chance io.Reader) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	var fresh []byte
	for _, s := range subjects {
		hash := sha256.Sum256([]byte(s))
		if _, err := k.get(hash); !errors.Is(err, record.ErrNotFound) {
			continue
		}
		key, err := record.NewSubjectKey(chance)
		if err != nil {
			return fmt.Errorf("drawing a key: %w", err)
		}
		k.slots[hash], k.keys[hash] = k.end+int64(len(fresh)), key
		fresh = append(append(fresh, hash[:]...), key[:]...)
	}
	if k.shared != nil {
		return k.appendShared(fresh)
	}
	return k.append(fresh)
}

// append writes whole slots at the end and syncs; on failure the slots are forgotten again.
func (k *SubjectKeys) append(slots []byte) error {
	err := k.write(slots)
	for ; err != nil && len(slots) > 0; slots = slots[slotSize:] {
		delete(k.slots, [32]byte(slots))
		delete(k.keys, [32]byte(slots))
	}
	return err
}

// write writes whole slots at the end and syncs.
func (k *SubjectKeys) write(slots []byte) error {
	if len(slots) == 0 {
		return nil
	}
	_, err := k.file.WriteAt(slots, k.end)
	if err == nil {
		err = k.file.Sync()
	}
	if err != nil {
		return fmt.Errorf("writing subject keys: %w", errors.Join(err, k.file.Truncate(k.end)))
	}
	k.end += int64(len(slots))
	return nil
}

// Forget overwrites the key of a subject in place with zeros and syncs. A subject that never had a key gets a
// slot of zeros, so that it never will.
func (k *SubjectKeys) Forget(subject string) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	hash := sha256.Sum256([]byte(subject))
	for ; len(k.older[hash]) > 0; k.older[hash] = k.older[hash][1:] {
		if err := k.destroy(k.older[hash][0].at); err != nil {
			return err
		}
	}
	switch _, err := k.get(hash); {
	case errors.Is(err, ErrForgotten):
		return nil
	case err != nil:
		k.slots[hash], k.keys[hash] = k.end, record.SubjectKey{}
		return k.append(append(hash[:], make([]byte, 32)...))
	}
	if err := k.destroy(k.slots[hash]); err != nil {
		return err
	}
	k.keys[hash] = record.SubjectKey{}
	return nil
}

// destroy overwrites the key of a slot with zeros and syncs.
func (k *SubjectKeys) destroy(at int64) error {
	_, err := k.file.WriteAt(make([]byte, 32), at+32)
	if err == nil {
		err = k.file.Sync()
	}
	if err != nil {
		return fmt.Errorf("destroying a subject key: %w", err)
	}
	return nil
}
