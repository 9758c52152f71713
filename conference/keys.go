package conference

import (
	"regexp"
	"slices"
	"strings"

	"kurultai/record"
	"kurultai/record/canonical"
)

// keysState is passkeys of persons, keys of parties, how both were enrolled, and where people sign in.
type keysState struct {
	passkeys  Ordered[string, Passkey]  // by credential
	held      Ordered[string, string]   // person/credential: the passkeys of each
	partyKeys Ordered[string, PartyKey] // by credential
	parties   Ordered[string, string]   // by party: the credential of its key
	links     Ordered[string, EnrolmentLink]
	sent      Ordered[string, string]  // person/link: the links made for each
	accounts  Ordered[string, Account] // by digest
	origin    OriginNamed
}

// A Passkey is a person's (WebAuthn Level 3).
type Passkey struct {
	Credential    string
	Person        PersonID
	Key           string  // an uncompressed point of P-256, base64url
	Countersigned PartyID // the party that knows it; "": enrolled by the secretariat alone
	Revoked       bool
	Enrolled      int64 // entry that enrolled it
	Index         int64 // entry that changed it last
}

// A PartyKey is a party's own.
type PartyKey struct {
	Credential string
	Party      PartyID
	Key        string        // an uncompressed point of P-256, base64url
	Note       record.Digest // of the note that carried it
	Revoked    bool          // another was deposited in its place
	Index      int64         // entry that changed it last
}

// An EnrolmentLink is what a person enrols its first device with. The record holds the digest of what is in it.
type EnrolmentLink struct {
	Link   record.Digest // SHA-256 of the 32 bytes of the token
	Person PersonID
	Until  record.Instant
	Used   int64 // entry that used it; 0: none
	Index  int64 // entry that changed it last
}

// Open reports whether a link can still be used at a time.
func (l EnrolmentLink) Open(at record.Instant) bool { return l.Used == 0 && at < l.Until }

// An Account is a person's with a provider (OpenID Connect): issuer and subject, sealed.
type Account struct {
	Person  PersonID
	Account record.Digest
	Index   int64 // entry that enrolled it
}

// MaxLinkLife is how long a link of enrolment may live, in days.
const MaxLinkLife = 30

// Passkeys lists a person's passkeys in order of credential, those that are revoked too.
func (s *State) Passkeys(p PersonID) (list []Passkey) {
	for _, id := range ownedBy(s.authenticity.held, string(p)) {
		if k := s.authenticity.passkeys.At(id); k.Person == p {
			list = append(list, k)
		}
	}
	return list
}

// Passkey finds a passkey by its credential.
func (s *State) Passkey(credential string) (Passkey, bool) {
	return s.authenticity.passkeys.Get(credential)
}

// PartyKeyOf finds the key of a party that is in force.
func (s *State) PartyKeyOf(p PartyID) (PartyKey, bool) {
	return s.authenticity.partyKeys.Get(s.authenticity.parties.At(string(p)))
}

// EnrolmentLink finds a link by the digest of its token.
func (s *State) EnrolmentLink(link record.Digest) (EnrolmentLink, bool) {
	return s.authenticity.links.Get(string(link))
}

// EnrolmentLinks lists the links made for a person in order of entry: at most the last can still be open.
func (s *State) EnrolmentLinks(p PersonID) (list []EnrolmentLink) {
	for _, id := range ownedBy(s.authenticity.sent, string(p)) {
		if l := s.authenticity.links.At(id); l.Person == p {
			list = append(list, l)
		}
	}
	slices.SortFunc(list, func(a, b EnrolmentLink) int { return int(a.Index - b.Index) })
	return list
}

// Accounts lists the accounts people sign in with, in order of digest.
func (s *State) Accounts() (list []Account) {
	for _, a := range s.authenticity.accounts.All() {
		list = append(list, a)
	}
	return list
}

// SignInAt is where people sign in; its Domain is "" until an origin is named.
func (s *State) SignInAt() OriginNamed { return s.authenticity.origin }

