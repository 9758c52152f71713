package main

import (
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
	"slices"
	"strings"
	"syscall"
	"time"

	"kurultai/cluster"
	"kurultai/conference"
	"kurultai/record"
	"kurultai/record/canonical"
	"kurultai/record/etcd"
	"kurultai/record/etcd/faults"
	"kurultai/record/recordtest"
	"kurultai/secretariat"
)

// benchFaults breaks a quorum of three nodes, each in a network namespace and on a disk of its own, in namespaces of its
// own: what it makes ends with it.
func benchFaults(ctx context.Context, rounds int, seed uint64, kinds string, forgets bool, s streams) (*figures, error) {
	if os.Geteuid() != 0 {
		return nil, faults.ErrNeedsRoot
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	args := []string{"--net", "--mount", "--propagation", "private", self, "bench", "-rounds", fmt.Sprint(rounds), "-seed", fmt.Sprint(seed), "-faults-inside"}
	if forgets {
		args = append(args, "-forgets")
	}
	if kinds != "" {
		args = append(args, "-kinds", kinds)
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
	f.add("conflicting_checkpoints", float64(found.Conflicting), "notes", "given out, and not of the record's tree").atMost(0)
	f.add("copies_apart", float64(found.Apart), "copies", "not like the first").atMost(0)
	f.add("sealed", float64(found.Sealed), "acts", "closed, that a node cannot open").atMost(0)
	f.add("acked", float64(found.Acked), "appends", "acknowledged to three authors").atLeast(1)
	f.add("unknown", float64(found.Unknown), "appends", "whose author was told nothing")
	f.add("restarts", float64(found.Ended), "times", "a node ended by itself, as etcd does on a full disk, and was started again")
	f.add("rounds", float64(rounds), "faults", fmt.Sprintf("seed %d, %.0f s", seed, found.Took.Seconds()))
	for _, kind := range slices.Sorted(maps.Keys(found.Silence)) {
		list := found.Silence[kind]
		slices.Sort(list)
		g := f.add("silence_"+kind+"_s", list[len(list)/2].Seconds(), "s", fmt.Sprintf("nobody was answered, the median of %d; at worst %.1f s", len(list), list[len(list)-1].Seconds()))
		if kind == "kill-leader" {
			g.atMost(3)
		}
	}
	return f, nil
}

// faultsInside is benchFaults in its namespaces. It prints what it found.
func faultsInside(ctx context.Context, rounds int, seed uint64, kinds string, forgets bool, s streams) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	c := faults.Config{Rounds: rounds, Seed: seed, Forgets: forgets, Command: []string{self, "bench", "-fault-node"}, Talk: s.talk}
	if kinds != "" {
		c.Kinds = strings.Split(kinds, ",")
	}
	if !forgets {
		c.Serves = &faults.Serving{Remove: cluster.Leave, Certify: faultCertify, Restore: func(n faults.Spec) error {
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
func faultNode(ctx context.Context, spec string) error {
	var s faults.Spec
	if err := json.Unmarshal([]byte(spec), &s); err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGTERM)
	defer stop()
	if s.Serves {
		return faultServe(ctx, s)
	}
	return faults.Node(ctx, s)
}

// placeOf is where a node that is broken has its three ports.
func placeOf(s faults.Spec) string { return s.At + ":2379" }

// faultCertify gives a node that is broken a certificate, with the authority of the node that began the cluster.
func faultCertify(s faults.Spec, from time.Time) error {
	authority := func(dir string) string { return filepath.Join(dir, "cluster", "ca.key") }
	if s.Dir != s.Founder {
		b, err := os.ReadFile(authority(s.Founder))
		if err == nil {
			err = os.WriteFile(authority(s.Dir), b, 0o600)
		}
		if err != nil {
			return err
		}
	}
	_, err := cluster.CertifyFrom(s.Dir, s.Name, nil, true, from)
	return err
}

// faultServe is one of the nodes that are broken, as kurultai serve is one, until ctx ends. One that finds its folder
// empty founds the record or joins.
func faultServe(ctx context.Context, s faults.Spec) error {
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
	h, err := openMember(ctx, s.Dir, s.Clock+".tripwire")
	if err != nil {
		return err
	}
	defer h.Close()
	go h.member.Upkeep(ctx, h.marks.Covered)
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
