package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"kurultai/record/etcd/faults"
)

// benchFaults breaks a quorum of three nodes, each in a network namespace and on a disk of its own, in namespaces of its
// own: what it makes ends with it.
func benchFaults(ctx context.Context, rounds int, seed uint64, kinds string, forgets bool, io streams) (*figures, error) {
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
	inside.Stderr = io.talk
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
func faultsInside(ctx context.Context, rounds int, seed uint64, kinds string, forgets bool, io streams) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	var list []string
	if kinds != "" {
		list = strings.Split(kinds, ",")
	}
	found, err := faults.Run(ctx, faults.Config{Rounds: rounds, Seed: seed, Kinds: list, Forgets: forgets, Command: []string{self, "bench", "-fault-node"}, Talk: io.talk})
	if err != nil {
		return err
	}
	return json.NewEncoder(io.out).Encode(found)
}

// faultNode is one of the nodes that are broken.
func faultNode(ctx context.Context, spec string) error {
	var s faults.Spec
	if err := json.Unmarshal([]byte(spec), &s); err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGTERM)
	defer stop()
	return faults.Node(ctx, s)
}
