package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"kurultai/conference"
	"kurultai/language"
	"kurultai/paper"
	"kurultai/paper/cms"
	"kurultai/paper/examine"
	"kurultai/paper/pdf"
	"kurultai/paper/seal"
)

// How much is set and signed.
const (
	paperSettings = 20 // documents in a round, each with a number of its own in every paragraph
	paperBadges   = 1000
)

// paperSigners are how many sign: so few, ten times as many, an assembly.
var paperSigners = [...]int{3, 30, 193}

// benchTexts fill two pages: what a clause of final provisions says, in six languages.
var benchTexts = []struct{ language, heading, text string }{
	{"en", "Final provisions", `This Agreement shall be open for signature by all members of the Conference until the last day of the year in which it was adopted. It shall be subject to ratification, acceptance or approval in accordance with the constitutional procedures of each signatory. Instruments shall be deposited with the Secretary-General of the Conference, who performs the functions of depositary. The Agreement shall enter into force on the thirtieth day following the deposit of the fifth instrument; for each party that deposits its instrument afterwards, it shall enter into force on the thirtieth day following that deposit. The depositary shall inform the signatories and the parties without delay of each signature, of each deposit and of the date of entry into force. Amendments may be proposed by any party and shall be adopted by consensus.`},
	{"de", "Schlussbestimmungen", `Dieses Übereinkommen liegt für alle Mitglieder der Konferenz bis zum letzten Tag des Jahres, in dem es angenommen wurde, zur Unterzeichnung auf. Es bedarf der Ratifikation, Annahme oder Genehmigung nach den verfassungsrechtlichen Verfahren jedes Unterzeichners. Die Urkunden werden beim Generalsekretär der Konferenz hinterlegt, der die Aufgaben des Verwahrers wahrnimmt. Das Übereinkommen tritt am dreißigsten Tag nach der Hinterlegung der fünften Urkunde in Kraft; für jede Vertragspartei, die ihre Urkunde später hinterlegt, tritt es am dreißigsten Tag nach dieser Hinterlegung in Kraft. Der Verwahrer unterrichtet die Unterzeichner und die Vertragsparteien unverzüglich über jede Unterzeichnung, jede Hinterlegung und den Zeitpunkt des Inkrafttretens. Änderungen können von jeder Vertragspartei vorgeschlagen werden und bedürfen des Konsenses.`},
	{"ru", "Заключительные положения", `Настоящее Соглашение открыто для подписания всеми членами Конференции до последнего дня года, в котором оно было принято. Оно подлежит ратификации, принятию или утверждению в соответствии с конституционными процедурами каждой подписавшей стороны. Документы сдаются на хранение Генеральному секретарю Конференции, который выполняет функции депозитария. Соглашение вступает в силу на тридцатый день после сдачи на хранение пятого документа; для каждой стороны, которая сдаёт свой документ позднее, оно вступает в силу на тридцатый день после такой сдачи. Депозитарий незамедлительно уведомляет подписавшие стороны и участников о каждом подписании, о каждой сдаче на хранение и о дате вступления в силу. Поправки может предложить любой участник; они принимаются консенсусом.`},
	{"tr", "Son hükümler", `Bu Anlaşma, kabul edildiği yılın son gününe kadar Konferansın bütün üyelerinin imzasına açıktır. Her imzacının anayasal usullerine uygun olarak onaya, kabule veya tasvibe tabidir. Belgeler, tevdi makamının görevlerini yerine getiren Konferans Genel Sekreterine tevdi edilir. Anlaşma, beşinci belgenin tevdi edilmesini izleyen otuzuncu gün yürürlüğe girer; belgesini daha sonra tevdi eden her taraf için, bu tevdii izleyen otuzuncu gün yürürlüğe girer. Tevdi makamı her imzayı, her tevdii ve yürürlüğe giriş tarihini imzacılara ve taraflara gecikmeksizin bildirir. Değişiklikler her tarafça önerilebilir ve oydaşmayla kabul edilir.`},
	{"kk", "Қорытынды ережелер", `Осы Келісім қабылданған жылдың соңғы күніне дейін Конференцияның барлық мүшелерінің қол қоюы үшін ашық. Ол қол қойған әрбір тараптың конституциялық рәсімдеріне сәйкес ратификациялануға, қабылдануға немесе бекітілуге жатады. Құжаттар депозитарийдің міндеттерін атқаратын Конференцияның Бас хатшысына сақтауға тапсырылады. Келісім бесінші құжат сақтауға тапсырылғаннан кейін отызыншы күні күшіне енеді; құжатын кейінірек тапсыратын әрбір тарап үшін ол осы тапсырудан кейін отызыншы күні күшіне енеді. Депозитарий қол қойғандар мен тараптарды әрбір қол қою, әрбір тапсыру және күшіне ену күні туралы дереу хабардар етеді. Түзетулерді кез келген тарап ұсына алады, олар консенсуспен қабылданады.`},
	{"ka", "დასკვნითი დებულებები", `ეს შეთანხმება ღიაა ხელმოსაწერად კონფერენციის ყველა წევრისთვის იმ წლის ბოლო დღემდე, როდესაც იგი მიიღეს. იგი ექვემდებარება რატიფიკაციას, მიღებას ან დამტკიცებას თითოეული ხელმომწერის კონსტიტუციური პროცედურების შესაბამისად. დოკუმენტები შესანახად ბარდება კონფერენციის გენერალურ მდივანს, რომელიც დეპოზიტარის ფუნქციებს ასრულებს. შეთანხმება ძალაში შედის მეხუთე დოკუმენტის ჩაბარებიდან ოცდამეათე დღეს; თითოეული მხარისთვის, რომელიც თავის დოკუმენტს მოგვიანებით აბარებს, იგი ძალაში შედის ამ ჩაბარებიდან ოცდამეათე დღეს. დეპოზიტარი ხელმომწერებსა და მხარეებს დაუყოვნებლივ აცნობებს ყოველი ხელმოწერის, ყოველი ჩაბარებისა და ძალაში შესვლის თარიღის შესახებ.`},
}

