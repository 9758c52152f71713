package conference

import (
	"slices"
	"strings"

	"kurultai/record"
)

// keysState is passkeys of persons, keys of parties and where people sign in.
type keysState struct {
	passkeys Ordered[string, Passkey] // by credential
	parties  Ordered[string, string]  // by party: its key
	origin   OriginNamed
}

// A Passkey is a person's (WebAuthn Level 3).
type Passkey struct {
	Person        PersonID
	Key           string
	Countersigned PartyID // "": enrolled by the secretariat alone
	Revoked       bool
	Index         int64 // entry that changed it last
}

// Passkeys lists a person's passkeys in order of credential.
func (s *State) Passkeys(p PersonID) (list []Passkey) {
	for _, k := range s.authenticity.passkeys.All() {
		if k.Person == p {
			list = append(list, k)
		}
	}
	return list
}

type (
	// EnrolPasskey enrols a passkey of your own.
	EnrolPasskey struct {
		Credential string `json:"credential" jsonschema:"credential id, base64url"`
		Key        string `json:"key" jsonschema:"its public key, P-256, base64url"`
	}
	// PasskeyEnrolled is what EnrolPasskey causes.
	PasskeyEnrolled struct {
		Person     PersonID `json:"person"`
		Credential string   `json:"credential"`
		Key        string   `json:"key"`
	}
	// RevokePasskey ends a passkey, as of a lost device.
	RevokePasskey struct {
		Credential string `json:"credential" jsonschema:"credential id, base64url"`
		Why        Term   `json:"why" jsonschema:"lost, left, compromised"`
	}
	// PasskeyRevoked is what RevokePasskey causes.
	PasskeyRevoked RevokePasskey
	// RevokeOffice ends an office.
	RevokeOffice struct {
		Person   PersonID `json:"person" jsonschema:"who holds it"`
		Capacity Capacity `json:"capacity" jsonschema:"the office"`
		For      PartyID  `json:"for,omitempty" jsonschema:"for heads and delegates: the party"`
	}
	// OfficeRevoked is what RevokeOffice causes.
	OfficeRevoked RevokeOffice
	// NameOrigin says where people sign in.
	NameOrigin struct {
		Domain  string   `json:"domain" jsonschema:"relying party id, as assembly.example"`
		Origins []string `json:"origins" jsonschema:"addresses, as https://assembly.example"`
	}
	// OriginNamed is what NameOrigin causes.
	OriginNamed NameOrigin
	// DepositPartyKey deposits a party's own first key.
	DepositPartyKey struct {
		Key  string        `json:"key" jsonschema:"its public key, P-256, base64url"`
		Note record.Digest `json:"note" jsonschema:"SHA-256 of the note that carried it"`
	}
	// PartyKeyDeposited is what DepositPartyKey causes.
	PartyKeyDeposited struct {
		Party PartyID       `json:"party"`
		Key   string        `json:"key"`
		Note  record.Digest `json:"note"`
	}
	// CountersignKey says that a person's passkey is known to the party.
	CountersignKey struct {
		Credential string `json:"credential" jsonschema:"credential id, base64url"`
	}
	// KeyCountersigned is what CountersignKey causes.
	KeyCountersigned struct {
		Credential string  `json:"credential"`
		Party      PartyID `json:"party"`
	}
)

func (s *State) changePasskey(id string, index int64, change func(*Passkey)) {
	k := s.authenticity.passkeys.At(id)
	change(&k)
	k.Index = index
	s.authenticity.passkeys = s.authenticity.passkeys.Set(id, k)
}

