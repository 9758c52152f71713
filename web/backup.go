package web

import (
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"kurultai/conference"
	"kurultai/language"
)

// A Backup is the record in one file, about to be sent.
type Backup interface {
	io.WriterTo
	Size() int64 // in bytes
	Close() error
}

// BackupPage is where an officer takes the record along, as one file.
type BackupPage struct{ Layout }

// backupAt is the address of that page, or "" where there is none.
func (s *site) backupAt(l *language.Language) string {
	if s.Backup == nil {
		return ""
	}
	return "/" + l.Code + "/backup"
}

// mayTake says why somebody may not take the record along. Officers of the secretariat may: they see what is in it but
// what is sealed, and that stays sealed.
func (s *site) mayTake(v *turn) error {
	switch {
	case s.Backup == nil:
		return errNotFound
	case !v.in:
		return tell(http.StatusUnauthorized, "page.signin")
	case !v.view.State().Holds(v.Person, conference.Secretary, "", s.Desk.Now()):
		return tell(http.StatusForbidden, "desk.officers")
	}
	return nil
}

func (s *site) backupPage(v *turn) error {
	if len(v.parts) > 1 {
		return errNotFound
	}
	if err := s.mayTake(v); err != nil {
		return err
	}
	st := v.view.State()
	p := BackupPage{s.own(v, "desk.backup")}
	p.Lead = v.lang.Say("desk.backuplead", number(v.lang, st.Size), s.moment(v, st.Last))
	return s.show(v, "backup", p)
}

// takeBackup sends the file. One is packed at a time, for each takes as much room as the record meanwhile.
func (s *site) takeBackup(v *turn) error {
	if err := s.mayTake(v); err != nil {
		return err
	}
	if !s.packing.TryLock() {
		v.w.Header().Set("Retry-After", "60")
		return tell(http.StatusTooManyRequests, "page.toomany")
	}
	defer s.packing.Unlock()
	b, err := s.Backup(v.r.Context())
	if err != nil {
		return err
	}
	defer b.Close()
	h := v.w.Header()
	h.Set("Content-Type", "application/x-tar")
	h.Set("Content-Length", strconv.FormatInt(b.Size(), 10))
	h.Set("Content-Disposition", fmt.Sprintf(`attachment; filename="%s-%d.backup"`, fileName(v.view.Origin()), v.view.State().Size))
	n, err := b.WriteTo(v.w)
	s.audit(v.r, "a backup was taken", v.Person, "bytes", n, "whole", err == nil)
	if err != nil {
		panic(http.ErrAbortHandler) // the reader sees that it is not whole
	}
	return nil
}

// fileName is an origin as part of a file's name.
func fileName(origin string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '.' || r == '-' {
			return r
		}
		return '-'
	}, origin)
}
