package cluster

import (
	"errors"
	"testing"

	"kurultai/record/etcd"
)

// etcd forgets only what a power cut leaves in every voting member's copy, and what a witness has seen.
func TestWhatEtcdNeedNotHold(t *testing.T) {
	voter := func(size, held int64) seen {
		return seen{Listed: etcd.Listed{Voting: true}, MemberStatus: MemberStatus{Size: size, Held: held}}
	}
	away := seen{Listed: etcd.Listed{Voting: true}, err: errors.New("it does not answer")}
	learner := seen{MemberStatus: MemberStatus{Size: 10, Held: 10}}
	rows := []struct {
		name     string
		all      []seen
		cosigned int64
		want     int64
	}{
		{"all hold all", []seen{voter(5000, 5000), voter(5000, 5000), voter(5000, 5000)}, 5000, 5000},
		{"the disk of one lags", []seen{voter(5000, 5000), voter(5000, 4000), voter(5000, 5000)}, 5000, 4000},
		{"a witness lags", []seen{voter(5000, 5000), voter(5000, 5000)}, 3000, 3000},
		{"no witnesses", []seen{voter(5000, 5000), voter(5000, 4900)}, -1, 4900 - margin},
		{"no witnesses and little", []seen{voter(500, 500), voter(500, 500)}, -1, 0},
		{"one is away", []seen{voter(5000, 5000), away}, 5000, 0},
		{"one learns", []seen{voter(5000, 5000), learner}, 5000, 5000},
		{"one that learns is away", []seen{voter(5000, 5000), {err: away.err}}, 5000, 5000},
	}
	for _, r := range rows {
		if got := everywhere(r.all, r.cosigned); got != r.want {
			t.Errorf("%s: %d, not %d", r.name, got, r.want)
		}
	}
	t.Logf("%d rows", len(rows))
}
