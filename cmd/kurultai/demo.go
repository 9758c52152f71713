package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	stdio "io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"kurultai/conference"
	"kurultai/language"
	"kurultai/paper"
	"kurultai/secretariat"
	"kurultai/story"
	"kurultai/web"
)

func demoCommand() command {
	d := demo{}
	return command{
		usage: `usage: kurultai demo [flags]

Plays a meeting act by act, tells it as a communiqué, proves it, and serves its page meanwhile.
"baku" and "xviii" hold what press reports tell of two real meetings, and nothing else; "training" is a body of
invented states; "treaty" is the same body in earlier years, and the whole life of its founding agreement;
"drafting" is one draft of that body, from a delegation's pen through brackets and translations to a resolution;
"undertakings" is what its decisions obliged whom to do by when, and what came of it;
"registry" is its sealed notes of a summer: what is decided of them, and what is not seen.

  -story NAME   baku (as it is without this flag), xviii, training, treaty, drafting, undertakings or registry
  -lang L       language of the communiqué: az de en ka kk ky ru tr uz (en)
  -pace P       time between two acts, as 300ms; 0: at once (400ms)
  -once         end when all is told and proven, with exit code 0
  -data DIR     keep the record in DIR; a record there already is shown, not played again
  -addr A       address of the page (localhost:8080); a free port is taken if that one is not free

example: kurultai demo -lang de -pace 0 -once
`,
		flags: func(f *flag.FlagSet) {
			f.StringVar(&d.story, "story", "baku", "")
			f.StringVar(&d.lang, "lang", "en", "")
			f.DurationVar(&d.pace, "pace", 400*time.Millisecond, "")
			f.BoolVar(&d.once, "once", false, "")
			f.StringVar(&d.dir, "data", "", "")
			f.StringVar(&d.addr, "addr", "localhost:8080", "")
		},
		run: func(ctx context.Context, io streams, args []string) error {
			if len(args) > 0 {
				return errUsage{"there is nothing to say behind the flags"}
			}
			return d.run(ctx, io)
		},
	}
}

type demo struct {
	story, lang, dir, addr string
	pace                   time.Duration
	once                   bool
}

func (d *demo) run(ctx context.Context, io streams) error {
	l, ok := language.Get(d.lang)
	if !ok {
		return errUsage{fmt.Sprintf("no language is called %q: az de en ka kk ky ru tr uz", d.lang)}
	}
	b, ok := story.Shipped(d.story)
	if !ok {
		return errUsage{fmt.Sprintf("no story is called %q: %s", d.story, strings.Join(story.Names(), ", "))}
	}
	lines, err := story.Parse(strings.NewReader(string(b)))
	if err != nil {
		return err
	}
	if d.dir == "" {
		if d.dir, err = os.MkdirTemp("", "kurultai-"); err != nil {
			return err
		}
		defer os.RemoveAll(d.dir)
		d.dir = filepath.Join(d.dir, "record")
	}
	founded, h, err := foundOrOpen(ctx, d.dir, "", lines)
	if err != nil {
		return err
	}
	defer h.Close()
	beside, demo, err := d.beside(ctx, io)
	if err != nil {
		return err
	}
	defer beside()
	site, err := startSite(ctx, io, h, d.addr, web.Options{Demo: demo})
	if err != nil {
		return err
	}
	defer site.stop()
	if !founded && h.s.View().State().Size > 0 {
		fmt.Fprintf(io.talk, "%s holds a record already: it is shown, not played again\n", d.dir)
	} else if err := d.play(ctx, io, h, lines, l); err != nil {
		return err
	}
	if err := tellAll(h.s.View(), l, io); err != nil {
		return err
	}
	if err := prove(ctx, io, h); err != nil {
		return err
	}
	if d.once {
		return nil
	}
	if err := h.nameOrigin(ctx, site.url); err != nil {
		return err
	}
	fmt.Fprintf(io.talk, "the page stays on %s until you press Ctrl-C\n", site.url)
	<-ctx.Done()
	return nil
}

// beside plays the other of Baku and the training body into a temporary folder and serves it on a port of its own, for
// the start page to lead to. Where the demonstration ends by itself there is none.
func (d *demo) beside(ctx context.Context, io streams) (stop func(), start *web.Demo, err error) {
	other, ok := map[string]string{"baku": "training", "training": "baku"}[d.story]
	if !ok || d.once {
		return func() {}, nil, nil
	}
	b, _ := story.Shipped(other)
	lines, err := story.Parse(bytes.NewReader(b))
	if err != nil {
		return nil, nil, err
	}
	dir, err := os.MkdirTemp("", "kurultai-")
	if err != nil {
		return nil, nil, err
	}
	_, h, err := foundOrOpen(ctx, filepath.Join(dir, "record"), "", lines)
	if err != nil {
		return nil, nil, errors.Join(err, os.RemoveAll(dir))
	}
	stop = func() { h.Close(); os.RemoveAll(dir) }
	err = story.Play(ctx, h.s, h.log.Origin(), lines, wall, rand.Reader, nil, func(story.Played) {})
	if err != nil {
		stop()
		return nil, nil, err
	}
	s, err := startSite(ctx, streams{out: io.out, talk: stdio.Discard}, h, "localhost:0", web.Options{})
	if err != nil {
		stop()
		return nil, nil, err
	}
	if err := h.nameOrigin(ctx, s.url); err != nil {
		s.stop()
		stop()
		return nil, nil, err
	}
	start = &web.Demo{Baku: s.url}
	if other == "training" {
		start = &web.Demo{Training: s.url}
	}
	return func() { s.stop(); stop() }, start, nil
}

// play plays the story at its pace, a line an act.
func (d *demo) play(ctx context.Context, io streams, h *house, lines []story.Line, l *language.Language) error {
	var before func() error
	if d.pace > 0 {
		before = func() error {
			select {
			case <-time.After(d.pace):
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		}
	}
	w := newShow(l)
	return story.Play(ctx, h.s, h.log.Origin(), lines, wall, rand.Reader, before, func(p story.Played) {
		fmt.Fprintln(io.out, w.tell(p))
	})
}

// tellAll prints the communiqué of each meeting of the record.
func tellAll(v *secretariat.View, l *language.Language, io streams) error {
	for _, m := range v.State().Meetings() {
		c, err := paper.Communique(v, m.MeetingConvened.Meeting, l)
		if err != nil {
			return err
		}
		fmt.Fprintf(io.out, "\n%s\n", c.Text())
	}
	return nil
}

// prove checks the record as anybody may and says what came of it.
func prove(ctx context.Context, io streams, h *house) error {
	f, err := verifyHouse(ctx, h)
	if err != nil {
		return err
	}
	fmt.Fprintf(io.out, "\n%s\n", f)
	return nil
}

// meetingNamed finds the meeting to tell: the one named, or the newest.
func meetingNamed(s *conference.State, name string) (conference.MeetingID, error) {
	meetings := s.Meetings()
	if len(meetings) == 0 {
		return "", errors.New("the record holds no meeting")
	}
	var ids []string
	for _, m := range meetings {
		id := m.MeetingConvened.Meeting
		if string(id) == name {
			return id, nil
		}
		ids = append(ids, string(id))
	}
	if name != "" {
		return "", hinted{fmt.Errorf("no meeting is called %q", name), "there are: " + strings.Join(ids, ", ")}
	}
	return meetings[len(meetings)-1].MeetingConvened.Meeting, nil
}