// benchDocument is the nth of the documents of two pages: what stands before each paragraph differs.
func benchDocument(n int, signers int) pdf.Document {
	d := pdf.Document{Language: "en", Title: "Final provisions", Author: "A conference", Date: time.Date(2027, 6, 9, 0, 0, 0, 0, time.UTC), Footer: pdf.Running{Right: "page {page} of {pages}"},
		Blocks: []pdf.Block{pdf.Heading{Level: 1, Text: pdf.Text("Final provisions")}}}
	for _, t := range benchTexts {
		d.Blocks = append(d.Blocks, pdf.Heading{Level: 2, Text: []pdf.Run{{Text: t.heading, Language: t.language}}}, pdf.Paragraph{Text: []pdf.Run{{Text: fmt.Sprintf("%d. %s", n, t.text), Language: t.language}}})
	}
	for i := range signers {
		d.Blocks = append(d.Blocks, pdf.Place{Name: fmt.Sprintf("s%d", i), Width: 70 * pdf.Millimetre, Height: 16 * pdf.Millimetre, Sign: fmt.Sprintf("Party %d", i)})
	}
	return d
}

// benchSource is the same document in typst's language, on the same page, in the same sizes.
func benchSource(n int) string {
	var b strings.Builder
	b.WriteString(`#set document(title: "Final provisions", author: "A conference", date: datetime(year: 2027, month: 6, day: 9))
#set page(paper: "a4", margin: (top: 22mm, bottom: 25mm, x: 30mm), footer: context align(right, text(size: 8.5pt, [page #counter(page).display() of #counter(page).final().first()])))
#set text(font: ("Noto Serif", "Noto Serif Georgian"), size: 10.5pt, fallback: false)
#set par(justify: true)
#show heading.where(level: 1): set text(size: 15pt)
#show heading.where(level: 2): set text(size: 12pt)
= Final provisions

`)
	for _, t := range benchTexts {
		fmt.Fprintf(&b, "#text(lang: %q)[\n== %s\n\n%d#\".\" %s\n]\n", t.language, t.heading, n, t.text)
	}
	return b.String()
}

// typst is the compiler beside which is measured: another process, warm.
type typst struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Scanner
}

// errNoTypst says how it is had.
type errNoTypst struct{ dir, why string }

func (e errNoTypst) Error() string {
	return fmt.Sprintf("typst is not measured: %s. With Node 20 or later: npm ci --prefix %s; from another folder name it by -typst", e.why, e.dir)
}

