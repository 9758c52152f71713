package web

import "strings"

// A vocabulary is the words a field may hold, and where what people call them stands in the languages: text plus word.
type vocabulary struct {
	text  string
	words []string
}

// vocabularies are those of the fields that hold one of a few fixed words, by the struct a field stands in and its name,
// in the order in which the catalogue names them.
var vocabularies = func() map[string]vocabulary {
	all := map[string]vocabulary{}
	for text, fields := range map[string]map[string]string{
		"answer.":          {"Answer.answer CorrectIntention.intended": "yes no abstain not-participating"},
		"word.part.":       {"Invite.as": "member observer guest"},
		"word.audience.":   {"PublishName.audience": "public observers participants secretariat"},
		"word.why.":        {"PublishName.basis": "press-report head-of-delegation consent rules", "EndFloor.why": "done time order", "ForgetPerson.ground": "retention-ended request order", "RevokePasskey.why RevokeAccount.why WithdrawRecipient.why": "lost left compromised"},
		"word.source.":     {"NameParty.source": "notified cldr press"},
		"setup.basis.":     {"AdmitParty.basis": "founder decision accession"},
		"paper.issuer.":    {"Sign.exOfficio DepositFullPowers.office LodgeCredentials.office DepositConsent.office": "head-of-state head-of-government foreign-minister"},
		"public.form.":     {"OpenInstrument.form": "treaty agreement statute protocol declaration minutes"},
		"setup.role.":      {"DelegationMember.role": "head delegate alternate adviser staff"},
		"public.level.":    {"RegisterDocument.level": "public restricted confidential", "Classify.level": "restricted confidential"},
		"wall.method.":     {"PutQuestion.method": "consensus hands recorded roll-call secret"},
		"word.mode.":       {"Sign.mode": "definitive subject-to-ratification ad-referendum"},
		"paper.operation.": {"SubmitAmendment.operation": "insert delete replace"},
		"word.reorder.":    {"Reorder.reason": "level precedence swap"},
		"word.side.":       {"SpeakToMotion.side": "for against"},
		"word.floor.":      {"AskFloor.sort": "group observer reply explanation item", "SetTimeLimit.sort": "statement group observer reply explanation item", "NamedLimit.kind": "statement group observer reply explanation order motion item"},
		"paper.sort.":      {"AttachStatement.sort": "interpretative reservation"},
		"word.motionkind.": {"Move.sort Motion.kind": "suspend adjourn-meeting adjourn-debate close-debate close-list time-limit competence division order-of-proposals reconsider secret-ballot roll-call"},
		"word.made.":       {"Rescind.sort": "request item document proposal amendment invitation"},
		"public.":          {"ChangeStatus.status": "member observer"},
		"thing.":           {"PutQuestion.type": "proposal amendment part motion appeal credentials communique reconsider"},
		"public.plan.":     {"PlanEvent.type": "wreath flowers audience reception dinner photo", "RecordEvent.type": "wreath flowers audience reception photo"},
		"word.use.":        {"NameAuthority.use": "signature time"},
		"word.keyuse.":     {"DepositRecipient.use": "device node backup"},
		"word.noteform.":   {"SendNote.form": "verbale letter paper"},
		"word.notemark.":   {"SendNote.mark": "ordinary restricted confidential personal"},
		"word.passing.":    {"SendNote.passing": "nobody addressees holders"},
		"word.noteend.":    {"WithdrawNote.why": "error replaced overtaken"},
		"word.known.":      {"When.known": "year month day hour order"},
		"word.before.":     {"EscalateCommitment.to": "bureau meeting heads-of-state"},
		"word.far.":        {"ReportProgress.far": "begun partly done"},
		"word.released.":   {"ReleaseCommitment.ground": "withdrawn lapsed superseded"},
		"word.disputed.":   {"DisputeCommitment.ground": "record fulfilment"},
		"word.settled.":    {"SettleDispute.outcome": "upheld dismissed withdrawn"},
		"word.rules.":      {"Rules.amendmentsFirst": "furthest omissions", "Rules.division": "right unless-objected unless-mover-objects", "Rules.tie Majority.tie": "lost second-vote", "Election.tie": "lot special", "Sponsors.explain": "never if-amended always"},
		"word.condition.":  {"Condition.what": "consents share parties everyone signatories signatures date"},
		"treaty.means.":    {"DepositConsent.means": "ratification acceptance approval accession notification"},
		"word.declaring.":  {"MakeDeclaration.sort": "interpretative optional political"},
		"word.ground.":     {"SuspendOperation.basis": "text consent some-parties later-treaty breach impossibility changed-circumstances relations", "Terminate.basis": "text consent later-treaty breach impossibility changed-circumstances peremptory-norm"},
		"word.unit.":       {"Delay.unit": "days months"},
		"word.accession.":  {"Clause.accession": "open invited none"},
		"word.reserving.":  {"Clause.reservations": "any listed none"},
		"base.":            {"Test.of": "cast participating present members weight votes"},
	} {
		for names, words := range fields {
			for _, name := range strings.Fields(names) {
				all[name] = vocabulary{text, strings.Fields(words)}
			}
		}
	}
	return all
}()

// offer makes a control a choice of the words its field may hold. What was typed elsewhere stays, so that it is refused
// and not lost.
func (b *form) offer(f *Field, words vocabulary) {
	f.Kind, f.Options = "choice", nil
	found := f.Value == ""
	for _, word := range words.words {
		f.Options = append(f.Options, Option{word, b.t.l.Say(words.text + word), word == f.Value})
		found = found || word == f.Value
	}
	if !found {
		f.Options = append(f.Options, Option{f.Value, f.Value, true})
	}
}
