package conference

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"

	"kurultai/record"
	"kurultai/record/canonical"
)

// attestationRefusals are what Attested answers: to any act, and before it is decided.
var attestationRefusals = []Code{"not-attested", "unknown-key", "key-revoked", "not-your-key", "wrong-challenge", "wrong-origin", "not-verified", "bad-signature"}

// Attested refuses an act whose attestations are not those doc/record.md section 5 asks: one for the author and one
// for each further person, in that order, by a key known, not revoked and theirs, over the very bytes submitted, made
// where people sign in, by somebody present and verified. Where none is required an act may come without any.
func Attested(s *State, submitted *record.Submitted, attestations []record.Attestation) *Refusal {
	return Verified{}.Attested(s, submitted, attestations)
}

// Verified is what was found of the signatures of an act's assertions before the act is decided: of each the public key
// that made it, "" where that is not known. The zero Verified knows of none.
type Verified struct{ keys []string }

// VerifyAhead verifies the signatures of an act's assertions by the keys that stand for their credentials in s, which may be
// a state long before the act: elliptic curves are most of the work of Attested, and need not wait until all before the act
// is decided.
func VerifyAhead(s *State, attestations []record.Attestation) (v Verified) {
	for i, a := range attestations {
		k, ok := s.authenticity.passkeys.Get(a.Credential)
		if p, of := s.authenticity.partyKeys.Get(a.Credential); of {
			k, ok = Passkey{Key: p.Key}, true
		}
		if ok && signed(a, k.Key) {
			if v.keys == nil {
				v.keys = make([]string, len(attestations))
			}
			v.keys[i] = k.Key
		}
	}
	return v
}

// Attested answers as Attested does, without verifying again a signature that was verified by the very key that stands
// for its credential now.
func (v Verified) Attested(s *State, submitted *record.Submitted, attestations []record.Attestation) *Refusal {
	if len(attestations) == 0 && !s.AttestationDue(submitted) {
		return nil
	}
	if persons := 1 + len(submitted.With); len(attestations) != persons {
		return refuse("not-attested", "doc/record.md 5", fmt.Sprintf("%d/%d", len(attestations), persons))
	}
	if submitted.NotAfter == nil {
		return refuse("not-attested", "doc/record.md 7", "notAfter")
	}
	challenge := submitted.Challenge()
	for i, a := range attestations {
		key, r := s.attesting(submitted, i, a.Credential)
		if r != nil {
			return r
		}
		known := i < len(v.keys) && v.keys[i] == key
		if r := s.authenticity.origin.check(a, challenge[:], key, known); r != nil {
			return r
		}
	}
	return nil
}

// AttestationDue reports whether an act needs attestations (doc/record.md section 5). Before an origin was named
// nobody's could be checked, and a record is founded without; in a story's record acts may come without. A device
// added by no link, and a party's key in place of another, are worth nothing without in any record.
func (s *State) AttestationDue(submitted *record.Submitted) bool {
	if submitted.Name == "EnrolPasskey" {
		return submitted.Fields.Get("link").Kind == canonical.Invalid
	}
	a, known := s.Lookup(submitted.Name)
	if !known {
		return false // Decide says why not
	}
	_, story := record.StoryBody(submitted.Origin)
	return a.Name == "ReplacePartyKey" || a.OfConsequence(Capacity(submitted.As)) && !story && s.authenticity.origin.Domain != ""
}

// attesting finds the key of the ith person of an act, or says why the credential named is none of theirs.
func (s *State) attesting(submitted *record.Submitted, i int, credential string) (key string, r *Refusal) {
	by := submitted.By
	if i > 0 {
		by = submitted.With[i-1].By
	}
	k, ok := s.authenticity.passkeys.Get(credential)
	owner := string(k.Person)
	if p, of := s.authenticity.partyKeys.Get(credential); of {
		k, ok, owner = Passkey{Key: p.Key, Revoked: p.Revoked}, true, string(p.Party)
	}
	if a, known := s.Lookup(submitted.Name); known && a.PartyKey && i == 0 {
		by = submitted.For
	}
	switch {
	case !ok:
		return "", refuse("unknown-key", "WebAuthn 7.2", credential)
	case k.Revoked:
		return "", refuse("key-revoked", "WebAuthn 7.2", credential)
	case owner != by:
		return "", refuse("not-your-key", "WebAuthn 7.2", credential, by)
	}
	return k.Key, nil
}

// check verifies one assertion by a key over a challenge, made at one of the origins named. known: that the key signed it is
// known.
func (o OriginNamed) check(a record.Attestation, challenge []byte, key string, known bool) *Refusal {
	client, _ := canonical.DecodeBytes(a.ClientDataJSON)
	data, _ := canonical.DecodeBytes(a.AuthenticatorData)
	rest, ours := strings.CutPrefix(string(client), `{"type":"webauthn.get","challenge":"`+canonical.EncodeBytes(challenge)+`","origin":"`)
	domain := sha256.Sum256([]byte(o.Domain))
	switch {
	case !ours:
		return refuse("wrong-challenge", "WebAuthn 7.2", a.Credential)
	case !o.made(rest) || len(data) < 37 || string(data[:32]) != string(domain[:]):
		return refuse("wrong-origin", "WebAuthn 5.8.1.2", strings.Join(append([]string{o.Domain}, o.Origins...), ", "))
	case data[32]&0x05 != 0x05: // user present, user verified
		return refuse("not-verified", "WebAuthn 6.1", a.Credential)
	case !known && !signed(a, key):
		return refuse("bad-signature", "WebAuthn 7.2", a.Credential)
	}
	return nil
}

// made reports whether what follows "origin":" in client data is an origin named and no frame of another (the limited
// verification algorithm, WebAuthn Level 3 section 5.8.1.2). Nothing is parsed, so no two verifiers differ.
func (o OriginNamed) made(rest string) bool {
	for _, origin := range o.Origins {
		if tail, ok := strings.CutPrefix(rest, origin+`"`); ok {
			more, same := strings.CutPrefix(tail, `,"crossOrigin":false`)
			return tail == "}" || same && (more == "}" || strings.HasPrefix(more, ","))
		}
	}
	return false
}

// signed reports whether the key made an assertion.
func signed(a record.Attestation, key string) bool {
	client, _ := canonical.DecodeBytes(a.ClientDataJSON)
	data, _ := canonical.DecodeBytes(a.AuthenticatorData)
	signature, _ := canonical.DecodeBytes(a.Signature)
	return signedBy(key, data, client, signature)
}

// signedBy verifies ECDSA over P-256 with SHA-256, the signature in DER (WebAuthn Level 3 section 6.5.5).
func signedBy(key string, data, client, signature []byte) bool {
	p, err := publicKey(key)
	if err != nil {
		return false
	}
	sum := sha256.Sum256(client)
	signed := sha256.Sum256(slices.Concat(data, sum[:]))
	return ecdsa.VerifyASN1(p, signed[:], signature)
}

// publicKey reads a public key: 65 bytes of an uncompressed point of P-256 (SEC 1 section 2.3.3) in base64url.
func publicKey(key string) (*ecdsa.PublicKey, error) {
	b, err := canonical.DecodeBytes(key)
	if err != nil {
		return nil, err
	}
	return ecdsa.ParseUncompressedPublicKey(elliptic.P256(), b)
}