func startTypst(ctx context.Context, dir string) (*typst, error) {
	node, err := exec.LookPath("node")
	if err != nil {
		return nil, errNoTypst{dir, "there is no node on this machine"}
	}
	script := filepath.Join(dir, "measure.mjs")
	if _, err := os.Stat(script); err != nil {
		return nil, errNoTypst{dir, "there is no " + script}
	}
	if _, err := os.Stat(filepath.Join(dir, "node_modules", "@myriaddreamin", "typst-ts-node-compiler")); err != nil {
		return nil, errNoTypst{dir, "it is not installed in " + dir}
	}
	t := &typst{cmd: exec.CommandContext(ctx, node, script, filepath.Join(dir, "..", "..", "paper", "pdf", "fonts"))}
	t.cmd.Stderr = os.Stderr
	if t.in, err = t.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := t.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	t.out = bufio.NewScanner(out)
	t.out.Buffer(nil, 64<<20)
	return t, t.cmd.Start()
}

// A cost is seconds by the wall, and of processor.
type cost struct{ Seconds, Processor float64 }

// set sets a document in a standard, or in none.
func (t *typst) set(source, standard string) (took cost, err error) {
	line, err := json.Marshal(map[string]string{"source": source, "standard": standard})
	if err != nil {
		return took, err
	}
	if _, err := t.in.Write(append(line, '\n')); err != nil {
		return took, fmt.Errorf("asking typst: %w", err)
	}
	var answer struct {
		cost
		Pages int
		Error string
	}
	if !t.out.Scan() {
		return took, errors.Join(errors.New("typst has ended"), t.out.Err())
	}
	if err := json.Unmarshal(t.out.Bytes(), &answer); err != nil {
		return took, fmt.Errorf("typst's answer: %w", err)
	}
	if answer.Error != "" || answer.Pages != 2 {
		return took, fmt.Errorf("typst made %d pages: %s", answer.Pages, answer.Error)
	}
	return answer.cost, nil
}

func (t *typst) close() {
	t.in.Close()
	t.cmd.Wait()
}

// benchPaper sets, signs and verifies papers.
func benchPaper(ctx context.Context, dir string, talk io.Writer) (*figures, error) {
	f := &figures{what: "paper"}
	if err := benchSetting(ctx, f, dir, talk); err != nil {
		return nil, err
	}
	if err := benchSigning(f); err != nil {
		return nil, err
	}
	if err := benchBadges(ctx, f); err != nil {
		return nil, err
	}
	f.add("rounds", benchRounds, "", "the median of these counts; the sides alternate")
	return f, nil
}

// The standard in which typst is asked to write: the one our papers claim.
const typstStandard = "a-3a"

func benchSetting(ctx context.Context, f *figures, dir string, talk io.Writer) error {
	reference, err := startTypst(ctx, dir)
	var none errNoTypst
	if errors.As(err, &none) {
		fmt.Fprintln(talk, err)
	} else if err != nil {
		return err
	} else {
		defer reference.close()
	}
	var ours, theirs, plain times
	size, n := 0, 0
	for round := range benchRounds + 1 { // the first warms up
		runtime.GC()
		start, used := time.Now(), processor()
		for range paperSettings {
			n++
			b, err := pdf.Set(benchDocument(n, 0), pdf.Treaty())
			if err != nil {
				return err
			}
			size = len(b)
		}
		ours.add(round, seconds(start), processor()-used)
		if reference == nil {
			continue
		}
		for _, side := range []struct {
			standard string
			to       *times
		}{{typstStandard, &theirs}, {"", &plain}} {
			all := cost{}
			for range paperSettings {
				n++
				took, err := reference.set(benchSource(n), side.standard)
				if err != nil {
					return err
				}
				all.Seconds, all.Processor = all.Seconds+took.Seconds, all.Processor+took.Processor
			}
			side.to.add(round, all.Seconds, all.Processor)
		}
	}
	if reference != nil {
		f.add("ratio", median(ours.wall)/median(theirs.wall), "", "a document of two pages in six languages, beside typst's warm time, both tagged PDF/A-3a").atMost(1.5)
		f.add("ratio_processor", median(ours.processor)/median(theirs.processor), "", "the same of processor").atMost(1.5)
		f.add("ratio_plain", median(ours.wall)/median(plain.wall), "", "beside typst where it makes a PDF of no standard").atMost(1.5)
		f.add("ratio_plain_processor", median(ours.processor)/median(plain.processor), "", "the same of processor").atMost(1.5)
	}
	f.add("set_ms", median(ours.wall)*1e3, "ms", fmt.Sprintf("the document, %d bytes; a number in each paragraph differs from document to document", size))
	if reference != nil {
		f.add("reference_ms", median(theirs.wall)*1e3, "ms", "the same by typst, the same faces, PDF/A-3a")
		f.add("reference_plain_ms", median(plain.wall)*1e3, "ms", "the same by typst, no standard")
	}
	return nil
}

