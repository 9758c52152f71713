package main

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"

	"kurultai/cluster"
	"kurultai/conference"
	"kurultai/measure"
	"kurultai/record"
	"kurultai/record/canonical"
	"kurultai/record/etcd"
	"kurultai/record/etcd/faults"
	"kurultai/record/recordtest"
	"kurultai/secretariat"
	"kurultai/web"
)

// A faultsAsked is how a quorum is to be broken.
type faultsAsked struct {
	rounds  int
	seed    uint64
	kinds   string // between commas; "": all
	older   string // the program of an older build; "": there is none
	forgets bool
}

// benchFaults breaks a quorum of three nodes, each in a network namespace and on a disk of its own, in namespaces of its
// own: what it makes ends with it.
func benchFaults(ctx context.Context, asked faultsAsked, s streams) (*figures, error) {
	if os.Geteuid() != 0 {
		return nil, faults.ErrNeedsRoot
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	args := []string{"--net", "--mount", "--propagation", "private", self, "bench", "-rounds", fmt.Sprint(asked.rounds), "-seed", fmt.Sprint(asked.seed), "-kinds", asked.kinds, "-older", asked.older, "-faults-inside"}
	if asked.forgets {
		args = append(args, "-forgets")
	}
	rolled := "each ended and started, by the same program"
	if asked.older != "" {
		if rolled, err = otherBuild(ctx, asked.older, self); err != nil {
			return nil, err
		}
	}
	inside := exec.CommandContext(ctx, "unshare", args...)
	inside.Cancel = func() error { return inside.Process.Signal(syscall.SIGTERM) }
	inside.Stderr = s.talk
	out, err := inside.Output()
	if err != nil {
		return nil, fmt.Errorf("breaking the quorum: %w", err)
	}
	var found faults.Found
	if err := json.Unmarshal(out, &found); err != nil {
		return nil, err
	}
	f := &figures{what: "faults"}
	f.add("lost", float64(found.Lost), "appends", "acknowledged, and not at their place in each copy").atMost(0)
	f.add("duplicated", float64(found.Duplicated), "texts", "that stand twice").atMost(0)
	f.add("conflicting_checkpoints", float64(found.Conflicting), "notes", "given to authors and readers, and not of the record's tree").atMost(0)
	f.add("copies_apart", float64(found.Apart), "copies", "not like the first").atMost(0)
	f.add("edges_apart", float64(found.EdgesApart), "trees", "that edges give out or keep, and that are not the record's").atMost(0)
	f.add("readers_apart", float64(found.ReadersApart), "readers", "who did not see each index once, in order, or do not end with what all end with").atMost(0)
	f.add("sealed", float64(found.Sealed), "acts", "closed, that a node cannot open").atMost(0)
	f.add("acked", float64(found.Acked), "appends", "acknowledged to three authors").atLeast(1)
	f.add("competed", float64(found.Competed), "texts", "that two submitted at once, each at another node, under one key")
	f.add("unknown", float64(found.Unknown), "appends", "whose author was told nothing")
	f.add("readers", float64(found.Readers), "readers", fmt.Sprintf("of streams and pages at edges and nodes, who went to another %d times", found.Moved))
	f.add("restarts", float64(found.Ended), "times", "a node ended by itself, as etcd does on a full disk, and was started again")
	f.add("rounds", float64(asked.rounds), "faults", fmt.Sprintf("seed %d, %.0f s", asked.seed, found.Took.Seconds()))
	tabled(f, found, rolled)
	return f, nil
}

// otherBuild says to which program nodes are rolled, and that it is another than this one.
func otherBuild(ctx context.Context, older, self string) (string, error) {
	named, err := exec.CommandContext(ctx, older, "version").Output()
	if err != nil {
		return "", hinted{fmt.Errorf("asking %s which program it is: %w", older, err), "-older names the program of an older build"}
	}
	theirs, err := os.ReadFile(older)
	if err != nil {
		return "", err
	}
	ours, err := os.ReadFile(self)
	if err != nil {
		return "", err
	}
	if bytes.Equal(theirs, ours) {
		return "", hinted{fmt.Errorf("%s is this very program", older), "-older names the program of an older build"}
	}
	name, _, _ := strings.Cut(string(named), "\n")
	return fmt.Sprintf("to an older build, %s (SHA-256 %.6x), and back to this one (%.6x)", name, sha256.Sum256(theirs), sha256.Sum256(ours)), nil
}

// tabled adds how long nobody was answered, and how long some reader saw nothing new, a line a kind.
func tabled(f *figures, found faults.Found, rolled string) {
	var out strings.Builder
	table := tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "FAULT\tROUNDS\tNOBODY ANSWERED: MEDIAN\tWORST\tGOAL\tA READER SAW NOTHING: MEDIAN\tWORST\t")
	for _, kind := range slices.SortedFunc(maps.Keys(found.Silence), func(a, b string) int {
		return cmp.Or(slices.Index(faults.Kinds, a)-slices.Index(faults.Kinds, b), strings.Compare(a, b))
	}) {
		silent, blind := secondsOf(found.Silence[kind]), secondsOf(found.Blind[kind])
		first := len(f.list)
		f.add("silence_"+kind+"_s", measure.Median(silent), "s", "nobody was answered, the median")
		f.add("silence_"+kind+"_worst_s", slices.Max(silent), "s", "at worst")
		f.add("silence_"+kind+"_rounds", float64(len(silent)), "", "")
		f.add("blind_"+kind+"_s", measure.Median(blind), "s", "some reader saw nothing new, the median")
		f.add("blind_"+kind+"_worst_s", slices.Max(blind), "s", "at worst")
		goal, felt := "none: nobody is left", ""
		if of, ok := faultGoals[kind]; ok {
			f.list[first].atMost(of[0])
			f.list[first+1].atMost(of[1])
			if goal = fmt.Sprintf("%g s, %g s", of[0], of[1]); of == unfelt {
				goal = fmt.Sprintf("unfelt: %g s", of[0])
			}
			if f.list[first].missed() || f.list[first+1].missed() {
				felt = "missed"
			}
		}
		for i := range f.list[first:] {
			f.list[first+i].tabled = true
		}
		fmt.Fprintf(table, "%s\t%d\t%.1f s\t%.1f s\t%s\t%.1f s\t%.1f s\t%s\n", kind, len(silent), measure.Median(silent), slices.Max(silent), goal, measure.Median(blind), slices.Max(blind), felt)
	}
	table.Flush() // a Builder takes everything
	if found.Silence["rolling-all"] != nil {
		fmt.Fprintf(&out, "rolling-all: %s\n", rolled)
	}
	f.table = trailing.ReplaceAllString(out.String(), "")
}

