package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"kurultai/record/sqlite"
)

// sessionFile keeps the open sessions of a record beside its keys, readable for its owner alone.
type sessionFile string

func sessionsPath(dir string) sessionFile { return sessionFile(filepath.Join(dir, "keys", "sessions")) }

// maxSessionFile bounds what is read back, in bytes: some 20,000 sessions.
const maxSessionFile = 16 << 20

// Load reads what was saved last.
func (f sessionFile) Load() ([]byte, error) {
	file, err := os.Open(string(f))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer file.Close()
	b, err := io.ReadAll(io.LimitReader(file, maxSessionFile+1))
	if err == nil && len(b) > maxSessionFile {
		err = fmt.Errorf("%s is larger than sessions can be", f)
	}
	return b, err
}

// Save puts a new file in the place of the old one.
func (f sessionFile) Save(b []byte) error { return sqlite.Replace(string(f), b) }