// times are what a document took in each round but the first, which warms up.
type times struct{ wall, processor []float64 }

func (t *times) add(round int, wall, processor float64) {
	if round > 0 {
		t.wall, t.processor = append(t.wall, wall/paperSettings), append(t.processor, processor/paperSettings)
	}
}

// A timedKey says how much processor its signing took, in seconds.
type timedKey struct {
	*ecdsa.PrivateKey
	took float64
}

func (k *timedKey) Sign(chance io.Reader, digest []byte, o crypto.SignerOpts) ([]byte, error) {
	start := processor()
	defer func() { k.took += processor() - start }()
	return k.PrivateKey.Sign(chance, digest, o)
}

// benchAuthority is a certificate authority and a key under it.
func benchAuthority() (key *timedKey, chain []*x509.Certificate, roots []examine.Root, err error) {
	make := func(name string, of *x509.Certificate, by crypto.Signer, key *ecdsa.PrivateKey) (*x509.Certificate, error) {
		t := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageDigitalSignature}
		if of == nil {
			t.KeyUsage, t.IsCA, t.BasicConstraintsValid = x509.KeyUsageCertSign, true, true
			of = t
		}
		der, err := x509.CreateCertificate(rand.Reader, t, of, key.Public(), by)
		if err != nil {
			return nil, err
		}
		return x509.ParseCertificate(der)
	}
	rootKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, roots, err
	}
	leaf, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, roots, err
	}
	root, err := make("An authority", nil, rootKey, rootKey)
	if err != nil {
		return nil, nil, roots, err
	}
	signer, err := make("A signer", root, rootKey, leaf)
	if err != nil {
		return nil, nil, roots, err
	}
	var fields []string
	for i := range slices.Max(paperSigners[:]) {
		fields = append(fields, fmt.Sprintf("s%d", i))
	}
	return &timedKey{PrivateKey: leaf}, []*x509.Certificate{signer, root}, []examine.Root{{Party: "A", Fields: fields, Certificate: root}}, nil
}

