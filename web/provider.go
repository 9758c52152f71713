package web

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync/atomic"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"kurultai/conference"
	"kurultai/language"
	"kurultai/record"
	"kurultai/record/canonical"
)

// A Provider vouches for people (OpenID Connect Core 1.0): the authorization code flow with PKCE (RFC 7636), state and
// nonce. It attests no act: those take a passkey.
type Provider struct {
	Issuer string // https address; http on loopback alone
	Client string // id under which this site is known there
	Secret string

	known atomic.Pointer[provider] // what the issuer says of itself, once it was reached
}

type provider struct {
	endpoint oauth2.Endpoint
	verifier *oidc.IDTokenVerifier
}

// An attempt is one sign-in under way at the provider.
type attempt struct{ state, nonce, verifier, lang, redirect string }

// patience is how long a provider may take to answer.
const patience = 10 * time.Second

// discover asks the issuer what it is, once. No lock is held meanwhile: two who ask at once both ask.
func (p *Provider) discover() (*provider, error) {
	if known := p.known.Load(); known != nil {
		return known, nil
	}
	// The provider's keys are fetched later, in nobody's request.
	ctx := oidc.ClientContext(context.Background(), &http.Client{Timeout: patience})
	found, err := oidc.NewProvider(ctx, p.Issuer)
	if err != nil {
		return nil, fmt.Errorf("asking the provider what it is: %w", err)
	}
	known := &provider{found.Endpoint(), found.VerifierContext(ctx, &oidc.Config{ClientID: p.Client, SupportedSigningAlgs: []string{oidc.RS256, oidc.ES256, oidc.EdDSA}})}
	p.known.Store(known)
	return known, nil
}

func (p *Provider) config(known *provider, redirect string) *oauth2.Config {
	return &oauth2.Config{ClientID: p.Client, ClientSecret: p.Secret, Endpoint: known.endpoint, RedirectURL: redirect, Scopes: []string{oidc.ScopeOpenID}}
}

// check verifies a token: signature, issuer, audience and expiry (the library's), and the nonce (ours to do). It
// returns the account.
func (p *provider) check(ctx context.Context, raw, nonce string) (string, error) {
	t, err := p.verifier.Verify(ctx, raw)
	if err != nil {
		return "", err
	}
	if nonce == "" || subtle.ConstantTimeCompare([]byte(t.Nonce), []byte(nonce)) == 0 {
		return "", errors.New("the token answers another attempt")
	}
	return accountOf(t.Issuer, t.Subject), nil
}

// toProvider leads to the provider: by a link, for a form that ends elsewhere is stopped by form-action 'self'.
func (s *site) toProvider(v *turn) error {
	v.w.Header().Set("Referrer-Policy", "no-referrer")
	if s.Provider == nil {
		return errNotFound
	}
	if _, _, err := s.relyingParty(v); err != nil {
		return err
	}
	one := ceremony{kind: "provider"}
	if len(v.parts) == 2 {
		l, err := s.link(v, v.parts[1])
		if err != nil {
			s.failures.allow(s.address(v.r))
			return err
		}
		one.person, one.link = l.Person, v.parts[1]
	}
	known, err := s.Provider.discover()
	if err != nil {
		s.log().Error("provider", "error", err)
		return tell(http.StatusBadGateway, "signin.away")
	}
	one.provider = attempt{rand.Text(), rand.Text(), oauth2.GenerateVerifier(), v.lang.Code, s.here(v.r) + "/provider/callback"}
	s.begin(v, one, 10*time.Minute)
	at := s.Provider.config(known, one.provider.redirect).AuthCodeURL(one.provider.state, oidc.Nonce(one.provider.nonce), oauth2.S256ChallengeOption(one.provider.verifier))
	http.Redirect(v.w, v.r, at, http.StatusSeeOther)
	return nil
}