type (
	// InviteToEnrol makes a link with which a person enrols a device or an account. An earlier one ends.
	InviteToEnrol struct {
		Person PersonID       `json:"person" jsonschema:"who is registered, or holds an office"`
		Link   record.Digest  `json:"link" jsonschema:"SHA-256 of the 32 random bytes that the link carries"`
		Until  record.Instant `json:"until" jsonschema:"when it ends, at most 30 days from now"`
	}
	// EnrolmentInvited is what InviteToEnrol causes.
	EnrolmentInvited InviteToEnrol
	// EnrolPasskey enrols a passkey of your own.
	EnrolPasskey struct {
		Credential string `json:"credential" jsonschema:"credential id, base64url"`
		Key        string `json:"key" jsonschema:"its public key: an uncompressed point of P-256, 65 bytes, base64url"`
		Link       string `json:"link,omitempty" jsonschema:"the 32 bytes of the link, base64url; without, a passkey you have attests the act"`
	}
	// PasskeyEnrolled is what EnrolPasskey causes.
	PasskeyEnrolled struct {
		Person     PersonID      `json:"person"`
		Credential string        `json:"credential"`
		Key        string        `json:"key"`
		Link       record.Digest `json:"link,omitempty"`
	}
	// EnrolAccount enrols an account of your own with a provider.
	EnrolAccount struct {
		Link    string        `json:"link" jsonschema:"the 32 bytes of the link, base64url"`
		Account record.Sealed `json:"account" jsonschema:"issuer and subject, sealed"`
	}
	// AccountEnrolled is what EnrolAccount causes.
	AccountEnrolled struct {
		Person  PersonID      `json:"person"`
		Account record.Sealed `json:"account"`
		Link    record.Digest `json:"link"`
	}
	// RevokeAccount ends an account.
	RevokeAccount struct {
		Account record.Digest `json:"account" jsonschema:"digest under which it was enrolled"`
		Why     Term          `json:"why" jsonschema:"lost, left, compromised"`
	}
	// AccountRevoked is what RevokeAccount causes.
	AccountRevoked RevokeAccount
	// RevokePasskey ends a passkey, as of a lost device, or the key of a party that lost it.
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
		Credential string        `json:"credential" jsonschema:"credential id, base64url"`
		Key        string        `json:"key" jsonschema:"its public key: an uncompressed point of P-256, 65 bytes, base64url"`
		Note       record.Digest `json:"note" jsonschema:"SHA-256 of the note that carried it"`
	}
	// ReplacePartyKey deposits a key in place of the one deposited, which attests the act.
	ReplacePartyKey DepositPartyKey
	// PartyKeyDeposited is what DepositPartyKey and ReplacePartyKey cause; a key before it is revoked.
	PartyKeyDeposited struct {
		Party      PartyID       `json:"party"`
		Credential string        `json:"credential"`
		Key        string        `json:"key"`
		Note       record.Digest `json:"note"`
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
	s.authenticity.held = s.authenticity.held.Set(string(k.Person)+"/"+id, id)
}

// forgetKeys ends what a forgotten person signed in with.
func (s *State) forgetKeys(p PersonID, index int64) {
	for _, k := range s.Passkeys(p) {
		s.changePasskey(k.Credential, index, func(k *Passkey) { k.Revoked = true })
	}
	for _, a := range s.Accounts() {
		if a.Person == p {
			s.authenticity.accounts = s.authenticity.accounts.Delete(string(a.Account))
		}
	}
	s.endLinks(p, 0, index)
}

// endLinks ends the links a person has not used.
func (s *State) endLinks(p PersonID, at record.Instant, index int64) {
	for _, l := range s.EnrolmentLinks(p) {
		if l.Open(at) {
			l.Until, l.Index = at, index
			s.authenticity.links = s.authenticity.links.Set(string(l.Link), l)
		}
	}
}

// maxCredential is the largest length of a credential id in bytes (WebAuthn Level 3 section 4).
const maxCredential = 1023

// newKey refuses a credential that is none or is taken, and a key that is no point.
func (s *State) newKey(credential, key string) *Refusal {
	if b, err := canonical.DecodeBytes(credential); err != nil || len(b) > maxCredential {
		return refuse("malformed", "WebAuthn 4", "credential")
	}
	if s.authenticity.passkeys.Has(credential) || s.authenticity.partyKeys.Has(credential) {
		return refuse("id-taken", "WebAuthn 7.1", credential)
	}
	if _, err := publicKey(key); err != nil {
		return refuse("bad-key", "SEC 1 2.3.4", credential)
	}
	return nil
}

