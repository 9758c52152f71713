package witness

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"filippo.io/torchwood"

	"kurultai/record"
)

// Over reads a record that is served below an address. Tiles that are not to be had are asked for again after growing pauses,
// eight are under way at once; what is no tile is asked for once, for who follows asks again by itself, sooner than a fetcher
// of tiles would. No answer may be longer than a blob: a source is not trusted.
func Over(transport http.RoundTripper, address string) (torchwood.TileReader, error) {
	client := &http.Client{Transport: bounded{transport}, Timeout: time.Minute}
	base := strings.TrimSuffix(address, "/")
	fetcher, err := torchwood.NewTileFetcher(base, torchwood.WithHTTPClient(client), torchwood.WithUserAgent("kurultai follow"), torchwood.WithConcurrencyLimit(8))
	return prompt{fetcher, client, base + "/"}, err
}

// prompt asks once for what is no tile.
type prompt struct {
	torchwood.TileReader
	client *http.Client
	base   string
}

func (p prompt) ReadEndpoint(ctx context.Context, path string) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, p.base+path, nil)
	if err != nil {
		return nil, err
	}
	answer, err := p.client.Do(r)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s", path, answer.Status)
	}
	return io.ReadAll(answer.Body)
}

// bounded lets no answer be longer than a blob may be.
type bounded struct{ next http.RoundTripper }

func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := b.next.RoundTrip(r)
	if err == nil {
		answer.Body = struct {
			io.Reader
			io.Closer
		}{io.LimitReader(answer.Body, record.MaxBlob+1), answer.Body}
	}
	return answer, err
}

// ErrNotAdmitted says that the log does not know this node's key yet.
var ErrNotAdmitted = errors.New("this node is not admitted yet: an officer or the head of your delegation submits AdmitNode with its verifier key")

// Give sends whoever serves a record what a node cosigned (POST …/cosignatures, see TakeCosignatures).
func Give(ctx context.Context, client *http.Client, address string, signed []byte) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimSuffix(address, "/")+"/cosignatures", bytes.NewReader(signed))
	if err != nil {
		return err
	}
	answer, err := client.Do(r)
	if err != nil {
		return fmt.Errorf("giving the cosignature: %w", err)
	}
	defer answer.Body.Close()
	why, _ := io.ReadAll(io.LimitReader(answer.Body, 500))
	switch answer.StatusCode {
	case http.StatusNoContent:
		return nil
	case http.StatusForbidden:
		return ErrNotAdmitted
	}
	return fmt.Errorf("giving the cosignature: %s: %s", answer.Status, bytes.TrimSpace(why))
}

// maxCosigned is the largest cosigned checkpoint that is taken, in bytes.
const maxCosigned = 64 << 10

// TakeCosignatures takes a cosigned checkpoint from a node. Nobody need sign in: it says itself whose it is. ahead hears of a
// checkpoint of more entries than are here.
func TakeCosignatures(w http.ResponseWriter, r *http.Request, m *Marks, ahead func(error)) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", "POST")
		http.Error(w, "a cosigned checkpoint is sent here by POST", http.StatusMethodNotAllowed)
		return
	}
	signed, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxCosigned))
	if err != nil {
		http.Error(w, fmt.Sprintf("a cosigned checkpoint has at most %d bytes", maxCosigned), http.StatusRequestEntityTooLarge)
		return
	}
	switch err := m.Add(r.Context(), signed); {
	case err == nil:
		w.WriteHeader(http.StatusNoContent)
	case errors.Is(err, ErrNobody):
		http.Error(w, err.Error()+": an officer or the head of your delegation admits it by the act AdmitNode", http.StatusForbidden)
	case errors.Is(err, ErrAhead):
		http.Error(w, err.Error(), http.StatusConflict)
		ahead(err)
	case errors.Is(err, ErrOtherTree):
		http.Error(w, err.Error(), http.StatusConflict)
	case errors.Is(err, record.ErrFull), errors.Is(err, record.ErrStopped):
		http.Error(w, "the record cannot keep it now; send it again later", http.StatusServiceUnavailable)
	default:
		http.Error(w, err.Error(), http.StatusBadRequest)
	}
}
