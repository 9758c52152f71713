package canonical

import (
	"encoding/base64"
	"errors"
)

// Strict refuses unused bits that are not zero; encoding/base64 still takes line ends, so the length is compared too.
var base64url = base64.RawURLEncoding.Strict()

// ErrBytes is returned for text that is not the one base64url spelling of any bytes.
var ErrBytes = errors.New("not base64url without padding")

// EncodeBytes writes bytes as the record does: base64url without padding (RFC 4648 section 5).
func EncodeBytes(b []byte) string { return base64url.EncodeToString(b) }

// DecodeBytes reads what EncodeBytes wrote and nothing else.
func DecodeBytes(s string) ([]byte, error) {
	b, err := base64url.DecodeString(s)
	if err != nil || len(s) != base64url.EncodedLen(len(b)) {
		return nil, ErrBytes
	}
	return b, nil
}

// IsBytes reports whether s is base64url of exactly n bytes, without decoding it.
func IsBytes(s string, n int) bool {
	if len(s) != base64url.EncodedLen(n) {
		return false
	}
	var last byte
	for i := range len(s) {
		switch c := s[i]; {
		case c >= 'A' && c <= 'Z':
			last = c - 'A'
		case c >= 'a' && c <= 'z':
			last = c - 'a' + 26
		case c >= '0' && c <= '9':
			last = c - '0' + 52
		case c == '-':
			last = 62
		case c == '_':
			last = 63
		default:
			return false
		}
	}
	unused := [3]byte{0, 15, 3}[n%3]
	return last&unused == 0
}