var trailing = regexp.MustCompile(`(?m) +$`)

func secondsOf(list []time.Duration) (all []float64) {
	for _, d := range list {
		all = append(all, d.Seconds())
	}
	return all
}

// What authors may wait at most, in seconds, in the median and at worst.
var (
	writerLost = [2]float64{3, 6} // another has to take the pen up
	unfelt     = [2]float64{1, 1} // nobody loses the thread within a second (Nielsen, Usability Engineering, 1993, chapter 5)
)

// faultGoals are the goals of each kind. Where all are killed, without power, or but one lost for good, nobody is left to
// answer until they are started, and there is none.
var faultGoals = map[string][2]float64{
	"kill-leader": writerLost, "power-leader": writerLost, "stop-leader": writerLost, "cut-leader": writerLost, "one-way-leader": writerLost, "flapping-leader": writerLost,
	"full-leader": writerLost, "slow-leader": writerLost, "expired-leader": writerLost, "rolling-all": writerLost,
	"kill-follower": unfelt, "power-follower": unfelt, "stop-follower": unfelt, "cut-follower": unfelt, "full-follower": unfelt, "flip-follower": unfelt, "member-follower": unfelt, "expired-follower": unfelt,
	"clock-leader": unfelt, "clock-follower": unfelt, "delay-leader": unfelt, "loss-all": unfelt, "delay-all": unfelt, "kill-edge": unfelt, "cut-edge": unfelt,
}