// follow finds the link a person came by, or says why it opens nothing.
func (s *State) follow(c *Call, token string) (record.Digest, *Refusal) {
	b, _ := canonical.DecodeBytes(token)
	l, ok := s.EnrolmentLink(record.DigestOf(b))
	switch {
	case !ok || len(b) != 32 || l.Person != PersonID(c.By):
		return "", refuse("link-unknown", "doc/record.md 5")
	case l.Used > 0:
		return "", refuse("link-used", "doc/record.md 5", l.Used)
	case !l.Open(c.At):
		return "", refuse("link-expired", "doc/record.md 5", l.Until)
	}
	return l.Link, nil
}

func (s *State) linkUsed(link record.Digest, index int64) {
	if link != "" {
		l := s.authenticity.links.At(string(link))
		l.Used, l.Index = index, index
		s.authenticity.links = s.authenticity.links.Set(string(link), l)
	}
}

func keys(ed *edition) {
	enrolment(ed)
	accounts(ed)
	ed.thing("passkey", func(s *State, id string) (int64, bool) { k, ok := s.authenticity.passkeys.Get(id); return k.Index, ok })
	does(ed, Act{
		Name: "RevokePasskey", Title: "Revoke a passkey", Help: "Ends a passkey, as of a lost device: a person its own, or two secretaries together, who also end the key of a party that lost it.",
		Who: []Capacity{Secretary, Myself}, TwoPersons: true, Attested: true, Rule: "practice", Refusals: []Code{"one-person-only", "unknown-credential"}, Causes: []string{"PasskeyRevoked"},
	}, func(s *State, c *Call, f *RevokePasskey) ([]Event, *Refusal) {
		e := PasskeyRevoked(*f)
		if k, ok := s.authenticity.partyKeys.Get(f.Credential); ok && !k.Revoked && c.As == string(Secretary) {
			return []Event{{Body: &e}}, nil
		}
		if k, ok := s.authenticity.passkeys.Get(f.Credential); !ok || k.Revoked || !mayEnd(c, k.Person) {
			return nil, refuse("unknown-credential", "practice", f.Credential)
		}
		return []Event{{Body: &e}}, nil
	})
	happens(ed, func(s *State, h Happened, b *PasskeyRevoked) {
		if k, ok := s.authenticity.partyKeys.Get(b.Credential); ok { // its head deposits another as the first was
			k.Revoked, k.Index = true, h.Index
			s.authenticity.partyKeys = s.authenticity.partyKeys.Set(k.Credential, k)
			s.authenticity.parties = s.authenticity.parties.Delete(string(k.Party))
			return
		}
		s.changePasskey(b.Credential, h.Index, func(k *Passkey) { k.Revoked = true })
	})
	does(ed, Act{
		Name: "RevokeOffice", Title: "Revoke an office", Help: "Ends an office. Two secretaries do it together, and two secretaries remain.",
		Who: []Capacity{Secretary}, TwoPersons: true, Attested: true, Rule: "GA 30-31, 46-47", Refusals: []Code{"one-person-only", "no-such-office", "two-secretaries"}, Causes: []string{"OfficeRevoked"},
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
		Name: "NameOrigin", Title: "Name the origin", Help: "Says at which addresses people sign in. Two secretaries do it together; each has a passkey or a link to enrol one, for from then on acts of consequence are attested.",
		Who: []Capacity{Secretary}, TwoPersons: true, Attested: true, Rule: "WebAuthn 5.1.3", Refusals: []Code{"one-person-only", "not-https", "no-way-in"}, Causes: []string{"OriginNamed"},
	}, func(s *State, c *Call, f *NameOrigin) ([]Event, *Refusal) {
		_, story := record.StoryBody(c.Origin)
		if len(f.Origins) == 0 || !domainName.MatchString(f.Domain) {
			return nil, refuse("not-https", "WebAuthn 5.1.3", f.Domain)
		}
		for _, o := range f.Origins {
			if !signInAddress(o, f.Domain, story) {
				return nil, refuse("not-https", "WebAuthn 5.1.3", o)
			}
		}
		for _, p := range []string{c.By, c.With[0].By} {
			if !story && !s.canEnter(PersonID(p), c.At) {
				return nil, refuse("no-way-in", "doc/record.md 5", p)
			}
		}
		e := OriginNamed(*f)
		return []Event{{Body: &e}}, nil
	})
	happens(ed, func(s *State, h Happened, b *OriginNamed) { s.authenticity.origin = *b })
	partyKeys(ed)
	nodes(ed)
}

