package operations

import (
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
)

// NewLog writes records as lines of key=value ("text") or of JSON ("json") to w, which it locks.
func NewLog(w io.Writer, format string) (*slog.Logger, error) {
	switch format {
	case "text":
		return slog.New(slog.NewTextHandler(w, nil)), nil
	case "json":
		return slog.New(slog.NewJSONHandler(w, nil)), nil
	}
	return nil, fmt.Errorf("no log is called %q: text or json", format)
}

// Lines logs each line that is written to it.
func Lines(l *slog.Logger) io.Writer { return &lines{log: l} }

type lines struct {
	log  *slog.Logger
	mu   sync.Mutex
	part string // of a line without its end
}

func (w *lines) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	all := strings.Split(w.part+string(b), "\n")
	w.part = all[len(all)-1]
	for _, line := range all[:len(all)-1] {
		if line = strings.TrimSpace(line); line != "" {
			w.log.Info(line)
		}
	}
	return len(b), nil
}

// Shared is a writer that several write to at the same time.
func Shared(w io.Writer) io.Writer { return &shared{w: w} }

type shared struct {
	mu sync.Mutex
	w  io.Writer
}

func (s *shared) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.w.Write(b)
}
