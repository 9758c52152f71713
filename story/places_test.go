package story_test

import (
	"crypto/rand"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kurultai/conference"
	"kurultai/record/canonical"
	"kurultai/story"
)

var update = flag.Bool("update", false, "write the golden traces")

// places are the hard places of the training story: the lines where each stands, and the acts, events and refusals
// its trace must hold. A trace is a file of testdata/places: what came in, and everything it caused.
var places = []struct {
	name        string
	first, last int
	holds       string
}{
	{"slip-rescinded-and-depended-upon", 94, 107, "Rescinded depended-upon"},
	{"quorum-to-open", 145, 152, "no-quorum-to-open MeetingOpened"},
	{"credentials-challenged", 125, 125, "CredentialsChallenged PartySeatedProvisionally"},
	{"credentials-decided-by-vote", 153, 166, "objection CredentialsAccepted"},
	{"list-closed-reopened-reordered", 170, 181, "list-closed SpeakersListReopened not-consented SpeakersReordered"},
	{"points-of-order-at-once-while-the-floor-is-held", 183, 191, "FloorGiven PointOfOrderRaised speaks-to-substance ChairRuled FloorEnded"},
	{"appeal-that-overrules-the-chair", 192, 205, "RulingAppealed motion-pending RulingOverruled next-business-taken"},
	{"right-of-reply-counted", 209, 224, "not-end-of-day observer-after-members SpeakersReordered ReplyGiven replies-used"},
	{"motions-that-outrank-each-other", 225, 242, "lower-precedence-than-pending no-debate only-against motion-pending two-already-spoke MotionLost MotionCarried DebateClosed"},
	{"amendments-furthest-first-one-falls", 243, 263, "AmendmentsOrdered amendments-first already-decided amended"},
	{"consensus-put-and-broken", 264, 266, "QuestionPut not-consensus-vote VoteRequested"},
	{"quorum-lost-and-regained", 267, 272, "no-quorum-to-decide VotingBegan"},
	{"point-of-order-during-a-vote-and-a-sponsor-who-explains", 272, 277, "sponsor-may-not not-about-voting ChairRuled"},
	{"vote-changed-disowned-and-an-intention-noted-after", 278, 292, "VoteChanged no-instruction Disowned ResultAnnounced VoteIntentionNoted Adopted"},
	{"roll-call-from-a-drawn-name-and-a-tie", 302, 323, "vote-requested no-commitment not-committed RollCallStartDrawn NameCalled names-uncalled second-vote not-decided"},
	{"division-and-all-operatives-lost", 324, 347, "objected DivisionRequested part-first PartVoted ProposalRejected"},
	{"reconsideration", 348, 362, "already-decided only-against no-motion-carried DecisionReopened"},
	{"chair-cedes-and-a-device-is-lost", 363, 370, "no-vice-chair ChairCeded PasskeyRevoked"},
	{"restricted-ballots-to-a-drawn-lot", 373, 397, "no-tellers TellersAppointed BallotInconclusive lot-not-due not-committed DrawnByLot CandidateElected"},
	{"queued-on-a-phone-too-late", 399, 399, "too-late"},
	{"silence-broken-at-17-59-59-and-held-at-18-00-00", 405, 407, "SilenceBroken SilenceHeld Adopted expired"},
	{"second-vote-with-a-fresh-seed", 408, 425, "seed-known RollCallStartDrawn carried Adopted"},
	{"desk-acts-for-the-chair", 426, 432, "OfficeGranted ChairCeded OfficeRevoked not-holder"},
	{"signature-refused-for-want-of-powers", 453, 458, "no-full-powers powers-cover-less SignatureGiven not-entitled"},
	{"many-sign-on-one-paper", 446, 475, "not-issued PaperIssued AuthorityNamed not-signed InstrumentSigned not-certified PenTaken SignatureEntered pen-taken PenLaid already-on-paper"},
}

// TestHardPlacesLeaveTheirTraces holds every hard place to a golden trace: commit a new one only if you understand
// what changed it and want it (-update).
func TestHardPlacesLeaveTheirTraces(t *testing.T) {
	all := text(t, "training")
	h := newHouse(t, "lakes-and-passes", 1)
	var told []story.Played
	if err := story.Play(t.Context(), h.Secretariat, h.origin, parse(t, all), wall, rand.Reader, nil, func(p story.Played) { told = append(told, p) }); err != nil {
		t.Fatal(err)
	}
	for _, p := range places {
		var trace strings.Builder
		for i := p.first; i <= p.last; i++ {
			traceOf(&trace, i, told[i-1])
		}
		for _, word := range strings.Fields(p.holds) {
			if !strings.Contains(trace.String(), word) {
				t.Errorf("%s: nothing of %s between lines %d and %d", p.name, word, p.first, p.last)
			}
		}
		path := filepath.Join("testdata", "places", p.name+".txt")
		if *update {
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(trace.String()), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if golden, err := os.ReadFile(path); err != nil || string(golden) != trace.String() {
			t.Errorf("%s: %v: %s", p.name, err, differ(golden, []byte(trace.String())))
		}
	}
	files, err := os.ReadDir(filepath.Join("testdata", "places"))
	if err != nil || len(files) != len(places) || len(places) == 0 {
		t.Errorf("%d traces of %d places: %v", len(files), len(places), err)
	}
	t.Logf("%d places, %d lines of the story played", len(places), len(told))
}

// traceOf writes a line of the story, and beneath it everything it caused or the refusal it met.
func traceOf(out *strings.Builder, line int, p story.Played) {
	a := p.Line.Act
	who := a.Get("as").Str
	if party := a.Get("for").Str; party != "" {
		who += " of " + party
	}
	fmt.Fprintf(out, "line %d  %s  %s: %s %s\n", line, p.Line.At, who, a.Get("name").Str, fieldsOf(a))
	if r := p.Refusal; r != nil {
		fmt.Fprintf(out, "    refused %s %q (%s)\n", r.Code, r.Args, r.Rule)
		return
	}
	for _, e := range conference.Decided(p.Receipt.Events) {
		fmt.Fprintf(out, "    %s\n", e)
	}
	for _, n := range p.Receipt.Notices {
		fmt.Fprintf(out, "    notice %s %q (%s)\n", n.Code, n.Args, n.Rule)
	}
}

func fieldsOf(a canonical.Value) string {
	if f := a.Get("fields"); f.Kind != canonical.Invalid {
		return string(canonical.Encode(nil, f))
	}
	return ""
}
