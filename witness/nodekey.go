package witness

import (
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"filippo.io/torchwood"
	"golang.org/x/mod/sumdb/note"

	"kurultai/record"
)

// A NodeKey is a node's: it cosigns checkpoints (C2SP tlog-cosignature), and says other things in signed notes (C2SP
// signed-note, Ed25519) under the same name. What a note says begins with a line that no log's checkpoint begins with.
type NodeKey struct {
	*torchwood.CosignatureSigner
	speaks *record.LogKey
}

// NewNodeKey names a key.
func NewNodeKey(name string, key ed25519.PrivateKey) (*NodeKey, error) {
	cosigns, err := torchwood.NewCosignatureSigner(name, key)
	if err != nil {
		return nil, err
	}
	if err := record.CheckCosigner(cosigns.Verifier().String()); err != nil {
		return nil, err
	}
	speaks, err := record.NewLogKey(name, key)
	return &NodeKey{cosigns, speaks}, err
}

// A Saying is a kind of statement of nodes: its first line.
type Saying string

const (
	SaysNotOurs Saying = "kurultai/not-our-key/v1" // origin, entry, party, credential, key: the party does not know that key
	SaysWho     Saying = "kurultai/node/v1"        // origin, address, challenge: this node asks for what its party may read
	SaysErased  Saying = "kurultai/erased/v1"      // origin, size: what was to be forgotten in so many entries is destroyed here
	SaysWriter  Saying = "kurultai/writer/v1"      // origin, address, challenge: who writes the record asks for what it lost; signed by the log's key
)

// Say signs a statement: a line for each part.
func (k *NodeKey) Say(what Saying, parts ...string) ([]byte, error) {
	return say(k.speaks, what, parts)
}

// SayAsWriter signs, with the key of a record's log, that its writer asks at an address for what it lost.
func SayAsWriter(log *record.LogKey, address, challenge string) ([]byte, error) {
	return say(log, SaysWriter, []string{log.Origin(), address, challenge})
}

func say(k *record.LogKey, what Saying, parts []string) ([]byte, error) {
	text := string(what) + "\n"
	for _, p := range parts {
		if p == "" || strings.Contains(p, "\n") {
			return nil, fmt.Errorf("%q is no line of a statement", p)
		}
		text += p + "\n"
	}
	return note.Sign(&note.Note{Text: text}, k)
}

// Said opens a statement of the node whose verifier key that is. Its lines are as many as said.
func Said(verifier string, what Saying, parts int, signed []byte) ([]string, error) {
	if err := record.CheckCosigner(verifier); err != nil {
		return nil, err
	}
	fields := strings.SplitN(verifier, "+", 3)
	key, err := base64.StdEncoding.DecodeString(fields[2])
	if err != nil {
		return nil, err
	}
	v, err := record.ParseVerifier(record.VerifierText(fields[0], key[1:]))
	if err != nil {
		return nil, err
	}
	return said(v, what, parts, signed)
}

func said(by *record.Verifier, what Saying, parts int, signed []byte) ([]string, error) {
	n, err := note.Open(signed, note.VerifierList(by))
	if err != nil {
		return nil, fmt.Errorf("the statement: %w", err)
	}
	lines := strings.Split(strings.TrimSuffix(n.Text, "\n"), "\n")
	if lines[0] != string(what) || len(lines) != parts+1 {
		return nil, errors.New("the statement says something else")
	}
	return lines[1:], nil
}
