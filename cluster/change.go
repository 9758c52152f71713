package cluster

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	"go.etcd.io/etcd/client/v3/concurrency"

	"kurultai/record/etcd"
	"kurultai/record/sqlite"
)

const (
	changeKey = "r/change" // is held while the members change
	addedKey  = "r/added/" // has, by HOST:PORT, the name of who was last added there
)

// alone runs a change while no other runs, on any member.
func (m *Member) alone(ctx context.Context, key string, change func(context.Context) error) error {
	client := m.node.Load().Client
	asking, stop := context.WithTimeout(ctx, 2*m.answersIn())
	defer stop()
	lease, err := client.Grant(asking, int64(patience/time.Second))
	if err != nil {
		return noMajority(err)
	}
	s, err := concurrency.NewSession(client, concurrency.WithLease(lease.ID), concurrency.WithContext(ctx))
	if err != nil {
		return noMajority(err)
	}
	defer s.Close()
	mutex := concurrency.NewMutex(s, key)
	if err := mutex.TryLock(asking); err != nil {
		if errors.Is(err, concurrency.ErrLocked) {
			return refusal("another change of the members is going on", "wait until kurultai cluster status shows it done")
		}
		return noMajority(err)
	}
	defer mutex.Unlock(context.WithoutCancel(ctx))
	return change(ctx)
}

func noMajority(err error) error {
	return &Refusal{fmt.Sprintf("no majority of the members answers: %v", err), "start the members that are down; where they are lost for good: kurultai cluster init -force on the fullest copy", true}
}

// errStarting is of a member that does not know the others yet.
func (m *Member) errStarting() error {
	return &Refusal{m.config.Name + " is starting, or waits for a majority", "ask again in a moment", true}
}

// A joining is what a node asks for that wants to be a member; its name is in its certificate.
type joining struct {
	At string `json:"at"` // HOST:PORT
}

// A joined says what it needs to start.
type joined struct {
	Members map[string]string `json:"members"` // all, the new one too
	Distant bool              `json:"distant"`
	Quota   int64             `json:"quota"`
	Keys    map[string][]byte `json:"keys"` // files of DIR/keys, by name
}

// patience is how long a change of the members may take.
const patience = 30 * time.Second

// question reads what is asked.
func question[Q any](w http.ResponseWriter, r *http.Request) (q Q, err error) {
	b, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<10))
	if err == nil {
		err = json.Unmarshal(b, &q)
	}
	return q, err
}

