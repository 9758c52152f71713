package cluster

import (
	"context"
	"slices"
	"sync"
	"time"
)

// alarms are what was said last, so that each is said once.
type alarms struct {
	mu   sync.Mutex
	last []string
}

// Upkeep keeps the cluster in order until ctx ends; every member runs it. The one that leads etcd promotes a learner that
// has caught up, trims from etcd what every voting member holds and a cosigned checkpoint covers, and compacts; each
// member gives room back to its disk in turn, and says what somebody should see to. cosigned is the size of the newest
// checkpoint that enough witnesses have cosigned, or negative where none are named: then margin entries stay.
func (m *Member) Upkeep(ctx context.Context, cosigned func() int64) {
	tick := time.NewTicker(m.every)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		case <-m.ctx.Done():
			return
		}
		m.sayAlarms(ctx)
		if node := m.node.Load(); node.Leads() {
			m.promote(ctx)
		}
	}
}

func (m *Member) sayAlarms(ctx context.Context) {
	now := m.myself(ctx).Alarms
	m.watching.mu.Lock()
	defer m.watching.mu.Unlock()
	for _, a := range now {
		if !slices.Contains(m.watching.last, a) {
			m.log.Warn("see to this", "alarm", a)
		}
	}
	m.watching.last = now
}

// promote lets a learner vote that has caught up.
func (m *Member) promote(ctx context.Context) {
	node := m.node.Load()
	for _, l := range node.Members() {
		if l.Voting || l.Name == "" {
			continue
		}
		p, err := parsePeer(l.Peer)
		if err != nil {
			continue
		}
		before, err := m.copied.Head(ctx)
		if err != nil {
			continue
		}
		s, err := m.own(ctx, p)
		if err != nil || s.Size < before.Size {
			continue
		}
		if _, err := node.Client.MemberPromote(ctx, l.ID); err == nil {
			m.log.Info("a member votes now", "name", l.Name)
		}
	}
}
