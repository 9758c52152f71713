package witness

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"kurultai/record"
)

// Feed sends each new checkpoint to a witness that waits for them (C2SP tlog-witness, add-checkpoint) and keeps its
// cosignatures, until ctx ends. said hears once of each fault; the witness is asked again, later each time.
func Feed(ctx context.Context, m *Marks, client *http.Client, address string, wait func(context.Context, int64) error, said func(error)) {
	f := &feed{marks: m, client: client, address: strings.TrimSuffix(address, "/") + "/add-checkpoint"}
	pause, last := time.Duration(0), ""
	for ctx.Err() == nil {
		err := f.send(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err == nil:
			pause, last = 0, ""
			if wait(ctx, f.has) != nil {
				return
			}
			continue
		case err.Error() != last:
			last = err.Error()
			said(fmt.Errorf("the witness at %s: %w", address, err))
		}
		pause = min(max(2*pause, time.Second), time.Minute)
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
	}
}

// Ask sends the newest checkpoint to a witness once. ErrAhead: it has seen more of the record than is here.
func Ask(ctx context.Context, m *Marks, client *http.Client, address string) error {
	f := &feed{marks: m, client: client, address: strings.TrimSuffix(address, "/") + "/add-checkpoint"}
	return f.send(ctx)
}

type feed struct {
	marks   *Marks
	client  *http.Client
	address string
	known   int64 // entries the witness has seen of this record, as far as is known
	has     int64 // entries it has cosigned since it is asked
}

// send sends the newest checkpoint, once more if the witness stands elsewhere than was known.
func (f *feed) send(ctx context.Context) error {
	for range 3 {
		at := f.marks.now()
		_, _, head, err := Cosignatures(f.marks.key, nil, at.Checkpoint().Note) // as the log signed it
		if err != nil {
			return err
		}
		if head.Size == 0 || head.Size == f.has {
			return nil
		}
		body, err := request(at, head, f.known)
		if err != nil {
			return err
		}
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, f.address, bytes.NewReader(body))
		if err != nil {
			return err
		}
		answer, err := f.client.Do(r)
		if err != nil {
			return err
		}
		text, err := io.ReadAll(io.LimitReader(answer.Body, 16<<10))
		answer.Body.Close()
		switch {
		case err != nil:
			return err
		case answer.StatusCode == http.StatusConflict:
			size, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
			if err != nil || size < 0 {
				return errors.New("it says that it stands elsewhere, and not where")
			}
			if size > head.Size {
				return fmt.Errorf("it has seen %d entries of this record, and here are %d: %w", size, head.Size, ErrAhead)
			}
			f.known = size
			continue
		case answer.StatusCode != http.StatusOK:
			return fmt.Errorf("%s: %s", answer.Status, bytes.TrimSpace(text))
		}
		signed := append(bytes.Clone(head.Note), text...)
		if err := f.marks.Add(ctx, signed); err != nil {
			return err
		}
		f.known, f.has = head.Size, head.Size
		return nil
	}
	return errors.New("it stands elsewhere each time it is asked")
}

// ErrAhead is of a witness that has seen more of a record than is here: what is here was put back, or lost its end.
var ErrAhead = errors.New("this record lacks its end")

// request is the body of add-checkpoint.
func request(at Marked, head record.Checkpoint, old int64) ([]byte, error) {
	var b bytes.Buffer
	fmt.Fprintf(&b, "old %d\n", old)
	if old > 0 && old < head.Size {
		proof, err := tlog.ProveTree(head.Size, old, at)
		if err != nil {
			return nil, err
		}
		for _, h := range proof {
			fmt.Fprintf(&b, "%s\n", h)
		}
	}
	b.WriteByte('\n')
	b.Write(head.Note)
	return b.Bytes(), nil
}
