package cluster

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"kurultai/record/etcd"
)

var quiet = slog.New(slog.NewTextHandler(io.Discard, nil))

// A Status says how a cluster is, as one member sees it.
type Status struct {
	Asked   string         `json:"asked"`            // the member that says so
	Writer  string         `json:"writer,omitempty"` // who may write now
	Size    int64          `json:"size"`             // entries that are published
	Quorum  bool           `json:"quorum"`           // a majority answers
	Members []MemberStatus `json:"members"`          // by name
}

// A MemberStatus says how one member is.
type MemberStatus struct {
	Name     string    `json:"name"`               // "" where it was added and has not been started
	At       string    `json:"at"`                 // HOST:PORT
	Voting   bool      `json:"voting"`             // else it learns
	Reached  bool      `json:"reached"`            // it answered; else what follows Why is not known
	Why      string    `json:"why,omitempty"`      // it was not reached
	Starting bool      `json:"starting,omitempty"` // it waits for a majority; what etcd and files are like is not known yet
	Leads    bool      `json:"leads"`              // etcd
	Size     int64     `json:"size"`               // entries of its copy
	Held     int64     `json:"held"`               // of these, what a power cut leaves
	Lag      int64     `json:"lag"`                // entries that its copy lacks
	Complete bool      `json:"complete"`           // its copy has all files too
	Database int64     `json:"database"`           // of etcd, in bytes
	Used     int64     `json:"used"`               // of that, in bytes
	Quota    int64     `json:"quota"`              // for that, in bytes
	Disk     float64   `json:"disk"`               // the part of the disk that is used
	Ends     time.Time `json:"ends"`               // its certificate
	Alarms   []string  `json:"alarms,omitempty"`   // what somebody should see to
}

const (
	quotaAlarm       = 0.5
	diskAlarm        = 0.9
	certificateAlarm = 30 * 24 * time.Hour
)

// myself says how this member is.
func (m *Member) myself(ctx context.Context) MemberStatus {
	s := MemberStatus{Name: m.config.Name, At: m.place.String(), Reached: true, Ends: m.pair.ends(), Complete: m.complete.Load()}
	if head, err := m.copied.Head(ctx); err == nil {
		s.Size = head.Size
	} else {
		s.Alarms = append(s.Alarms, "its copy cannot be read: "+err.Error())
	}
	if held, err := m.copied.Hold(ctx); err == nil {
		s.Held = held
	} else {
		s.Alarms = append(s.Alarms, "its copy cannot be made durable: "+err.Error())
	}
	if node := m.node.Load(); node != nil {
		s.Voting, s.Leads = node.Voting(), node.Leads()
		s.Database, s.Used, s.Quota = node.Database()
		if part := float64(s.Used) / float64(s.Quota); part >= quotaAlarm {
			s.Alarms = append(s.Alarms, fmt.Sprintf("etcd's database uses %.0f %% of its quota: do all members answer, and do witnesses cosign?", 100*part))
		}
		for _, a := range node.Alarms() {
			s.Alarms = append(s.Alarms, etcdAlarm(a))
		}
	} else {
		s.Starting = true
		s.Alarms = append(s.Alarms, "it is starting, and waits until a majority of the members is up")
	}
	var disk syscall.Statfs_t
	if err := syscall.Statfs(m.dir, &disk); err == nil && disk.Blocks > 0 {
		s.Disk = 1 - float64(disk.Bavail)/float64(disk.Blocks)
		if s.Disk >= diskAlarm {
			s.Alarms = append(s.Alarms, fmt.Sprintf("its disk is %.0f %% full: a full disk ends etcd", 100*s.Disk))
		}
	}
	switch left := time.Until(s.Ends); {
	case left <= 0:
		s.Alarms = append(s.Alarms, "its certificate has expired: kurultai cluster cert -renew "+s.Name)
	case left < certificateAlarm:
		s.Alarms = append(s.Alarms, fmt.Sprintf("its certificate ends on %s: kurultai cluster cert -renew %s", s.Ends.UTC().Format(time.DateOnly), s.Name))
	}
	return s
}