func (m *Member) serveJoin(w http.ResponseWriter, r *http.Request) {
	asked, err := question[joining](w, r)
	var p place
	if err == nil {
		p, err = parsePlace(asked.At)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	node := m.node.Load()
	if node == nil {
		refuse(w, m.errStarting())
		return
	}
	name := bearer(r)
	if err := m.out(r.TLS.PeerCertificates[0]); err != nil {
		refuse(w, refusal(err.Error(), "kurultai cluster cert makes a new file, where the clocks agree"))
		return
	}
	if err := r.TLS.PeerCertificates[0].VerifyHostname(p.host); err != nil {
		refuse(w, refusal(fmt.Sprintf("the certificate of %s does not name %s", name, p.host), "kurultai cluster cert with this HOST"))
		return
	}
	ctx, stop := context.WithTimeout(r.Context(), patience)
	defer stop()
	var answer joined
	err = m.alone(ctx, changeKey, func(ctx context.Context) error {
		if err := m.add(ctx, node, name, p); err != nil {
			return err
		}
		answer = joined{Members: m.known(), Distant: m.config.Distant, Quota: m.config.Quota}
		answer.Members[name] = p.String()
		answer.Keys, err = keys(m.dir)
		return err
	})
	if err != nil {
		refuse(w, err)
		return
	}
	m.log.Info("a member was added, and learns", "name", name, "at", p.String())
	tell(w, answer)
}

// add makes a node a learner. One that asks again before it was started is one already.
func (m *Member) add(ctx context.Context, node *etcd.Node, name string, p place) error {
	list, err := node.Client.MemberList(ctx)
	if err != nil {
		return noMajority(err)
	}
	for _, l := range list.Members {
		at, err := parsePeer(l.PeerURLs[0])
		if err != nil {
			return err
		}
		switch {
		case at == p && l.Name == "" && l.IsLearner:
			r, err := node.Client.Get(ctx, addedKey+p.String())
			if err != nil {
				return noMajority(err)
			}
			if len(r.Kvs) > 0 && string(r.Kvs[0].Value) != name {
				return refusal(fmt.Sprintf("%s was added at %s and has not been started", r.Kvs[0].Value, p), "name another HOST:PORT for "+name+", once "+string(r.Kvs[0].Value)+" votes; or take that one out: kurultai cluster leave "+p.String())
			}
			return nil
		case at == p:
			return refusal(fmt.Sprintf("%s is at %s already", l.Name, p), "name another address, or let that member leave first")
		case l.Name == name:
			return refusal(name+" is a member already", "give the new node another name, or let that member leave first")
		case l.IsLearner:
			if l.Name == "" {
				return refusal("a node at "+at.String()+" was added and has not been started: one joins at a time", "start it, or take it out: kurultai cluster leave "+at.String())
			}
			return refusal(l.Name+" is still learning: one joins at a time", "wait until kurultai cluster status shows that it votes, or take it out: kurultai cluster leave "+l.Name)
		}
	}
	if len(list.Members) >= maxMembers {
		return refusal(fmt.Sprintf("there are %d members", len(list.Members)), "three or five are enough; readers are served by edges")
	}
	if _, err := node.Client.Put(ctx, addedKey+p.String(), name); err != nil { // until it is started etcd knows its address alone
		return noMajority(err)
	}
	err = whenSeen(ctx, func() error { _, err := node.Client.MemberAddAsLearner(ctx, []string{p.peer()}); return err })
	if errors.Is(err, rpctypes.ErrUnhealthy) {
		return refusal("not all members answer, and none is added before they do", "kurultai cluster status says which; one that is dead for good: kurultai cluster leave NAME")
	}
	return err
}

// whenSeen makes a change of the members as soon as etcd lets it: it wants to have seen members for five seconds.
func whenSeen(ctx context.Context, change func() error) error {
	for end := time.Now().Add(8 * time.Second); ; {
		err := change()
		if !errors.Is(err, rpctypes.ErrUnhealthy) || time.Now().After(end) {
			return err
		}
		select {
		case <-time.After(250 * time.Millisecond):
		case <-ctx.Done():
			return err
		}
	}
}

// keys are the files of DIR/keys that every member has: the key that signs the record, and what signs people in. The keys
// of persons are not among them.
func keys(dir string) (map[string][]byte, error) {
	files := map[string][]byte{}
	list, err := os.ReadDir(filepath.Join(dir, "keys"))
	if err != nil {
		return nil, err
	}
	for _, f := range list {
		if !f.Type().IsRegular() || !isKeyFile(f.Name()) {
			continue
		}
		b, err := os.ReadFile(filepath.Join(dir, "keys", f.Name()))
		if err != nil {
			return nil, err
		}
		files[f.Name()] = b
	}
	return files, nil
}

// isKeyFile reports whether a file of DIR/keys is every member's. The keys of persons, in subjects, and the terms in which
// they were drawn, in subjects.terms, are each member's own.
func isKeyFile(name string) bool {
	return filepath.Base(name) == name && !strings.HasPrefix(name, ".") && !strings.HasPrefix(name, "subjects")
}

// Join asks a running member to add this node, which will keep its copy in dir, a new folder, and writes there what it
// needs to start.
func Join(ctx context.Context, dir, at string, file []byte) error {
	t, err := parseTicket(file)
	if err != nil {
		return err
	}
	p, err := parsePlace(at)
	if err != nil {
		return refusal(err.Error(), "three ports from PORT on are used")
	}
	if list, err := os.ReadDir(dir); err == nil && len(list) > 0 {
		return refusal(dir+" is not empty", "a member begins with a new folder: its copy comes from the others")
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.MkdirAll(folder(dir), 0o700); err != nil {
		return fmt.Errorf("making %s: %w", folder(dir), err)
	}
	err = join(ctx, dir, t, p)
	if err != nil {
		return errors.Join(err, os.RemoveAll(folder(dir)), os.RemoveAll(filepath.Join(dir, "keys")))
	}
	return nil
}

func join(ctx context.Context, dir string, t ticket, p place) error {
	if err := errors.Join(sqlite.Replace(caPath(dir), []byte(t.CA)), sqlite.Replace(pairPath(dir), []byte(t.Pair))); err != nil {
		return err
	}
	var answer joined
	if err := ask(ctx, dir, t.Members, "", "/cluster/join", joining{p.String()}, &answer); err != nil {
		return err
	}
	c := config{Cluster: t.Cluster, Name: t.Name, At: p.String(), Members: answer.Members, Joining: true, Distant: answer.Distant, Quota: answer.Quota}
	if err := c.check(); err != nil {
		return fmt.Errorf("what the member answered: %w", err)
	}
	if err := os.MkdirAll(filepath.Join(dir, "keys"), 0o700); err != nil {
		return err
	}
	for name, b := range answer.Keys {
		if !isKeyFile(name) {
			return fmt.Errorf("what the member answered: a key file called %.60q", name)
		}
		if err := sqlite.Replace(filepath.Join(dir, "keys", name), b); err != nil {
			return err
		}
	}
	return c.write(dir)
}

// ask posts to the first of some members that answers, under the certificate in dir; the one called last is asked last.
// asked nil: it gets.
func ask(ctx context.Context, dir string, members map[string]string, last, path string, asked, answer any) error {
	pair, err := openPair(caPath(dir), pairPath(dir), quiet)
	if err != nil {
		return err
	}
	c := pair.client(true)
	defer c.CloseIdleConnections()
	var errs []error
	var refused *Refusal
	names := slices.Sorted(maps.Keys(members))
	if i := slices.Index(names, last); i >= 0 {
		names = append(slices.Delete(names, i, i+1), last)
	}
	for _, name := range names {
		p, err := parsePlace(members[name])
		if err != nil {
			return err
		}
		err = put(ctx, c, p.own()+path, asked, answer)
		if err == nil {
			return nil
		}
		if errors.As(err, &refused) {
			if !refused.Elsewhere {
				return refused
			}
			continue
		}
		why := certificateTrouble(err)
		if why == "" {
			why = err.Error()
		}
		errs = append(errs, fmt.Errorf("%s at %s: %s", name, p, why))
	}
	if refused != nil {
		return refused
	}
	return refusal("no member answers: "+errors.Join(errs...).Error(), "start one; kurultai cluster status says how they are")
}

// put posts asked as JSON, or gets where it is nil, and reads the answer.
func put(ctx context.Context, c *http.Client, url string, asked, answer any) error {
	method, body := http.MethodGet, []byte(nil)
	if asked != nil {
		var err error
		if body, err = json.Marshal(asked); err != nil {
			return err
		}
		method = http.MethodPost
	}
	r, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	response, err := c.Do(r)
	if err != nil {
		return err
	}
	return hear(response, answer)
}

// A leaving says which member is to be removed.
type leaving struct {
	Name string `json:"name"` // or HOST:PORT of one that has not been started
}

func (m *Member) serveLeave(w http.ResponseWriter, r *http.Request) {
	asked, err := question[leaving](w, r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	node := m.node.Load()
	if node == nil {
		refuse(w, m.errStarting())
		return
	}
	ctx, stop := context.WithTimeout(r.Context(), patience)
	defer stop()
	if err := m.alone(ctx, changeKey, func(ctx context.Context) error { return m.remove(ctx, node, asked.Name) }); err != nil {
		refuse(w, err)
		return
	}
	m.log.Info("a member was removed", "name", asked.Name)
	tell(w, struct{}{})
}

// remove takes a member out, where the rest has a majority of its own, or it is dead.
func (m *Member) remove(ctx context.Context, node *etcd.Node, whom string) error {
	list, err := node.Client.MemberList(ctx)
	if err != nil {
		return noMajority(err)
	}
	var id uint64
	var name string
	learns, rest, up := false, 0, 0
	var silent []string
	for _, l := range list.Members {
		p, err := parsePeer(l.PeerURLs[0])
		if err != nil {
			return err
		}
		if l.Name == whom || p.String() == whom {
			id, name, learns = l.ID, l.Name, l.IsLearner
			continue
		}
		if l.IsLearner {
			continue
		}
		rest++
		if _, err := m.own(ctx, p); err == nil {
			up++
		} else {
			silent = append(silent, l.Name)
		}
	}
	switch {
	case id == 0 && isName(whom): // perhaps it left, and this could not be written down
		return errors.Join(m.markGone(ctx, node, whom), refusal(whom+" is no member; what was certified to it until now counts no more", "kurultai cluster status names the members"))
	case id == 0:
		return refusal(fmt.Sprintf("%.60q is no member", whom), "kurultai cluster status names them")
	case !learns && rest == 0:
		return refusal(whom+" is the last member that votes", "stop it and move DIR/cluster and DIR/keys/subjects.terms away: its copy is the record of one machine again")
	case !learns && up < rest/2+1:
		return refusal(fmt.Sprintf("without %s, %d of %d members would answer, and that is no majority: %v are silent", whom, up, rest, silent), "start those, or take them out first, where they are dead")
	}
	err = whenSeen(ctx, func() error { _, err := node.Client.MemberRemove(ctx, id); return err })
	if errors.Is(err, rpctypes.ErrUnhealthy) {
		return refusal("too few members have been up for some seconds", "kurultai cluster status says which; ask again")
	}
	if err != nil || name == "" {
		return err
	}
	return m.markGone(ctx, node, name)
}

// Leave removes the member called name, "" the one in dir, from its cluster. Any member that runs is asked; a member that
// cannot be reached any more is removed so too.
func Leave(ctx context.Context, dir, name string) error {
	c, err := readConfig(dir)
	if err != nil {
		return err
	}
	if c.Left {
		return refusal(c.Name+" has left its cluster", "nothing is to be done")
	}
	if name == "" {
		name = c.Name
	}
	var nothing struct{}
	if err := ask(ctx, dir, c.Members, name, "/cluster/leave", leaving{name}, &nothing); err != nil {
		return err
	}
	if name == c.Name {
		c.Left = true
	} else {
		delete(c.Members, name) // the member that runs here sees it in a moment too
	}
	return c.write(dir)
}

// remember keeps cluster.json as the members are now, so that commands find them.
func (m *Member) remember() error {
	now := m.known()
	c, err := readConfig(m.dir)
	gone := *m.gone.Load()
	if err != nil || c.Left || maps.Equal(now, c.Members) && maps.Equal(gone, c.Gone) || now[c.Name] == "" {
		return err
	}
	c.Members, c.Gone = now, gone
	return c.write(m.dir)
}
