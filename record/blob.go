package record

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math/bits"

	"kurultai/record/canonical"
)

// SealedBlob stands in an entry for private bytes kept, encrypted, beside the record: the digest of what opens them,
// and how many bytes are kept.
type SealedBlob struct {
	Digest Digest `json:"sealed"`
	Size   int64  `json:"size"`
}

// Check reports whether the size is one of a private blob.
func (b SealedBlob) Check() error {
	if !IsSealedSize(b.Size) {
		return errors.New("no size of a private blob")
	}
	return nil
}

// A BlobKey encrypts one private blob and nothing else, with AES-256-GCM.
type BlobKey [32]byte

// minSealed is the least a private blob takes, in bytes.
const minSealed = 4096

// tagSize is what AES-GCM adds, in bytes.
const tagSize = 16

// SealedSize is how many bytes are kept of so many private ones: padded, so that the size tells little. The number is
// rounded up until, of the e binary digits behind its first, none but the first L are set, L being the length of e in
// binary digits (Padmé: Nikitin and others, "Reducing Metadata Leakage from Encrypted Files and Communication with
// PURBs", 2019, section 4): what is added is at most a sixteenth, above the least size.
func SealedSize(plain int64) int64 {
	n := max(plain+1+tagSize, minSealed)
	e := bits.Len64(uint64(n)) - 1
	low := int64(1)<<(e-bits.Len64(uint64(e))) - 1
	return (n + low) &^ low
}

// IsSealedSize reports whether a private blob can be of n bytes.
func IsSealedSize(n int64) bool {
	return n >= minSealed && n <= MaxBlob && SealedSize(n-1-tagSize) == n
}

// DiscloseBlob makes what opens a private blob: base64url of the canonical array [salt, "blob", digest of the plain
// bytes, key], under a salt of 16 bytes in base64url.
func DiscloseBlob(salt string, plain Digest, key BlobKey) Disclosure {
	b := canonical.AppendString([]byte{'['}, salt)
	b = canonical.AppendString(append(b, `,"blob",`...), string(plain))
	b = canonical.AppendString(append(b, ','), canonical.EncodeBytes(key[:]))
	return Disclosure(canonical.EncodeBytes(append(b, ']')))
}

// OpenBlob reads a disclosure of a private blob.
func (d Disclosure) OpenBlob() (salt string, plain Digest, key BlobKey, err error) {
	v, err := d.parse()
	if err != nil {
		return "", "", key, err
	}
	if v.Kind != canonical.Array || len(v.Items) != 4 || v.Items[1].Kind != canonical.String || v.Items[1].Str != "blob" {
		return "", "", key, errors.New(`a private blob's disclosure is [salt, "blob", digest, key]`)
	}
	for i, size := range map[int]int{0: 16, 2: 32, 3: 32} {
		if v.Items[i].Kind != canonical.String || !canonical.IsBytes(v.Items[i].Str, size) {
			return "", "", key, errors.New(`a private blob's disclosure is [salt, "blob", digest, key]`)
		}
	}
	b, err := canonical.DecodeBytes(v.Items[3].Str)
	copy(key[:], b)
	return v.Items[0].Str, Digest(v.Items[2].Str), key, err
}

// Encrypt makes of plain bytes what is kept of a private blob, SealedSize(len(plain)) bytes: the bytes, 0x80 and zeros
// under the key, with a nonce of zeros, for the key encrypts nothing else, and the disclosure's digest as additional data.
func (k BlobKey) Encrypt(plain []byte, d Digest) ([]byte, error) {
	size := SealedSize(int64(len(plain)))
	if size > MaxBlob {
		return nil, fmt.Errorf("a private blob of %d bytes where %d are allowed", size, MaxBlob)
	}
	padded := make([]byte, size-tagSize, size)
	padded[copy(padded, plain)] = 0x80
	return gcm(k).Seal(padded[:0], make([]byte, 12), padded, []byte(d)), nil
}

// Decrypt opens what is kept of a private blob. Other bytes, another key or another disclosure is an error.
func (k BlobKey) Decrypt(kept []byte, d Digest) ([]byte, error) {
	if !IsSealedSize(int64(len(kept))) {
		return nil, errors.New("no size of a private blob")
	}
	b, err := gcm(k).Open(nil, make([]byte, 12), kept, []byte(d))
	if err != nil {
		return nil, err
	}
	end := len(b)
	for end > 0 && b[end-1] == 0 {
		end--
	}
	if end == 0 || b[end-1] != 0x80 || SealedSize(int64(end-1)) != int64(len(kept)) {
		return nil, errors.New("padding is wrong")
	}
	return b[:end-1], nil
}

// OpenKept opens what is kept of a private blob by its disclosure, and holds it against the digest that stands there.
func (d Disclosure) OpenKept(kept []byte) ([]byte, error) {
	_, plain, key, err := d.OpenBlob()
	if err != nil {
		return nil, err
	}
	b, err := key.Decrypt(kept, d.Digest())
	if err == nil && DigestOf(b) != plain {
		err = errors.New("the bytes are not the ones disclosed")
	}
	return b, err
}

// sealBlob makes the reference and the disclosure of private bytes that stand as {"private":{"blob":digest,"size":n}}.
func sealBlob(b canonical.Value, chance io.Reader) (canonical.Value, Disclosure, error) {
	salt, err := NewSalt(chance)
	if err != nil {
		return b, "", err
	}
	var plain Blob
	if err := canonical.Decode(b, &plain); err != nil {
		return b, "", err
	}
	if plain.Size < 0 || plain.Size > MaxBlob || SealedSize(plain.Size) > MaxBlob {
		return b, "", fmt.Errorf("a private file of %d bytes", plain.Size)
	}
	drawn := make([]byte, len(BlobKey{}))
	if _, err := io.ReadFull(chance, drawn); err != nil {
		return b, "", fmt.Errorf("drawing a key: %w", err)
	}
	// Chance that is drawn again, for the same form sent twice, gives other bytes another key.
	key := BlobKey(sha256.Sum256(append(drawn, plain.Digest...)))
	d := DiscloseBlob(salt, plain.Digest, key)
	return canonical.Value{Kind: canonical.Object, Keys: []string{"sealed", "size"}, Items: []canonical.Value{
		{Kind: canonical.String, Str: string(d.Digest())}, {Kind: canonical.Int, Int: SealedSize(plain.Size)}}}, d, nil
}