// fromProvider is where the provider sends the browser back to.
func (s *site) fromProvider(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Referrer-Policy", "no-referrer") // the address holds the code
	v := &turn{w: w, r: r, view: s.record.View(), lang: s.preferred(r), parts: []string{"signin"}}
	from := s.address(r)
	err := tell(http.StatusTooManyRequests, "page.toomany")
	if !s.failures.spent(from) {
		if err = s.vouched(v); err != nil {
			s.failures.allow(from)
			s.audit(r, "sign-in refused", "")
		}
	}
	if err != nil {
		s.fail(w, r, err)
	}
}

// vouched opens a session for whom the provider vouches, or enrols the account of who came by a link.
func (s *site) vouched(v *turn) error {
	one, err := s.finish(v, "provider")
	if err != nil {
		return err
	}
	if l, ok := language.Get(one.provider.lang); ok {
		v.lang = l
	}
	q := v.r.URL.Query()
	if subtle.ConstantTimeCompare([]byte(one.provider.state), []byte(q.Get("state"))) == 0 {
		return tell(http.StatusForbidden, "signin.refused")
	}
	account, err := s.account(v.r.Context(), one.provider, q.Get("code"))
	if err != nil {
		s.log().Info("provider refused", "error", err)
		return tell(http.StatusForbidden, "signin.refused")
	}
	in, err := s.whose(v, one, account)
	if err != nil {
		return err
	}
	s.signInWith(v.w, v.r, in)
	if one.link != "" {
		return v.to("me") // where one sees what was enrolled
	}
	return v.to(s.workplace(v, in.Person))
}

// account changes the code for a token and reads whose it is. It talks to the provider and holds nothing meanwhile.
func (s *site) account(ctx context.Context, a attempt, code string) (string, error) {
	known, err := s.Provider.discover()
	if err != nil {
		return "", err
	}
	ctx = oidc.ClientContext(ctx, &http.Client{Timeout: patience})
	tokens, err := s.Provider.config(known, a.redirect).Exchange(ctx, code, oauth2.VerifierOption(a.verifier))
	if err != nil {
		var answer *oauth2.RetrieveError
		if errors.As(err, &answer) {
			return "", errors.New("the provider takes no such code: " + answer.ErrorCode)
		}
		return "", err
	}
	raw, _ := tokens.Extra("id_token").(string)
	return known.check(ctx, raw, a.nonce)
}

// whose finds the person of an account, or gives the account to whom the link was made for.
func (s *site) whose(v *turn, one ceremony, account string) (session, error) {
	if one.link != "" {
		return s.enrolAccount(v, one, account)
	}
	for _, a := range v.view.State().Accounts() {
		if text, ok := s.opened(v.r.Context(), a.Account); ok && text == account {
			return session{Person: a.Person, Account: string(a.Account)}, nil
		}
	}
	return session{}, tell(http.StatusForbidden, "signin.unknownaccount")
}

func (s *site) enrolAccount(v *turn, one ceremony, account string) (session, error) {
	if _, err := s.link(v, one.link); err != nil {
		return session{}, err
	}
	salt, err := record.NewSalt(rand.Reader)
	if err != nil {
		return session{}, err
	}
	d := record.Disclose(salt, "account", canonical.Value{Kind: canonical.String, Str: account})
	a := s.act(v, one.person, conference.Myself, "EnrolAccount", conference.EnrolAccount{Link: one.link, Account: record.Sealed{Digest: d.Digest()}})
	a.Disclosures = []record.Disclosure{d}
	if _, err := s.do(v.r.Context(), a); err != nil {
		return session{}, err
	}
	s.audit(v.r, "account enrolled", one.person)
	s.fresh.drop(one.person)
	return session{Person: one.person, Account: string(d.Digest())}, nil
}

// accountStands reports whether an account is still enrolled for a person.
func accountStands(st *conference.State, p conference.PersonID, account string) bool {
	return slices.ContainsFunc(st.Accounts(), func(a conference.Account) bool { return a.Person == p && string(a.Account) == account })
}