func etcdAlarm(kind string) string {
	switch kind {
	case "NOSPACE":
		return "etcd's quota is used up, so nothing is written until groups are trimmed"
	case "CORRUPT":
		return "etcd says that a member does not hold what the others hold: stop this member, let it leave, join with a new folder"
	}
	return "etcd: " + kind
}

func (m *Member) serveOwn(w http.ResponseWriter, r *http.Request) { tell(w, m.myself(r.Context())) }

func (m *Member) serveStatus(w http.ResponseWriter, r *http.Request) {
	s, err := m.Status(r.Context())
	if err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	tell(w, s)
}

// own asks a member how it is.
func (m *Member) own(ctx context.Context, p place) (s MemberStatus, err error) {
	if p == m.place {
		return m.myself(ctx), nil
	}
	ctx, stop := context.WithTimeout(ctx, m.answersIn())
	defer stop()
	err = put(ctx, m.client, p.own()+"/cluster/own", nil, &s)
	return s, err
}

// answersIn is how long a member is waited for.
func (m *Member) answersIn() time.Duration {
	if m.config.Distant {
		return 6 * time.Second
	}
	return 2 * time.Second
}

// Status asks all members how they are. It answers where there is no majority too.
func (m *Member) Status(ctx context.Context) (Status, error) {
	s := Status{Asked: m.Name()}
	type known struct {
		name   string
		place  place
		voting bool
	}
	var list []known
	if node := m.node.Load(); node != nil {
		for _, l := range node.Members() {
			p, err := parsePeer(l.Peer)
			if err != nil {
				return s, err
			}
			list = append(list, known{l.Name, p, l.Voting})
		}
	} else {
		for _, name := range slices.Sorted(maps.Keys(m.config.Members)) {
			p, err := parsePlace(m.config.Members[name])
			if err != nil {
				return s, err
			}
			list = append(list, known{name, p, true})
		}
	}
	slices.SortFunc(list, func(a, b known) int {
		return cmp.Or(strings.Compare(a.name, b.name), strings.Compare(a.place.String(), b.place.String()))
	})
	s.Members = make([]MemberStatus, len(list))
	var wait sync.WaitGroup
	for i, k := range list {
		wait.Go(func() {
			one, err := m.own(ctx, k.place)
			if err != nil {
				one = MemberStatus{Why: certificateTrouble(err)}
				if one.Why == "" {
					one.Why = err.Error()
				}
			}
			one.Name, one.At, one.Voting = k.name, k.place.String(), k.voting
			s.Members[i] = one
		})
	}
	wait.Go(func() {
		asking, stop := context.WithTimeout(ctx, m.answersIn())
		defer stop()
		node := m.node.Load()
		if node == nil {
			return
		}
		head, err := etcd.Newest(asking, node.Client)
		if s.Quorum = err == nil; err == nil {
			s.Size = head.Size
			o, _ := m.Leader(asking)
			s.Writer = o.Name
		}
	})
	wait.Wait()
	for _, one := range s.Members {
		s.Size = max(s.Size, one.Size)
	}
	for i := range s.Members {
		if s.Members[i].Reached {
			s.Members[i].Lag = s.Size - s.Members[i].Size
		}
	}
	return s, ctx.Err()
}

// Ask asks the member in dir, or, where it is down, the others that it knew, how their cluster is.
func Ask(ctx context.Context, dir string) (s Status, err error) {
	c, err := readConfig(dir)
	if err != nil {
		return s, err
	}
	err = ask(ctx, dir, map[string]string{c.Name: c.At}, "", "/cluster/status", nil, &s)
	others := maps.Clone(c.Members)
	delete(others, c.Name)
	if err == nil || len(others) == 0 {
		return s, err
	}
	if othersErr := ask(ctx, dir, others, "", "/cluster/status", nil, &s); errors.Is(othersErr, errRemoved) {
		return s, othersErr
	} else if othersErr != nil {
		return s, errors.Join(err, othersErr)
	}
	return s, nil
}
