// Package sealed makes and opens what a sealed note is sent as, on the devices of those who write and read it. The writer
// of the record never holds what goes in here.
//
// A note is packed, then encrypted by age (age-encryption.org/v1) to the keys of its addressees. The pack is
//
//	kurultai/note/v1 LF
//	{"files":[{"bytes":n,"name":text}…],"from":party,"number":text,"origin":line,"salt":bytes,"subject":text,"text":text} LF
//	the bytes of each file, in order; zero bytes
//
// Its second line is canonical JSON (doc/record.md section 1); files, from (the secretariat's is absent), subject and text
// are absent where empty. salt is 32 random bytes: the digest of a pack stands in the record, and nobody guesses a short
// text by it. origin, from and number are those of the act that sends the note, so that a ciphertext put beside another
// act is noticed. It is padded as private blobs are (doc/record.md section 4), so that its length tells little.
//
// web/static/sealed.js does the same in a browser.
package sealed

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"

	"filippo.io/age"
	"filippo.io/age/armor"

	"kurultai/record"
	"kurultai/record/canonical"
)

// A Note is what one person writes and another reads.
type Note struct {
	Origin, From, Number string // of the act that sends it; From is "" where the secretariat does
	Subject, Text        string
	Files                []File
}

// A File is attached to a note.
type File struct {
	Name  string
	Bytes []byte
}

// header is the second line of a pack.
type header struct {
	Files   []fileLine `json:"files,omitempty"`
	From    string     `json:"from,omitempty"`
	Number  string     `json:"number"`
	Origin  string     `json:"origin"`
	Salt    string     `json:"salt"`
	Subject string     `json:"subject,omitempty"`
	Text    string     `json:"text,omitempty"`
}

type fileLine struct {
	Bytes int64  `json:"bytes,omitempty"`
	Name  string `json:"name"`
}

const first = "kurultai/note/v1\n"

// MostPack is the largest pack: encrypted to as many keys as a note may have it fits into MostSealed of conference.
const MostPack = 5<<20 - 128<<10

// ErrTooLarge says that a note with its files does not fit.
var ErrTooLarge = fmt.Errorf("the note with its files is larger than %d bytes", MostPack)

// Pack writes a note down as it is encrypted. The salt comes from chance.
func Pack(n Note, chance io.Reader) ([]byte, error) {
	salt := make([]byte, 32)
	if _, err := io.ReadFull(chance, salt); err != nil {
		return nil, fmt.Errorf("drawing a salt: %w", err)
	}
	h := header{From: n.From, Number: n.Number, Origin: n.Origin, Salt: canonical.EncodeBytes(salt), Subject: n.Subject, Text: n.Text}
	for _, f := range n.Files {
		h.Files = append(h.Files, fileLine{int64(len(f.Bytes)), f.Name})
	}
	b := append(append([]byte(first), canonical.Encode(nil, h)...), '\n')
	for _, f := range n.Files {
		b = append(b, f.Bytes...)
	}
	padded := record.SealedSize(int64(len(b)))
	if padded > MostPack {
		return nil, ErrTooLarge
	}
	return append(b, make([]byte, padded-int64(len(b)))...), nil
}

// Unpack reads what Pack wrote, and refuses what it never would have.
func Unpack(b []byte) (n Note, err error) {
	rest, ours := bytes.CutPrefix(b, []byte(first))
	line, rest, whole := bytes.Cut(rest, []byte{'\n'})
	if !ours || !whole {
		return n, errors.New("it is no note: its first line is not kurultai/note/v1")
	}
	v, err := canonical.Parse(string(line))
	if err != nil {
		return n, fmt.Errorf("its second line: %w", err)
	}
	var h header
	if err := canonical.Decode(v, &h); err != nil {
		return n, fmt.Errorf("its second line: %w", err)
	}
	if !canonical.IsBytes(h.Salt, 32) {
		return n, errors.New("its salt is not 32 bytes")
	}
	n = Note{Origin: h.Origin, From: h.From, Number: h.Number, Subject: h.Subject, Text: h.Text}
	for _, f := range h.Files {
		if f.Bytes < 0 || f.Bytes > int64(len(rest)) {
			return Note{}, fmt.Errorf("%.60q is to have %d bytes, and %d are left", f.Name, f.Bytes, len(rest))
		}
		n.Files = append(n.Files, File{f.Name, rest[:f.Bytes:f.Bytes]})
		rest = rest[f.Bytes:]
	}
	if record.SealedSize(int64(len(b)-len(rest))) != int64(len(b)) || len(bytes.Trim(rest, "\x00")) > 0 {
		return Note{}, errors.New("something stands behind its files")
	}
	return n, nil
}