// signAll signs every field of a form.
func signAll(form *pdf.Form, n int, key *timedKey, chain []*x509.Certificate) (*seal.Paper, error) {
	look := []pdf.Block{pdf.Paragraph{Text: []pdf.Run{{Text: "A signer", Bold: true}}}, pdf.Paragraph{Text: pdf.Text("signed")}}
	p := seal.New(form)
	for i := range n {
		purpose := seal.Approves
		if i == 0 {
			purpose = seal.Certifies
		}
		prepared, err := p.Prepare(fmt.Sprintf("s%d", i), "en", look, purpose)
		if err != nil {
			return nil, err
		}
		der, err := cms.Sign(key, chain, prepared.Digest())
		if err != nil {
			return nil, err
		}
		if err := p.Embed(prepared, der); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// A signing is what a paper of so many signatures took of the processor, in seconds.
type signing struct {
	size               int // of the file at the end, in bytes
	set, sign, examine []float64
}

func (s *signing) measure(n int, key *timedKey, chain []*x509.Certificate, roots []examine.Root, keep bool) error {
	again := max(1, 60/n) // few signatures take too little to measure
	var form *pdf.Form
	var p *seal.Paper
	var err error
	cost := func(to *[]float64, do func() error) error {
		runtime.GC()
		start, signed := processor(), key.took
		for range again {
			if err := do(); err != nil {
				return err
			}
		}
		if took := processor() - start - (key.took - signed); keep {
			*to = append(*to, took/float64(again))
		}
		return nil
	}
	return errors.Join(
		cost(&s.set, func() error { form, err = pdf.SetForm(benchDocument(0, n), pdf.Sealed()); return err }),
		cost(&s.sign, func() error {
			if p, err = signAll(form, n, key, chain); err == nil {
				s.size = len(p.Bytes())
			}
			return err
		}),
		cost(&s.examine, func() error {
			report, err := examine.Examine(p.Bytes(), roots, time.Now())
			if err == nil {
				err = report.Err()
			}
			if err == nil && len(report.Signatures) != n {
				err = fmt.Errorf("%d signatures verified of %d", len(report.Signatures), n)
			}
			return err
		}))
}

func benchSigning(f *figures) error {
	key, chain, roots, err := benchAuthority()
	if err != nil {
		return err
	}
	papers := make([]signing, len(paperSigners))
	for round := range benchRounds + 1 {
		for k, n := range paperSigners {
			if err := papers[k].measure(n, key, chain, roots, round > 0); err != nil {
				return err
			}
		}
	}
	few, many, most := &papers[0], &papers[1], &papers[len(papers)-1]
	one := median(few.sign) / float64(paperSigners[0])
	// Of a cost of a fixed part and a part a byte the slope between two sizes is the same between all sizes.
	slope := func(of func(*signing) []float64, a, b *signing) float64 {
		return (median(of(b)) - median(of(a))) / float64(b.size-a.size)
	}
	sign, verify := func(s *signing) []float64 { return s.sign }, func(s *signing) []float64 { return s.examine }
	quadratic := float64(most.size+many.size) / float64(many.size+few.size)
	f.add("signature_ratio", one/median(few.set), "", "a signature, all but the key, beside setting the paper that is signed").atMost(0.2)
	f.add("signature_ms", one*1e3, "ms", fmt.Sprintf("a signature of %d: appearance, revision, digest, CMS, embedding; this and all below of processor", paperSigners[0]))
	f.add("signing_slope", slope(sign, many, most)/slope(sign, few, many), "", fmt.Sprintf("time a byte added from %d to %d signatures, beside that from %d to %d; n x size would be about %.0f", paperSigners[1], paperSigners[2], paperSigners[0], paperSigners[1], quadratic)).atMost(1.5)
	f.add("verifying_slope", slope(verify, many, most)/slope(verify, few, many), "", "the same of verifying").atMost(1.5)
	for k, n := range paperSigners {
		f.add(fmt.Sprintf("sign_%d_ms", n), median(papers[k].sign)*1e3, "ms", fmt.Sprintf("%d signatures, all but the key; the file has %d bytes then", n, papers[k].size))
		f.add(fmt.Sprintf("verify_%d_ms", n), median(papers[k].examine)*1e3, "ms", "verifying them")
	}
	return nil
}

// benchBadges sets the badges of a meeting.
func benchBadges(ctx context.Context, f *figures) error {
	dir, err := os.MkdirTemp("", "kurultai-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	var text bytes.Buffer
	text.WriteString("name,party,role\n")
	for i := range paperBadges {
		fmt.Fprintf(&text, "Person %d of the list,Party %d,%s\n", i, i/10, map[bool]string{true: "head", false: "staff"}[i%10 == 0])
	}
	path, data := filepath.Join(dir, "people.csv"), filepath.Join(dir, "record")
	if err := os.WriteFile(path, text.Bytes(), 0o600); err != nil {
		return err
	}
	if err := convene(ctx, data); err != nil {
		return err
	}
	i := &importer{what: "participants", dir: data, lang: "en", parties: true}
	if err := i.run(ctx, streams{io.Discard, io.Discard}, path); err != nil {
		return err
	}
	h, v, err := readView(ctx, data)
	if err != nil {
		return err
	}
	defer h.Close()
	at := slices.IndexFunc(paper.Kinds(), func(k paper.Kind) bool { return k.Name == "badges" })
	secretary := v.State().Holders(conference.Secretary)[0].Person
	l, _ := language.Get("en")
	w := paper.Wish{Language: l, Meeting: "vii"}
	var took, used []float64
	size := 0
	for round := range benchRounds + 1 {
		runtime.GC()
		start, before := time.Now(), processor()
		b, err := paper.Kinds()[at].Set(v.For(v.State().Reader(secretary, v.State().Last)), w)
		if err != nil {
			return err
		}
		if size = len(b); round > 0 {
			took, used = append(took, seconds(start)), append(used, processor()-before)
		}
	}
	f.add("badges_per_s", paperBadges/median(used), "badges/s", fmt.Sprintf("of processor: %d with names and codes, eight a page, %d bytes", paperBadges, size)).atLeast(1000)
	f.add("badges_s", median(took), "s", "until they are set, whatever else the machine does")
	return nil
}
