package etcd

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"strconv"

	"kurultai/record"
)

// Serve answers other members from a copy: PUT /blob, GET /blob/DIGEST, GET /blobs (which there are), GET /groups?from=N,
// GET /cosigned?from=N. It asks nobody who they are: whoever serves it does.
func Serve(copied record.Engine) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("PUT /blob", func(w http.ResponseWriter, r *http.Request) {
		b, err := io.ReadAll(http.MaxBytesReader(w, r.Body, record.MaxBlob))
		if err == nil {
			_, err = copied.PutBlob(r.Context(), b)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusInsufficientStorage)
		}
	})
	mux.HandleFunc("GET /blob/{digest}", func(w http.ResponseWriter, r *http.Request) {
		b, err := copied.Blob(r.Context(), record.Digest(r.PathValue("digest")))
		if err != nil {
			http.Error(w, err.Error(), http.StatusNotFound)
			return
		}
		w.Write(b)
	})
	mux.HandleFunc("GET /groups", func(w http.ResponseWriter, r *http.Request) {
		from, err := strconv.ParseInt(r.URL.Query().Get("from"), 10, 64)
		if err != nil || from < 0 {
			http.Error(w, "from is an index", http.StatusBadRequest)
			return
		}
		for p, err := range Groups(r.Context(), copied, from) {
			if err != nil {
				panic(http.ErrAbortHandler) // who reads sees that the end is missing
			}
			if _, err := w.Write(text(text(nil, pack(p.Group)), p.Checkpoint.Note)); err != nil {
				return
			}
		}
		w.Write(text(nil, nil)) // the end
	})
	mux.HandleFunc("GET /cosigned", func(w http.ResponseWriter, r *http.Request) {
		from, err := strconv.ParseInt(r.URL.Query().Get("from"), 10, 64)
		if err != nil || from < 0 {
			http.Error(w, "from is a size", http.StatusBadRequest)
			return
		}
		for c, err := range copied.Cosigned(r.Context()) {
			if err != nil {
				panic(http.ErrAbortHandler)
			}
			if c.Size < from {
				break // the newest come first
			}
			if _, err := w.Write(text(nil, c.Note)); err != nil {
				return
			}
		}
		w.Write(text(nil, nil))
	})
	mux.HandleFunc("GET /blobs", func(w http.ResponseWriter, r *http.Request) {
		listed, ok := copied.(lister)
		if !ok {
			http.Error(w, "this copy does not list its files", http.StatusNotImplemented)
			return
		}
		for d, err := range listed.Blobs(r.Context()) {
			if err != nil {
				panic(http.ErrAbortHandler)
			}
			if _, err := w.Write(text(nil, []byte(d))); err != nil {
				return
			}
		}
		w.Write(text(nil, nil))
	})
	return mux
}

// A lister is a copy that says which blobs it holds, as that of record/sqlite does.
type lister interface {
	Blobs(ctx context.Context) iter.Seq2[record.Digest, error]
}

// At is a member that answers at an address, as Serve does.
func At(address string, client *http.Client) Peer { return remote{address, client} }

type remote struct {
	address string
	client  *http.Client
}

func (p remote) do(ctx context.Context, method, path string, body []byte) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, method, p.address+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	answer, err := p.client.Do(r)
	if err != nil {
		return nil, err
	}
	if answer.StatusCode != http.StatusOK {
		defer answer.Body.Close()
		why, _ := io.ReadAll(io.LimitReader(answer.Body, 500))
		return nil, fmt.Errorf("%s: %s: %s", p.address, answer.Status, bytes.TrimSpace(why))
	}
	return answer, nil
}

func (p remote) PutBlob(ctx context.Context, b []byte) error {
	answer, err := p.do(ctx, http.MethodPut, "/blob", b)
	if err != nil {
		return err
	}
	return answer.Body.Close()
}

func (p remote) Blob(ctx context.Context, d record.Digest) ([]byte, error) {
	answer, err := p.do(ctx, http.MethodGet, "/blob/"+string(d), nil)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	return io.ReadAll(io.LimitReader(answer.Body, record.MaxBlob+1))
}

// errCut is of an answer that ends before its end.
var errCut = errors.New("the answer is cut off")

// frames yields what a member answers, to its end.
func (p remote) frames(ctx context.Context, path string) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		answer, err := p.do(ctx, http.MethodGet, path, nil)
		if err != nil {
			yield(nil, err)
			return
		}
		defer answer.Body.Close()
		b := bufio.NewReader(answer.Body)
		for {
			one, err := frame(b)
			if err == nil && len(one) == 0 || !yield(one, err) || err != nil {
				return
			}
		}
	}
}

func (p remote) Cosigned(ctx context.Context, from int64) iter.Seq2[record.Checkpoint, error] {
	return func(yield func(record.Checkpoint, error) bool) {
		for note, err := range p.frames(ctx, fmt.Sprint("/cosigned?from=", from)) {
			var c record.Checkpoint
			if err == nil {
				c, err = record.ReadCheckpoint(note)
			}
			if !yield(c, err) || err != nil {
				return
			}
		}
	}
}

func (p remote) Blobs(ctx context.Context) iter.Seq2[record.Digest, error] {
	return func(yield func(record.Digest, error) bool) {
		for d, err := range p.frames(ctx, "/blobs") {
			if !yield(record.Digest(d), err) || err != nil {
				return
			}
		}
	}
}

func (p remote) Groups(ctx context.Context, from int64) iter.Seq2[Published, error] {
	return func(yield func(Published, error) bool) {
		answer, err := p.do(ctx, http.MethodGet, fmt.Sprint("/groups?from=", from), nil)
		if err != nil {
			yield(Published{}, err)
			return
		}
		defer answer.Body.Close()
		b := bufio.NewReader(answer.Body)
		for {
			packed, err := frame(b)
			if err == nil && len(packed) == 0 {
				return
			}
			var part Published
			if err == nil {
				part.Group, err = unpack(packed)
			}
			var note []byte
			if err == nil {
				note, err = frame(b)
			}
			if err == nil {
				part.Checkpoint, err = record.ReadCheckpoint(note)
			}
			if !yield(part, err) || err != nil {
				return
			}
		}
	}
}

// frame reads bytes behind their length.
func frame(b *bufio.Reader) ([]byte, error) {
	n, err := binary.ReadUvarint(b)
	if err != nil {
		return nil, errCut
	}
	if n > maxRequest {
		return nil, errForeign
	}
	var out bytes.Buffer // grows as bytes come, whatever the length says
	if _, err := io.CopyN(&out, b, int64(n)); err != nil {
		return nil, errCut
	}
	return out.Bytes(), nil
}