func keys(ed *edition) {
	ed.thing("passkey", func(s *State, id string) (int64, bool) { k, ok := s.authenticity.passkeys.Get(id); return k.Index, ok })
	does(ed, Act{
		Name: "EnrolPasskey", Title: "Enrol a passkey", Help: "Enrols a passkey of your own, on this device.",
		Who: []Capacity{Myself}, Rule: "WebAuthn 7.1", Refusals: []Code{"id-taken"}, Causes: []string{"PasskeyEnrolled"},
	}, func(s *State, c *Call, f *EnrolPasskey) ([]Event, *Refusal) {
		if s.authenticity.passkeys.Has(f.Credential) {
			return nil, refuse("id-taken", "WebAuthn 7.1", f.Credential)
		}
		return []Event{{Body: &PasskeyEnrolled{PersonID(c.By), f.Credential, f.Key}}}, nil
	})
	happens(ed, func(s *State, h Happened, b *PasskeyEnrolled) {
		s.changePasskey(b.Credential, h.Index, func(k *Passkey) { k.Person, k.Key = b.Person, b.Key })
	})
	does(ed, Act{
		Name: "RevokePasskey", Title: "Revoke a passkey", Help: "Ends a passkey, as of a lost device. Two secretaries do it together.",
		Who: []Capacity{Secretary}, TwoPersons: true, Rule: "practice", Refusals: []Code{"one-person-only", "unknown-credential"}, Causes: []string{"PasskeyRevoked"},
	}, func(s *State, c *Call, f *RevokePasskey) ([]Event, *Refusal) {
		e := PasskeyRevoked(*f)
		if k, ok := s.authenticity.passkeys.Get(f.Credential); !ok || k.Revoked {
			return nil, refuse("unknown-credential", "practice", f.Credential)
		}
		return []Event{{Body: &e}}, nil
	})
	happens(ed, func(s *State, h Happened, b *PasskeyRevoked) {
		s.changePasskey(b.Credential, h.Index, func(k *Passkey) { k.Revoked = true })
	})
	does(ed, Act{
		Name: "RevokeOffice", Title: "Revoke an office", Help: "Ends an office. Two secretaries do it together, and two secretaries remain.",
		Who: []Capacity{Secretary}, TwoPersons: true, Rule: "GA 30-31, 46-47", Refusals: []Code{"one-person-only", "no-such-office", "two-secretaries"}, Causes: []string{"OfficeRevoked"},
	}, func(s *State, c *Call, f *RevokeOffice) ([]Event, *Refusal) {
		if !s.Holds(f.Person, f.Capacity, f.For, c.At) {
			return nil, refuse("no-such-office", "GA 30-31", f.Person, f.Capacity)
		}
		if f.Capacity == Secretary && len(s.Holders(Secretary)) < 3 {
			return nil, refuse("two-secretaries", "doc/record.md 5")
		}
		e := OfficeRevoked(*f)
		return []Event{{Body: &e}}, nil
	})
	happens(ed, func(s *State, h Happened, b *OfficeRevoked) { s.revoke(b.Person, b.Capacity, b.For, h.Index) })
	does(ed, Act{
		Name: "NameOrigin", Title: "Name the origin", Help: "Says at which addresses people sign in. Two secretaries do it together.",
		Who: []Capacity{Secretary}, TwoPersons: true, Rule: "WebAuthn 5.1.3", Refusals: []Code{"one-person-only", "not-https"}, Causes: []string{"OriginNamed"},
	}, func(s *State, c *Call, f *NameOrigin) ([]Event, *Refusal) {
		for _, o := range f.Origins {
			host, ok := strings.CutPrefix(o, "https://")
			if !ok || host != f.Domain && !strings.HasSuffix(host, "."+f.Domain) {
				return nil, refuse("not-https", "WebAuthn 5.1.3", o)
			}
		}
		e := OriginNamed(*f)
		return []Event{{Body: &e}}, nil
	})
	happens(ed, func(s *State, h Happened, b *OriginNamed) { s.authenticity.origin = *b })
	partyKeys(ed)
}

func partyKeys(ed *edition) {
	does(ed, Act{
		Name: "DepositPartyKey", Title: "Deposit a party's key", Help: "Deposits your party's own first key; it countersigns those of its delegates.",
		Who: []Capacity{Head}, Rule: "practice: by note", Refusals: []Code{"key-deposited"}, Causes: []string{"PartyKeyDeposited"},
	}, func(s *State, c *Call, f *DepositPartyKey) ([]Event, *Refusal) {
		if s.authenticity.parties.Has(c.For) {
			return nil, refuse("key-deposited", "practice", c.For)
		}
		return []Event{{Body: &PartyKeyDeposited{PartyID(c.For), f.Key, f.Note}}}, nil
	})
	happens(ed, func(s *State, h Happened, b *PartyKeyDeposited) {
		s.authenticity.parties = s.authenticity.parties.Set(string(b.Party), b.Key)
	})
	does(ed, Act{
		Name: "CountersignKey", Title: "Countersign a key", Help: "Says that a passkey of your delegation is known to your party.",
		Who: []Capacity{Head}, Rule: "practice", Refusals: []Code{"unknown-credential", "not-this-party"}, Causes: []string{"KeyCountersigned"},
	}, func(s *State, c *Call, f *CountersignKey) ([]Event, *Refusal) {
		k, ok := s.authenticity.passkeys.Get(f.Credential)
		if !ok || k.Revoked {
			return nil, refuse("unknown-credential", "practice", f.Credential)
		}
		mine := slices.ContainsFunc([]Capacity{Head, Delegate, ObserverHead}, func(as Capacity) bool { return s.Holds(k.Person, as, PartyID(c.For), c.At) })
		if !mine || !s.authenticity.parties.Has(c.For) {
			return nil, refuse("not-this-party", "practice", c.For)
		}
		return []Event{{Body: &KeyCountersigned{f.Credential, PartyID(c.For)}}}, nil
	})
	happens(ed, func(s *State, h Happened, b *KeyCountersigned) {
		s.changePasskey(b.Credential, h.Index, func(k *Passkey) { k.Countersigned = b.Party })
	})
}
