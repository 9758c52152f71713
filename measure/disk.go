package measure

import (
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// A Loop takes one entry and all that wait, writes and syncs them, and answers: what any group commit does at least.
type Loop struct {
	in   chan wish
	file *os.File
	done chan struct{}
}

type wish struct {
	b    []byte
	done chan error
}

// NewLoop begins a new file.
func NewLoop(path string) (*Loop, error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	l := &Loop{make(chan wish, 256), f, make(chan struct{})}
	go l.run()
	return l, nil
}

func (l *Loop) run() {
	defer close(l.done)
	for w := range l.in {
		waiting, chunk := []wish{w}, w.b
		for more := true; more; {
			select {
			case w, more = <-l.in:
				if more {
					waiting, chunk = append(waiting, w), append(chunk[:len(chunk):len(chunk)], w.b...)
				}
			default:
				more = false
			}
		}
		_, err := l.file.Write(chunk)
		if err == nil {
			err = unix.Fdatasync(int(l.file.Fd()))
		}
		for _, w := range waiting {
			w.done <- err
		}
	}
}

// Write returns when the bytes are on the disk.
func (l *Loop) Write(b []byte) error {
	w := wish{b, make(chan error, 1)}
	l.in <- w
	return <-w.done
}

// Close ends the loop when all who wait were answered.
func (l *Loop) Close() error {
	close(l.in)
	<-l.done
	return l.file.Close()
}

// WriteSynced appends each chunk to a new file and syncs its data; the times are in seconds.
func WriteSynced(path string, chunks [][]byte) (times []float64, err error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	for _, c := range chunks {
		start := time.Now()
		if _, err := f.Write(c); err != nil {
			return nil, err
		}
		if err := unix.Fdatasync(int(f.Fd())); err != nil {
			return nil, err
		}
		times = append(times, time.Since(start).Seconds())
	}
	return times, nil
}