// faultsInside is benchFaults in its namespaces. It prints what it found.
func faultsInside(ctx context.Context, asked faultsAsked, s streams) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	node := func(program string) []string { return []string{program, "bench", "-fault-node"} }
	c := faults.Config{Rounds: asked.rounds, Seed: asked.seed, Forgets: asked.forgets, Command: node(self), Talk: s.talk}
	if asked.kinds != "" {
		c.Kinds = strings.Split(asked.kinds, ",")
	}
	if asked.older != "" {
		c.Older = node(asked.older)
	}
	if !asked.forgets {
		c.Serves = &faults.Serving{Edge: []string{self, "edge"}, Remove: cluster.Leave, Certify: faultCertify, Sees: faultSeen, Restore: func(n faults.Spec) error {
			return cluster.Found(n.Dir, cluster.Founding{Name: n.Name, At: placeOf(n), Again: true})
		}, Sealed: func(n faults.Spec) (int, error) { return faultSealed(ctx, n) }}
	}
	found, err := faults.Run(ctx, c)
	if err != nil {
		return err
	}
	return json.NewEncoder(s.out).Encode(found)
}

// faultNode is one of the nodes that are broken.
func faultNode(ctx context.Context, spec string, io streams) error {
	var s faults.Spec
	if err := json.Unmarshal([]byte(spec), &s); err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGTERM)
	defer stop()
	if s.Serves {
		return faultServe(ctx, s, io)
	}
	return faults.Node(ctx, s)
}

// placeOf is where a node that is broken has its three ports.
func placeOf(s faults.Spec) string { return s.At + ":2379" }

// faultCertify gives a node that is broken a certificate, as kurultai cluster cert -renew and -take do.
func faultCertify(s faults.Spec, ends time.Time) error {
	file, err := cluster.CertifyFrom(s.Founder, s.Name, nil, true, ends.AddDate(-1, 0, 0)) // they live a year
	if err == nil && file != nil {
		err = cluster.Take(s.Dir, file)
	}
	return err
}

// faultSeen is why one node that is broken does not reach another, as kurultai cluster status says; "": it does.
func faultSeen(ctx context.Context, by faults.Spec, name string) (string, error) {
	ctx, stop := context.WithTimeout(ctx, 10*time.Second)
	defer stop()
	status, err := cluster.Ask(ctx, by.Dir)
	for _, m := range status.Members {
		if m.Name == name {
			return m.Why, err
		}
	}
	return "", errors.Join(err, fmt.Errorf("%s is no member", name))
}

// faultServe is one of the nodes that are broken, as kurultai serve is one, until ctx ends. One that finds its folder
// empty founds the record or joins.
func faultServe(ctx context.Context, s faults.Spec, talk streams) (err error) {
	wall = func() record.Instant {
		var off int64
		if b, err := os.ReadFile(s.Clock); err == nil {
			fmt.Sscan(string(b), &off)
		}
		return record.Instant(time.Now().UnixMilli() + off)
	}
	for !cluster.Is(s.Dir) {
		var err error
		if s.Founder == s.Dir {
			err = faultFound(ctx, s)
		} else {
			var file []byte
			if file, err = cluster.Certify(s.Founder, s.Name, []string{s.At}, false); err == nil {
				err = cluster.Join(ctx, s.Dir, placeOf(s), file)
			}
		}
		if err != nil {
			fmt.Printf("%s: %v\n", s.Name, err)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		secretariat.Pause(ctx, 300*time.Millisecond)
	}
	watched, talk, err := opsFlags{log: "text"}.start(ctx, talk)
	if err != nil {
		return err
	}
	defer watched.stop()
	h, err := openMember(ctx, s.Dir, s.Clock+".tripwire")
	if err != nil {
		return err
	}
	defer h.Close()
	h.ops = watched
	go h.member.Upkeep(ctx, h.marks.Covered)
	pages, err := startSite(ctx, talk, h, s.At+faults.PagesPort, web.Options{})
	if err != nil {
		return err
	}
	defer pages.stop()
	mux := http.NewServeMux()
	mux.HandleFunc("POST /append", func(w http.ResponseWriter, r *http.Request) {
		ctx, stop := context.WithTimeout(r.Context(), 3*time.Second)
		defer stop()
		text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<10))
		var receipt secretariat.Receipt
		if err == nil {
			if strings.HasSuffix(string(text), "0") {
				_, err = h.s.Do(ctx, faultNote(string(text)))
			}
			if err == nil {
				receipt, err = h.s.Do(ctx, faultPlace(string(text)))
			}
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		if receipt.Checkpoint.Size <= receipt.Index { // it was taken elsewhere, and is not here yet
			if receipt.Checkpoint, err = etcd.Newest(ctx, h.member.Engine().Client); err != nil || receipt.Checkpoint.Size <= receipt.Index {
				http.Error(w, "it is not known here yet", http.StatusServiceUnavailable)
				return
			}
		}
		json.NewEncoder(w).Encode(faults.Answer{Index: receipt.Index, Note: string(receipt.Checkpoint.Note)})
	})
	mux.HandleFunc("GET /size", func(w http.ResponseWriter, r *http.Request) {
		if !h.member.Voting() { // with two that vote, one that is broken is no minority
			http.Error(w, "it learns", http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(w, h.s.View().State().Size)
	})
	mux.HandleFunc("GET /leader", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, h.s.Leads()) })
	server, ended := &http.Server{Addr: s.At + faults.OwnPort, Handler: mux}, make(chan error, 1)
	go func() { ended <- server.ListenAndServe() }()
	defer server.Close()
	select {
	case <-ctx.Done():
		return nil
	case err := <-h.member.Err():
		return err
	case err := <-ended:
		return err
	}
}