// Of reports whether a note is the one that an act of a record sends. A story that is written before there is a record
// leaves out of its origin what only the record's key says (doc/record.md section 9).
func (n Note) Of(origin, from, number string) bool {
	body, story := record.StoryBody(origin)
	return (n.Origin == origin || story && n.Origin == "story.invalid/"+body) && n.From == from && n.Number == number
}

// Encrypt encrypts a pack to recipients of X25519.
func Encrypt(pack []byte, recipients []string) ([]byte, error) {
	var to []age.Recipient
	for _, text := range recipients {
		r, err := age.ParseX25519Recipient(text)
		if err != nil {
			return nil, fmt.Errorf("the key %.70q: %w", text, err)
		}
		to = append(to, r)
	}
	var out bytes.Buffer
	w, err := age.Encrypt(&out, to...)
	if err == nil {
		_, err = w.Write(pack)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		return nil, fmt.Errorf("encrypting: %w", err)
	}
	return out.Bytes(), nil
}

// Decrypt opens a ciphertext by the first identity that fits.
func Decrypt(ciphertext []byte, identities ...age.Identity) ([]byte, error) {
	r, err := age.Decrypt(bytes.NewReader(ciphertext), identities...)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(io.LimitReader(r, MostPack+1))
}

// Stanzas counts the keys a ciphertext is encrypted to, or says why it is none of ours: a header of age v1 with nothing
// but recipients of X25519, and a payload behind it. Who sends something readable is stopped by this before it is kept.
func Stanzas(ciphertext []byte) (count int, err error) {
	rest, ours := bytes.CutPrefix(ciphertext, []byte("age-encryption.org/v1\n"))
	if !ours {
		return 0, errors.New("it is no file of age")
	}
	line := func(prefix string, letters int) bool {
		after, ok := bytes.CutPrefix(rest, []byte(prefix))
		if !ok || len(after) <= letters || after[letters] != '\n' || strings.Trim(string(after[:letters]), base64Letters) != "" {
			return false
		}
		rest = after[letters+1:]
		return true
	}
	for line("-> X25519 ", 43) {
		if !line("", 43) {
			return 0, errors.New("a key in its header is torn")
		}
		count++
	}
	if count == 0 || !line("--- ", 43) || len(rest) < 16+16 {
		return 0, errors.New("its header has other parts than keys of X25519")
	}
	return count, nil
}

const base64Letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

// Fingerprint is what people compare of a key: the first ten bytes of the SHA-256 of its text, in groups of four digits.
func Fingerprint(recipient string) string {
	sum := sha256.Sum256([]byte(recipient))
	digits := hex.EncodeToString(sum[:10])
	var groups []string
	for ; digits != ""; digits = digits[4:] {
		groups = append(groups, digits[:4])
	}
	return strings.Join(groups, " ")
}

// WriteIdentity writes an identity as a file of age, behind a passphrase where one is given, and returns its public half.
func WriteIdentity(w io.Writer, passphrase string) (recipient string, err error) {
	id, err := age.GenerateX25519Identity()
	if err != nil {
		return "", err
	}
	text := "# public key: " + id.Recipient().String() + "\n" + id.String() + "\n"
	if passphrase == "" {
		_, err = io.WriteString(w, text)
		return id.Recipient().String(), err
	}
	lock, err := age.NewScryptRecipient(passphrase)
	if err != nil {
		return "", err
	}
	a := armor.NewWriter(w)
	out, err := age.Encrypt(a, lock)
	if err == nil {
		_, err = io.WriteString(out, text)
	}
	if err == nil {
		err = errors.Join(out.Close(), a.Close())
	}
	return id.Recipient().String(), err
}

// ReadIdentities reads a file of identities. passphrase is asked for where it is behind one.
func ReadIdentities(b []byte, passphrase func() (string, error)) ([]age.Identity, error) {
	if bytes.HasPrefix(b, []byte(armor.Header)) {
		word, err := passphrase()
		if err != nil {
			return nil, err
		}
		lock, err := age.NewScryptIdentity(word)
		if err != nil {
			return nil, err
		}
		r, err := age.Decrypt(armor.NewReader(bytes.NewReader(b)), lock)
		if err != nil {
			return nil, fmt.Errorf("opening the file of the key: %w", err)
		}
		if b, err = io.ReadAll(io.LimitReader(r, 1<<16)); err != nil {
			return nil, fmt.Errorf("opening the file of the key: %w", err)
		}
	}
	ids, err := age.ParseIdentities(bytes.NewReader(b))
	if err != nil {
		return nil, fmt.Errorf("the file of the key: %w", err)
	}
	return ids, nil
}