// mayEnd reports whether who acts may end a key of a person: as an officer, or as the person.
func mayEnd(c *Call, of PersonID) bool { return c.As != string(Myself) || c.By == string(of) }

// canEnter reports whether a person has a passkey, or a link to enrol one.
func (s *State) canEnter(p PersonID, at record.Instant) bool {
	return slices.ContainsFunc(s.Passkeys(p), func(k Passkey) bool { return !k.Revoked }) ||
		slices.ContainsFunc(s.EnrolmentLinks(p), func(l EnrolmentLink) bool { return l.Open(at) })
}

var (
	domainName = regexp.MustCompile(`^[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63}){0,9}$`)
	portNumber = regexp.MustCompile(`^(:[1-9][0-9]{0,4})?$`)
)

// signInAddress reports whether an origin (RFC 6454) is of the domain or below it: by https, and in a story's record
// by http on the machine itself too.
func signInAddress(origin, domain string, story bool) bool {
	if port, ok := strings.CutPrefix(origin, "http://localhost"); ok {
		return story && domain == "localhost" && portNumber.MatchString(port)
	}
	host, ok := strings.CutPrefix(origin, "https://")
	name, _, _ := strings.Cut(host, ":")
	return ok && domainName.MatchString(name) && portNumber.MatchString(host[len(name):]) && (name == domain || strings.HasSuffix(name, "."+domain))
}

func enrolment(ed *edition) {
	does(ed, Act{
		Name: "InviteToEnrol", Title: "Invite to enrol", Help: "Makes a link with which a person enrols a device or an account, once. An earlier one that was not used ends.",
		Who: []Capacity{Secretary}, Attested: true, Rule: "doc/record.md 5", Refusals: []Code{"unknown-person", "forgotten", "link-taken", "link-expired", "link-too-long"}, Causes: []string{"EnrolmentInvited"}, Timed: true,
	}, func(s *State, c *Call, f *InviteToEnrol) ([]Event, *Refusal) {
		if r := s.somebody(f.Person, c.At); r != nil {
			return nil, r
		}
		switch {
		case s.authenticity.links.Has(string(f.Link)):
			return nil, refuse("link-taken", "doc/record.md 5")
		case f.Until <= c.At:
			return nil, refuse("link-expired", "doc/record.md 5", f.Until)
		case f.Until > c.At.AddHours(24*MaxLinkLife):
			return nil, refuse("link-too-long", "doc/record.md 5", MaxLinkLife)
		}
		e := EnrolmentInvited(*f)
		return []Event{{Body: &e}}, nil
	})
	happens(ed, func(s *State, h Happened, b *EnrolmentInvited) {
		s.endLinks(b.Person, h.At, h.Index)
		s.authenticity.links = s.authenticity.links.Set(string(b.Link), EnrolmentLink{Link: b.Link, Person: b.Person, Until: b.Until, Index: h.Index})
		s.authenticity.sent = s.authenticity.sent.Set(string(b.Person)+"/"+string(b.Link), string(b.Link))
	})
	does(ed, Act{
		Name: "EnrolPasskey", Title: "Enrol a passkey", Help: "Enrols a passkey of your own: the first by a link, a further one attested by one you have.",
		Who: []Capacity{Myself}, Rule: "WebAuthn 7.1", Refusals: []Code{"link-unknown", "link-used", "link-expired", "bad-key", "id-taken"}, Causes: []string{"PasskeyEnrolled"}, Timed: true,
	}, func(s *State, c *Call, f *EnrolPasskey) ([]Event, *Refusal) {
		var link record.Digest
		if f.Link != "" {
			var r *Refusal
			if link, r = s.follow(c, f.Link); r != nil {
				return nil, r
			}
		}
		if r := s.newKey(f.Credential, f.Key); r != nil {
			return nil, r
		}
		return []Event{{Body: &PasskeyEnrolled{PersonID(c.By), f.Credential, f.Key, link}}}, nil
	})
	happens(ed, func(s *State, h Happened, b *PasskeyEnrolled) {
		s.changePasskey(b.Credential, h.Index, func(k *Passkey) {
			k.Credential, k.Person, k.Key, k.Enrolled = b.Credential, b.Person, b.Key, h.Index
		})
		s.linkUsed(b.Link, h.Index)
	})
}

