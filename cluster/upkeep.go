package cluster

import (
	"context"
	"errors"
	"math"
	"slices"
	"time"

	"go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"

	"kurultai/record/etcd"
)

const (
	// margin is how many entries stay in etcd where no witness says that more than the members have seen them.
	margin = 1024
	// blobsAgain is how often a member looks whether it has all files.
	blobsAgain = time.Hour
	// longest is how long one step of upkeep may take.
	longest = time.Minute
)

// Upkeep keeps the cluster in order until ctx ends; every member runs it. The one that leads etcd promotes a learner that
// has caught up, trims from etcd what every voting member holds and a cosigned checkpoint covers, compacts, and gives room
// back to the disks, one member at a time. Each member fetches files that it lacks, and says what somebody should see to.
// cosigned is the size of the newest checkpoint that enough witnesses have cosigned; it is nil or negative where none are
// named, and some entries stay in etcd then.
func (m *Member) Upkeep(ctx context.Context, cosigned func() int64) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	defer context.AfterFunc(m.ctx, stop)()
	if cosigned == nil {
		cosigned = func() int64 { return -1 }
	}
	tick := time.NewTicker(m.every)
	defer tick.Stop()
	k := keeper{Member: m, node: m.node.Load(), engine: m.engine.Load(), given: map[place]int64{}, silent: map[place]bool{}}
	for {
		k.look(ctx, cosigned())
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// A keeper is what Upkeep remembers from one look to the next.
type keeper struct {
	*Member
	node   *etcd.Node
	engine *etcd.Engine
	said   []string  // alarms, so that each is said once
	files  time.Time // when this member last looked for files it lacks
	size   int64     // of this copy at the look before: who has as much has caught up

	revision  int64 // of etcd at the look before
	compacted int64 // up to which etcd has forgotten

	silent map[place]bool  // members that did not answer at the look before
	given  map[place]int64 // up to which each member has given room back, while the quota is used up
}

func (k *keeper) look(ctx context.Context, cosigned int64) {
	k.sayAlarms(ctx)
	k.fetch(ctx)
	if !k.node.Leads() {
		k.revision = 0
		return
	}
	ctx, stop := context.WithTimeout(ctx, longest)
	defer stop()
	var all []seen
	for _, l := range k.node.Members() {
		p, err := parsePeer(l.Peer)
		if err != nil {
			all = append(all, seen{Listed: l, err: err})
			continue
		}
		s, err := k.own(ctx, p)
		k.saySilent(l.Name, p, err)
		all = append(all, seen{l, p, s, err})
	}
	k.promote(ctx, all)
	k.trim(ctx, all, cosigned)
	k.compact(ctx)
	k.defragment(ctx, all)
}

// A seen member is one as the leader found it.
type seen struct {
	etcd.Listed
	place place
	MemberStatus
	err error
}

// saySilent says of another member that it does not answer, and when it does again.
func (k *keeper) saySilent(name string, p place, err error) {
	if was := k.silent[p]; was == (err != nil) {
		return
	}
	if k.silent[p] = err != nil; err == nil {
		k.log.Info("a member answers again", "name", name, "at", p.String())
		return
	}
	why := certificateTrouble(err)
	if why == "" {
		why = err.Error()
	}
	k.log.Warn("a member does not answer", "name", name, "at", p.String(), "why", why)
}

// sayAlarms says what somebody should see to, once.
func (k *keeper) sayAlarms(ctx context.Context) {
	now := k.myself(ctx).Alarms
	for _, a := range now {
		if !slices.Contains(k.said, a) {
			k.log.Warn("see to this", "alarm", a)
		}
	}
	k.said = now
}

// fetch brings this member the files that it lacks.
func (k *keeper) fetch(ctx context.Context) {
	if k.complete.Load() && time.Since(k.files) < blobsAgain {
		return
	}
	others := len(k.peers())
	need := others/2 + 1 // of those that vote
	if k.node.Voting() {
		need = (others + 1) / 2 // and this one
	}
	n, err := k.engine.FetchBlobs(ctx, min(need, others))
	if err != nil {
		if ctx.Err() == nil && time.Since(k.files) > time.Minute {
			k.files = time.Now()
			k.log.Warn("fetching files", "why", err)
		}
		return
	}
	if n > 0 {
		k.log.Info("files came from other members", "count", n)
	}
	k.files = time.Now()
	k.complete.Store(true)
}

// promote lets a learner vote that has all that this member had at the look before, and all files.
func (k *keeper) promote(ctx context.Context, all []seen) {
	before := k.size
	head, err := k.copied.Head(ctx)
	if err != nil {
		return
	}
	k.size = head.Size
	for _, s := range all {
		if s.Listed.Voting || s.err != nil || s.Size < before || !s.Complete {
			continue
		}
		if _, err := k.node.Client.MemberPromote(ctx, s.ID); err == nil { // etcd refuses one whose log lags
			k.log.Info("a member votes now", "name", s.Listed.Name)
		}
	}
}

// everywhere is how many entries are durable in the copy of every voting member, and cosigned where there are witnesses:
// etcd need not hold them. While one is away it must hold all: that one comes back to what etcd holds.
func everywhere(all []seen, cosigned int64) int64 {
	held := int64(math.MaxInt64)
	for _, s := range all {
		switch {
		case s.err != nil && s.Listed.Voting:
			return 0
		case s.Listed.Voting:
			held = min(held, s.Held)
		}
	}
	if cosigned < 0 {
		return max(held-margin, 0)
	}
	return min(held, cosigned)
}

// trim takes from etcd what is in every voting member's copy.
func (k *keeper) trim(ctx context.Context, all []seen, cosigned int64) {
	held := everywhere(all, cosigned)
	if held == 0 {
		return
	}
	n, err := k.engine.Trim(ctx, held)
	if err != nil {
		k.log.Warn("trimming etcd", "why", err)
	} else if n > 0 {
		k.log.Debug("etcd was trimmed", "groups", n, "to", held)
	}
}

// compact lets etcd forget what was so before the look before.
func (k *keeper) compact(ctx context.Context) {
	s, err := k.node.Client.Status(ctx, k.node.Endpoint())
	if err != nil {
		return
	}
	before := k.revision
	k.revision = s.Header.Revision
	if before <= k.compacted {
		return
	}
	if _, err := k.node.Client.Compact(ctx, before, clientv3.WithCompactPhysical()); err == nil || errors.Is(err, rpctypes.ErrCompacted) {
		k.compacted = before
	}
}

// defragment gives the room of what etcd has forgotten back to the disk, at the first member that needs it. A leader lets
// another lead first. Where the quota was used up, writing begins again when no member is near it any more.
func (k *keeper) defragment(ctx context.Context, all []seen) {
	full := slices.Contains(k.node.Alarms(), etcdserverpb.AlarmType_NOSPACE.String())
	var voting []seen
	for _, s := range all {
		if !s.Listed.Voting {
			continue
		}
		if s.err != nil || s.Quota == 0 {
			return // not while one is away, or starting
		}
		voting = append(voting, s)
	}
	slices.SortStableFunc(voting, func(a, b seen) int { return int(b2i(a.place == k.place) - b2i(b.place == k.place)) }) // this one last
	near := false
	for _, s := range voting {
		near = near || s.Database > s.Quota*8/10
		gap := s.Database - s.Used // while nothing is written etcd does not count what it has forgotten last
		if full && (s.Database <= s.Quota*8/10 || k.given[s.place] >= k.compacted) || !full && (gap < s.Quota/20 || s.Database < 2*s.Used) {
			continue
		}
		if s.place == k.place && len(voting) > 1 && !full {
			next := voting[0]
			if _, err := k.node.Client.MoveLeader(ctx, next.ID); err != nil {
				k.log.Warn("letting another lead", "whom", next.Listed.Name, "why", err)
			}
			return
		}
		if _, err := k.node.Client.Defragment(ctx, s.place.client()); err != nil {
			k.log.Warn("defragmenting etcd", "at", s.Listed.Name, "why", err)
		} else {
			k.given[s.place] = k.compacted
			k.log.Info("etcd was defragmented", "at", s.Listed.Name)
		}
		return
	}
	if !full || near {
		return
	}
	if _, err := k.node.Client.AlarmDisarm(ctx, &clientv3.AlarmMember{}); err != nil {
		k.log.Warn("etcd's quota", "why", err)
	} else {
		k.log.Info("etcd has room again")
	}
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}
