package conference

import (
	"regexp"
	"slices"

	"kurultai/record"
)

// nodesState is who follows this record, and whose cosignatures make an outcome witnessed.
type nodesState struct {
	all     Ordered[string, Node] // by verifier key
	policy  WitnessPolicy
	resumed Resumption
}

// A Node follows the record, decides it again, and cosigns its checkpoints (C2SP tlog-cosignature) while it agrees.
type Node struct {
	NodeAdmitted
	Index      int64
	Withdrawn  int64 // entry that withdrew it, or 0
	Divergence int64 // entry of the last divergence it reported, or 0
}

// A WitnessPolicy says how many of which nodes must cosign a checkpoint before what it covers counts as witnessed.
type WitnessPolicy struct {
	Need  int64    // k of n
	Keys  []string // n verifier keys
	Named int64    // entry that named it; 0: nobody did, and all admitted nodes are asked for
}

// A Resumption is where two officers last had the record written on while too few witnesses answered.
type Resumption struct {
	Index  int64 // 0: nowhere
	Reason string
}

type (
	// AdmitNode admits a node that follows the record: a party its own, the secretariat one of nobody's.
	AdmitNode struct {
		Verifier string `json:"verifier" jsonschema:"the node's verifier key, NAME+HASH+BASE64, as its operator gives it"`
		Address  string `json:"address,omitempty" jsonschema:"where it takes checkpoints, if it waits for them (tlog-witness); one that fetches them needs none"`
	}
	// NodeAdmitted is what AdmitNode causes.
	NodeAdmitted struct {
		Party    PartyID `json:"party,omitempty"`
		Verifier string  `json:"verifier"`
		Address  string  `json:"address,omitempty"`
	}
	// WithdrawNode ends it: what it cosigned until then stays.
	WithdrawNode struct {
		Verifier string `json:"verifier" jsonschema:"the node's verifier key"`
	}
	// NodeWithdrawn is what WithdrawNode causes.
	NodeWithdrawn WithdrawNode
	// NameWitnesses names the nodes that are asked for, and how many of them suffice.
	NameWitnesses struct {
		Need      int64    `json:"need" jsonschema:"how many of them suffice"`
		Verifiers []string `json:"verifiers" jsonschema:"their verifier keys"`
	}
	// WitnessesNamed is what NameWitnesses causes.
	WitnessesNamed NameWitnesses
	// ProceedUnwitnessed has the record written on though too few witnesses said what they have seen of it.
	ProceedUnwitnessed struct {
		Reason string `json:"reason" jsonschema:"why they cannot be waited for"`
	}
	// WritingResumed is what ProceedUnwitnessed causes.
	WritingResumed ProceedUnwitnessed
	// ReportDivergence says that a party's node does not come to what an entry says.
	ReportDivergence struct {
		Verifier string        `json:"verifier" jsonschema:"the verifier key of the node that found it"`
		Entry    int64         `json:"entry" jsonschema:"the entry it disagrees with"`
		Rule     string        `json:"rule" jsonschema:"the rule it goes by"`
		Proof    record.Digest `json:"proof" jsonschema:"SHA-256 of its evidence file"`
	}
	// DivergenceReported is what ReportDivergence causes.
	DivergenceReported ReportDivergence
)

// Nodes lists the nodes that were admitted, in order of key, withdrawn ones too.
func (s *State) Nodes() (list []Node) {
	for _, n := range s.nodes.all.All() {
		list = append(list, n)
	}
	return list
}

func (s *State) activeNodes() (count int) {
	for _, n := range s.nodes.all.All() {
		if n.Withdrawn == 0 {
			count++
		}
	}
	return count
}

// Witnesses is the policy in force: the one that was named, without those withdrawn since, else every admitted node.
// With nobody to ask Need is 0 and an outcome is recorded and proven, but witnessed by nobody.
func (s *State) Witnesses() WitnessPolicy {
	p := s.nodes.policy
	if p.Named == 0 {
		for _, n := range s.nodes.all.All() {
			p.Keys = append(p.Keys, n.Verifier)
		}
	}
	p.Keys = slices.DeleteFunc(slices.Clone(p.Keys), func(k string) bool { return s.nodes.all.At(k).Withdrawn > 0 })
	if p.Named == 0 {
		p.Need = int64(len(p.Keys))
	}
	return p
}

// Resumed is where officers last went on without witnesses.
func (s *State) Resumed() Resumption { return s.nodes.resumed }

// mostNodes bounds how many nodes are asked for: each checkpoint carries a line for each.
const mostNodes = 100