func accounts(ed *edition) {
	does(ed, Act{
		Name: "EnrolAccount", Title: "Enrol an account", Help: "Enrols by a link an account of your own with the body's provider (OpenID Connect).",
		Who: []Capacity{Myself}, Rule: "doc/record.md 5", Refusals: []Code{"link-unknown", "link-used", "link-expired"}, Causes: []string{"AccountEnrolled"}, Timed: true,
		Sealed: map[string]string{"account": OfAuthor},
	}, func(s *State, c *Call, f *EnrolAccount) ([]Event, *Refusal) {
		link, r := s.follow(c, f.Link)
		return []Event{{Body: &AccountEnrolled{PersonID(c.By), f.Account, link}}}, r
	})
	happens(ed, func(s *State, h Happened, b *AccountEnrolled) {
		s.authenticity.accounts = s.authenticity.accounts.Set(string(b.Account.Digest), Account{b.Person, b.Account.Digest, h.Index})
		s.linkUsed(b.Link, h.Index)
	})
	does(ed, Act{
		Name: "RevokeAccount", Title: "Revoke an account", Help: "Ends an account people sign in with: a person its own, or two secretaries together.",
		Who: []Capacity{Secretary, Myself}, TwoPersons: true, Attested: true, Rule: "practice", Refusals: []Code{"one-person-only", "unknown-account"}, Causes: []string{"AccountRevoked"},
	}, func(s *State, c *Call, f *RevokeAccount) ([]Event, *Refusal) {
		if a, ok := s.authenticity.accounts.Get(string(f.Account)); !ok || !mayEnd(c, a.Person) {
			return nil, refuse("unknown-account", "practice")
		}
		e := AccountRevoked(*f)
		return []Event{{Body: &e}}, nil
	})
	happens(ed, func(s *State, h Happened, b *AccountRevoked) {
		s.authenticity.accounts = s.authenticity.accounts.Delete(string(b.Account))
	})
}

func partyKeys(ed *edition) {
	does(ed, Act{
		Name: "DepositPartyKey", Title: "Deposit a party's key", Help: "Deposits your party's own first key; it countersigns those of its delegates.",
		Who: []Capacity{Head}, Attested: true, Rule: "practice: by note", Refusals: []Code{"key-deposited", "bad-key", "id-taken"}, Causes: []string{"PartyKeyDeposited"},
	}, func(s *State, c *Call, f *DepositPartyKey) ([]Event, *Refusal) {
		if s.authenticity.parties.Has(c.For) {
			return nil, refuse("key-deposited", "practice", c.For)
		}
		return []Event{{Body: &PartyKeyDeposited{PartyID(c.For), f.Credential, f.Key, f.Note}}}, s.newKey(f.Credential, f.Key)
	})
	does(ed, Act{
		Name: "ReplacePartyKey", Title: "Replace a party's key", Help: "Deposits a key in place of your party's, which attests the act and ends with it.",
		Who: []Capacity{Head}, Attested: true, PartyKey: true, Rule: "practice: by note", Refusals: []Code{"no-party-key", "bad-key", "id-taken"}, Causes: []string{"PartyKeyDeposited"},
	}, func(s *State, c *Call, f *ReplacePartyKey) ([]Event, *Refusal) {
		if !s.authenticity.parties.Has(c.For) {
			return nil, refuse("no-party-key", "practice", c.For)
		}
		return []Event{{Body: &PartyKeyDeposited{PartyID(c.For), f.Credential, f.Key, f.Note}}}, s.newKey(f.Credential, f.Key)
	})
	happens(ed, func(s *State, h Happened, b *PartyKeyDeposited) {
		if old, ok := s.PartyKeyOf(b.Party); ok {
			old.Revoked, old.Index = true, h.Index
			s.authenticity.partyKeys = s.authenticity.partyKeys.Set(old.Credential, old)
		}
		s.authenticity.partyKeys = s.authenticity.partyKeys.Set(b.Credential, PartyKey{b.Credential, b.Party, b.Key, b.Note, false, h.Index})
		s.authenticity.parties = s.authenticity.parties.Set(string(b.Party), b.Credential)
	})
	does(ed, Act{
		Name: "CountersignKey", Title: "Countersign a key", Help: "Says, attested by your party's key, that a passkey of your delegation is known to your party.",
		Who: []Capacity{Head}, Attested: true, PartyKey: true, Rule: "practice", Refusals: []Code{"unknown-credential", "not-this-party"}, Causes: []string{"KeyCountersigned"},
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