// The secretaries of the record that is broken.
const faultOfficers = `[{"capacity":"Secretary","person":"00000000000000000000000000000001"},{"capacity":"Secretary","person":"00000000000000000000000000000002"}]`

// faultFound founds the record that is broken, and its cluster.
func faultFound(ctx context.Context, s faults.Spec) error {
	if !isRecord(s.Dir) {
		if err := os.MkdirAll(filepath.Join(s.Dir, "keys"), 0o700); err != nil {
			return err
		}
		if err := writeSynced(logKeyPath(s.Dir), []byte(recordtest.Key().Private()+"\n")); err != nil {
			return err
		}
		h, err := openUnwatched(ctx, s.Dir)
		if err != nil {
			return err
		}
		_, err = h.s.Do(ctx, faultAct("FoundBody", `{"id":"test","languages":["en"],"names":[["en","Conference of Lakes"]],"offices":`+faultOfficers+`,"seat":"hall","zone":"Etc/UTC"}`))
		if err := errors.Join(err, h.Close()); err != nil {
			return err
		}
	}
	return cluster.Found(s.Dir, cluster.Founding{Name: s.Name, At: placeOf(s)})
}

// faultAct is an act of a secretary; its key is its fields' digest, so that whoever submits it again gets the first receipt.
func faultAct(name, fields string) *secretariat.Act {
	v, err := canonical.Parse(fields)
	if err != nil {
		panic(err) // it is made of constants and numbers
	}
	key := sha256.Sum256([]byte(fields))
	return &secretariat.Act{Submitted: record.Submitted{As: string(conference.Secretary), By: "00000000000000000000000000000001", Fields: v, Key: canonical.EncodeBytes(key[:16]), Name: name, Origin: recordtest.Key().Origin()}}
}

// faultPlace names a place by an author's text.
func faultPlace(text string) *secretariat.Act {
	b := canonical.AppendString([]byte(`{"names":[["en",`), text)
	b = canonical.AppendString(append(b, `]],"place":`...), faultID(text))
	return faultAct("NamePlace", string(append(b, `,"type":"hall"}`...)))
}

// faultNote is a closed act, whose opening needs a key of its own.
func faultNote(text string) *secretariat.Act {
	b := canonical.AppendString([]byte(`{"note":`), faultID(text))
	b = canonical.AppendString(append(b, `,"text":`...), text)
	return faultAct("FileNote", string(append(b, '}')))
}

func faultID(text string) string { return strings.NewReplacer(" ", "-", ",", "").Replace(text) }

// faultSealed is how many closed acts a node cannot open.
func faultSealed(ctx context.Context, s faults.Spec) (sealed int, err error) {
	h, err := openToRead(s.Dir)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, h.Close()) }()
	head, err := h.engine.Head(ctx)
	if err != nil {
		return 0, err
	}
	rows := 0
	for _, err := range h.engine.Rows(ctx, 0) {
		if err != nil {
			return 0, err
		}
		rows++
	}
	fit, err := secretariat.CheckOpenings(ctx, h.engine, h.keys, head.Size)
	if rows == 0 && err == nil {
		err = errors.New("no closed act was taken, so nothing is shown of them")
	}
	return rows - int(fit), err
}