func nodes(ed *edition) {
	does(ed, Act{
		Name: "AdmitNode", Title: "Admit a node", Help: "Admits a node that follows the record and cosigns it: a party its own, the secretariat one that is nobody's.",
		Who: []Capacity{Head, Secretary}, Attested: true, Rule: "C2SP tlog-cosignature", Refusals: []Code{"bad-node-key", "node-known", "too-many-nodes", "not-https"}, Causes: []string{"NodeAdmitted"},
	}, func(s *State, c *Call, f *AdmitNode) ([]Event, *Refusal) {
		_, story := record.StoryBody(c.Origin)
		n, known := s.nodes.all.Get(f.Verifier)
		switch {
		case record.CheckCosigner(f.Verifier) != nil:
			return nil, refuse("bad-node-key", "C2SP signed-note", f.Verifier)
		case known && n.Withdrawn == 0:
			return nil, refuse("node-known", "C2SP tlog-cosignature", f.Verifier)
		case s.activeNodes() >= mostNodes:
			return nil, refuse("too-many-nodes", "C2SP tlog-cosignature", mostNodes)
		case f.Address != "" && !isWitnessAddress(f.Address, story):
			return nil, refuse("not-https", "C2SP tlog-witness", f.Address)
		}
		return []Event{{Body: &NodeAdmitted{PartyID(c.For), f.Verifier, f.Address}}}, nil
	})
	happens(ed, func(s *State, h Happened, b *NodeAdmitted) {
		s.nodes.all = s.nodes.all.Set(b.Verifier, Node{NodeAdmitted: *b, Index: h.Index})
	})
	does(ed, Act{
		Name: "WithdrawNode", Title: "Withdraw a node", Help: "From now on the node is not asked for. What it cosigned before stays.",
		Who: []Capacity{Head, Secretary}, Attested: true, Rule: "C2SP tlog-cosignature", Refusals: []Code{"unknown-node"}, Causes: []string{"NodeWithdrawn"},
	}, func(s *State, c *Call, f *WithdrawNode) ([]Event, *Refusal) {
		if r := s.node(c, f.Verifier); r != nil {
			return nil, r
		}
		e := NodeWithdrawn(*f)
		return []Event{{Body: &e}}, nil
	})
	happens(ed, func(s *State, h Happened, b *NodeWithdrawn) {
		n := s.nodes.all.At(b.Verifier)
		n.Withdrawn = h.Index
		s.nodes.all = s.nodes.all.Set(b.Verifier, n)
	})
	does(ed, Act{
		Name: "NameWitnesses", Title: "Name the witnesses", Help: "Says how many of which nodes must cosign before an outcome counts as witnessed. Two secretaries do it together.",
		Who: []Capacity{Secretary}, TwoPersons: true, Attested: true, Rule: "C2SP tlog-witness", Refusals: []Code{"one-person-only", "unknown-node", "need-beyond"}, Causes: []string{"WitnessesNamed"},
	}, func(s *State, c *Call, f *NameWitnesses) ([]Event, *Refusal) {
		for i, k := range f.Verifiers {
			if n, ok := s.nodes.all.Get(k); !ok || n.Withdrawn > 0 || slices.Contains(f.Verifiers[:i], k) {
				return nil, refuse("unknown-node", "C2SP tlog-witness", k)
			}
		}
		if f.Need < 1 || f.Need > int64(len(f.Verifiers)) {
			return nil, refuse("need-beyond", "C2SP tlog-witness", f.Need, len(f.Verifiers))
		}
		e := WitnessesNamed(*f)
		return []Event{{Body: &e}}, nil
	})
	happens(ed, func(s *State, h Happened, b *WitnessesNamed) {
		s.nodes.policy = WitnessPolicy{b.Need, b.Verifiers, h.Index}
	})
	does(ed, Act{
		Name: "ProceedUnwitnessed", Title: "Go on without witnesses", Help: "Writes on though too few witnesses have said since the start what they have seen of the record. Two secretaries do it together; every page shows it until the witnesses agree.",
		Who: []Capacity{Secretary}, TwoPersons: true, Attested: true, Resumes: true, Rule: "C2SP tlog-witness", Refusals: []Code{"one-person-only", "no-witnesses"}, Causes: []string{"WritingResumed"},
	}, func(s *State, c *Call, f *ProceedUnwitnessed) ([]Event, *Refusal) {
		if len(s.Witnesses().Keys) == 0 && s.nodes.policy.Named == 0 {
			return nil, refuse("no-witnesses", "C2SP tlog-witness")
		}
		e := WritingResumed(*f)
		return []Event{{Body: &e}}, nil
	})
	happens(ed, func(s *State, h Happened, b *WritingResumed) { s.nodes.resumed = Resumption{h.Index, b.Reason} })
	does(ed, Act{
		Name: "ReportDivergence", Title: "Report a divergence", Help: "Says that your node, deciding the record again, does not come to what an entry says. Its evidence file convinces anybody.",
		Who: []Capacity{Head}, Attested: true, Rule: "doc/record.md 5", Refusals: []Code{"unknown-node", "beyond-record"}, Causes: []string{"DivergenceReported"},
	}, func(s *State, c *Call, f *ReportDivergence) ([]Event, *Refusal) {
		if r := s.node(c, f.Verifier); r != nil {
			return nil, r
		}
		if f.Entry < 0 || f.Entry >= s.Size {
			return nil, refuse("beyond-record", "doc/record.md 5", f.Entry, s.Size)
		}
		e := DivergenceReported(*f)
		return []Event{{Body: &e}}, nil
	})
	happens(ed, func(s *State, h Happened, b *DivergenceReported) {
		n := s.nodes.all.At(b.Verifier)
		n.Divergence = h.Index
		s.nodes.all = s.nodes.all.Set(b.Verifier, n)
	})
}

// node refuses a key that is no admitted node of who acts.
func (s *State) node(c *Call, key string) *Refusal {
	if n, ok := s.nodes.all.Get(key); !ok || n.Withdrawn > 0 || n.Party != PartyID(c.For) {
		return refuse("unknown-node", "C2SP tlog-witness", key)
	}
	return nil
}

// isWitnessAddress reports whether an address is one that checkpoints are sent to: https, or http on the machine itself
// in a story's record.
func isWitnessAddress(address string, story bool) bool {
	return len(address) <= 300 && (witnessAddress.MatchString(address) || story && witnessHere.MatchString(address))
}

var (
	witnessAddress = regexp.MustCompile(`^https://[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63}){0,9}(:[1-9][0-9]{0,4})?(/[A-Za-z0-9._~-]+)*$`)
	witnessHere    = regexp.MustCompile(`^http://(localhost|127\.0\.0\.1)(:[1-9][0-9]{0,4})?(/[A-Za-z0-9._~-]+)*$`)
)
