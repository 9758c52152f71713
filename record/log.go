package record

import (
	"bytes"
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// noteEd25519 is the algorithm byte of Ed25519 in C2SP signed-note.
const noteEd25519 = 1

// A LogKey signs the checkpoints of one record. Its name is the record's origin.
// The key comes before the name here, for the origin of a story holds a digest of the key.
type LogKey struct {
	origin string
	key    ed25519.PrivateKey
}

// NewLogKey names an Ed25519 key by an origin.
func NewLogKey(origin string, key ed25519.PrivateKey) (*LogKey, error) {
	if !IsOrigin(origin) {
		return nil, fmt.Errorf("origin %.60q: 1 to 200 characters of printable ASCII without a plus", origin)
	}
	k := &LogKey{origin, key}
	return k, CheckOrigin(origin, k.Public())
}

// Public is the public half, 32 bytes.
func (k *LogKey) Public() ed25519.PublicKey { return k.key.Public().(ed25519.PublicKey) }

// Origin names the record.
func (k *LogKey) Origin() string { return k.origin }

// Name, KeyHash and Sign make a LogKey a note.Signer.
func (k *LogKey) Name() string { return k.origin }

// KeyHash is the first four bytes of SHA-256(origin LF 1 public key), big-endian.
func (k *LogKey) KeyHash() uint32 { return keyHash(k.origin, k.Public()) }

// Sign signs the text of a note.
func (k *LogKey) Sign(msg []byte) ([]byte, error) { return ed25519.Sign(k.key, msg), nil }

// Derive returns 32 bytes that follow from the key and from what they are for, the same each time, and tell nobody the
// key or what follows for anything else (HKDF with SHA-256, RFC 5869).
func (k *LogKey) Derive(what string) []byte {
	b, err := hkdf.Key(sha256.New, k.key.Seed(), []byte(k.origin), what, 32)
	if err != nil {
		panic(err) // 32 bytes can always be had
	}
	return b
}

// Verifier is the verifier key in its text form, ORIGIN+HASH+BASE64.
func (k *LogKey) Verifier() string { return VerifierText(k.origin, k.Public()) }

// Private is the note key in its text form, as it stands in keys/log.key.
func (k *LogKey) Private() string {
	return fmt.Sprintf("PRIVATE+KEY+%s+%08x+%s", k.origin, k.KeyHash(), base64.StdEncoding.EncodeToString(append([]byte{noteEd25519}, k.key.Seed()...)))
}

// ParseLogKey reads what Private wrote.
func ParseLogKey(text string) (*LogKey, error) {
	bad := errors.New("not a note key of the form PRIVATE+KEY+ORIGIN+HASH+BASE64")
	rest, ok := strings.CutPrefix(strings.TrimSuffix(text, "\n"), "PRIVATE+KEY+")
	parts := strings.SplitN(rest, "+", 3)
	if !ok || len(parts) != 3 {
		return nil, bad
	}
	seed, err := base64.StdEncoding.DecodeString(parts[2])
	if err != nil || len(seed) != 33 || seed[0] != noteEd25519 {
		return nil, bad
	}
	k, err := NewLogKey(parts[0], ed25519.NewKeyFromSeed(seed[1:]))
	if err != nil {
		return nil, err
	}
	if fmt.Sprintf("%08x", k.KeyHash()) != parts[1] {
		return nil, bad
	}
	return k, nil
}

func keyHash(name string, key ed25519.PublicKey) uint32 {
	h := sha256.Sum256(append([]byte(name+"\n\x01"), key...))
	return binary.BigEndian.Uint32(h[:4])
}

// VerifierText is the verifier key of an origin and a public key.
func VerifierText(origin string, key ed25519.PublicKey) string {
	return fmt.Sprintf("%s+%08x+%s", origin, keyHash(origin, key), base64.StdEncoding.EncodeToString(append([]byte{noteEd25519}, key...)))
}

// cosignatureV1 is the algorithm byte of C2SP tlog-cosignature with Ed25519.
const cosignatureV1 = 4

// CheckCosigner reports what is wrong with the verifier key of a witness, NAME+HASH+BASE64 (C2SP signed-note), or nil.
// There is one way to write a key.
func CheckCosigner(text string) error {
	parts := strings.SplitN(text, "+", 3)
	if len(parts) != 3 || !IsOrigin(parts[0]) || strings.Contains(parts[0], " ") {
		return errors.New("not a verifier key of the form NAME+HASH+BASE64")
	}
	key, err := base64.StdEncoding.Strict().DecodeString(parts[2])
	if err != nil || len(key) != 33 || base64.StdEncoding.EncodeToString(key) != parts[2] {
		return errors.New("not an Ed25519 key")
	}
	if key[0] != cosignatureV1 {
		return errors.New("a key that signs logs, not one that cosigns them")
	}
	h := sha256.Sum256(append([]byte(parts[0]+"\n"), key...))
	if hex.EncodeToString(h[:4]) != parts[1] {
		return errors.New("the key's hash is another")
	}
	return nil
}

// A Verifier checks the log's signatures.
type Verifier struct {
	note.Verifier
	Key ed25519.PublicKey
}

// ParseVerifier reads a verifier key and, for the origin of a story, checks that the origin is bound to it.
func ParseVerifier(text string) (*Verifier, error) {
	v, err := note.NewVerifier(text)
	if err != nil {
		return nil, fmt.Errorf("not a verifier key of the form ORIGIN+HASH+BASE64: %w", err)
	}
	parts := strings.SplitN(text, "+", 3)
	key, err := base64.StdEncoding.DecodeString(parts[2])
	if err != nil || len(key) != 33 || key[0] != noteEd25519 || base64.StdEncoding.EncodeToString(key) != parts[2] {
		return nil, errors.New("not an Ed25519 key")
	}
	if !IsOrigin(parts[0]) {
		return nil, errors.New("the key's name is no origin")
	}
	if parts[1] != strings.ToLower(parts[1]) {
		return nil, errors.New("the key's hash is not in small hex digits")
	}
	return &Verifier{v, key[1:]}, CheckOrigin(parts[0], key[1:])
}

// storyHost begins the origin of every record founded by a story.
const storyHost = "story.invalid/"

// StoryOrigin is the origin of a record founded by a story whose FoundBody has the given id.
func StoryOrigin(body string, key ed25519.PublicKey) string {
	h := sha256.Sum256(key)
	return storyHost + body + "/" + hex.EncodeToString(h[:8])
}

// StoryBody returns the body's id in the origin of a story, and whether origin is one; "" of another.
func StoryBody(origin string) (string, bool) {
	rest, ok := strings.CutPrefix(origin, storyHost)
	if !ok {
		return "", false
	}
	body, _, _ := strings.Cut(rest, "/")
	return body, true
}

// CheckOrigin checks that the origin of a story is bound to the log's key. Other origins may not end their
// host in .invalid.
func CheckOrigin(origin string, key ed25519.PublicKey) error {
	if body, ok := StoryBody(origin); ok {
		if !IsID(body) || StoryOrigin(body, key) != origin {
			return fmt.Errorf("the story origin %s belongs to another key", origin)
		}
		return nil
	}
	host, _, _ := strings.Cut(origin, "/")
	if strings.HasSuffix(host, ".invalid") || host == "invalid" {
		return fmt.Errorf("origin %s: .invalid is for stories", origin)
	}
	return nil
}

// A Checkpoint says what the record was at one size, signed.
type Checkpoint struct {
	Origin string
	Size   int64
	Root   tlog.Hash
	Note   []byte // the signed note
}

// SignCheckpoint makes a checkpoint (C2SP tlog-checkpoint).
func (k *LogKey) SignCheckpoint(size int64, root tlog.Hash) ([]byte, error) {
	text := fmt.Sprintf("%s\n%d\n%s\n", k.origin, size, root)
	return note.Sign(&note.Note{Text: text}, k)
}

// OpenCheckpoint reads a signed checkpoint and checks the log's signature.
func OpenCheckpoint(b []byte, v *Verifier) (Checkpoint, error) {
	n, err := note.Open(b, note.VerifierList(v))
	if err != nil {
		return Checkpoint{}, fmt.Errorf("checkpoint: %w", err)
	}
	c, err := ParseCheckpoint(n.Text)
	if err == nil && c.Origin != v.Name() {
		err = fmt.Errorf("checkpoint: of %s, not of %s", c.Origin, v.Name())
	}
	c.Note = b
	return c, err
}

// Join adds to the signature lines of a signed note those of another over the same text that it lacks.
func Join(note, other []byte) ([]byte, error) {
	text, lines, ok := bytes.Cut(note, []byte("\n\n"))
	text2, more, ok2 := bytes.Cut(other, []byte("\n\n"))
	if !ok || !ok2 || !bytes.Equal(text, text2) {
		return nil, errors.New("the signatures are of another checkpoint")
	}
	out, signed := bytes.Clone(note), map[string]bool{}
	for line := range bytes.SplitAfterSeq(lines, []byte("\n")) {
		signed[signerOf(line)] = true
	}
	for line := range bytes.SplitAfterSeq(more, []byte("\n")) {
		if by := signerOf(line); len(line) > 0 && !signed[by] {
			signed[by] = true
			out = append(out, line...)
		}
	}
	return out, nil
}

// signerOf is whose signature a line of a note is: the name, and the four bytes that begin the signature (C2SP
// signed-note). Whoever signs again later, as a witness does with a new time, signs no second time.
func signerOf(line []byte) string {
	name, signature, ok := bytes.Cut(bytes.TrimPrefix(bytes.TrimSuffix(line, []byte("\n")), []byte("\u2014 ")), []byte(" "))
	raw, err := base64.StdEncoding.DecodeString(string(signature))
	if !ok || err != nil || len(raw) < 4 {
		return string(line)
	}
	return fmt.Sprintf("%s+%08x", name, raw[:4])
}

// BetweenCheckpoints is what a copy keeps as checkpoint of a size for which the log signed none, while it takes entries
// up to one that was signed. It bears a signature of nobody.
func BetweenCheckpoints(origin string, size int64, root tlog.Hash) ([]byte, error) {
	key, err := NewLogKey("local.invalid.copy", ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)))
	if err != nil {
		return nil, err
	}
	return note.Sign(&note.Note{Text: fmt.Sprintf("%s\n%d\n%s\n", origin, size, root)}, key)
}

// ReadCheckpoint reads a signed checkpoint, whoever signed it: for one that was checked when it was kept.
func ReadCheckpoint(signed []byte) (Checkpoint, error) {
	n, err := note.Open(signed, note.VerifierList())
	var unverified *note.UnverifiedNoteError
	if errors.As(err, &unverified) {
		n, err = unverified.Note, nil
	}
	if err != nil {
		return Checkpoint{}, err
	}
	head, err := ParseCheckpoint(n.Text)
	head.Note = signed
	return head, err
}

// ParseCheckpoint reads the three lines of a checkpoint's text.
func ParseCheckpoint(text string) (c Checkpoint, err error) {
	bad := errors.New("checkpoint: not the three lines origin, size, root")
	lines := strings.Split(text, "\n")
	if len(lines) != 4 || lines[3] != "" {
		return c, bad
	}
	c.Origin = lines[0]
	if _, err := fmt.Sscanf(lines[1], "%d", &c.Size); err != nil || c.Size < 0 || fmt.Sprint(c.Size) != lines[1] {
		return c, bad
	}
	if c.Root, err = tlog.ParseHash(lines[2]); err != nil || c.Root.String() != lines[2] {
		return c, bad
	}
	return c, nil
}
