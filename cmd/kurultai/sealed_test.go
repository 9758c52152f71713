package main

import (
	"bufio"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"unicode/utf16"

	"kurultai/conference"
	"kurultai/record/recordtest"
)

// A canary is what must never be where the server is.
type canary struct {
	name string
	text []byte
}

// needles are the shapes in which a text may lie on a disk, found byte by byte: plain, in base64 and base64url at each of
// three alignments, in hex, in UTF-16. What is compressed is inflated first.
func (c canary) needles() map[string][]byte {
	n := map[string][]byte{"plain": c.text, "hex": []byte(hex.EncodeToString(c.text)), "HEX": []byte(strings.ToUpper(hex.EncodeToString(c.text)))}
	for shift := range 3 {
		for name, enc := range map[string]*base64.Encoding{"base64": base64.RawStdEncoding, "base64url": base64.RawURLEncoding} {
			text := enc.EncodeToString(append(make([]byte, shift), c.text...))
			n[fmt.Sprint(name, shift)] = []byte(text[shift+shift/2+1 : len(text)-2]) // less the letters that bits of others share
		}
	}
	for name, order := range map[string][2]int{"UTF-16LE": {0, 8}, "UTF-16BE": {8, 0}} {
		var b []byte
		for _, u := range utf16.Encode([]rune(string(c.text))) {
			b = append(b, byte(u>>order[0]), byte(u>>order[1]))
		}
		n[name] = b
	}
	return n
}

// searched lists where canaries lie below folders, and counts the files and streams that were searched. Each byte is looked at
// as it lies, and each place where a stream of gzip or zlib may begin is inflated, and what comes out is looked at again.
func searched(t *testing.T, canaries []canary, folders ...string) (hits []string, files, streams int) {
	t.Helper()
	var look func(where string, b []byte, depth int)
	look = func(where string, b []byte, depth int) {
		for _, c := range canaries {
			for shape, needle := range c.needles() {
				if bytes.Contains(b, needle) {
					hits = append(hits, fmt.Sprintf("%s in %s, %s", c.name, where, shape))
				}
			}
		}
		for at := 0; depth < 3 && at+4 < len(b); at++ {
			var r io.Reader
			var err error
			switch {
			case b[at] == 0x1f && b[at+1] == 0x8b && b[at+2] == 8:
				r, err = gzip.NewReader(bytes.NewReader(b[at:]))
			case b[at]&0x0f == 8 && b[at] <= 0x78 && (int(b[at])<<8|int(b[at+1]))%31 == 0:
				r, err = zlib.NewReader(bytes.NewReader(b[at:]))
			default:
				continue
			}
			if err != nil {
				continue
			}
			if plain, _ := io.ReadAll(io.LimitReader(r, 32<<20)); len(plain) > 8 {
				streams++
				look(fmt.Sprintf("%s inflated at %d", where, at), plain, depth+1)
			}
		}
	}
	for _, folder := range folders {
		err := filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
			if err != nil || !d.Type().IsRegular() {
				return err
			}
			b, err := os.ReadFile(path)
			files++
			look(path, b, 0)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return hits, files, streams
}

// bech32 reads the bytes of an identity's text (BIP 173), less the checksum.
func bech32(text string) (out []byte) {
	_, data, _ := strings.Cut(strings.ToLower(text), "1")
	bits, count := 0, 0
	for _, letter := range data[:len(data)-6] {
		bits, count = bits<<5|strings.IndexRune("qpzry9x8gf2tvdw0s3jn54khce6mua7l", letter), count+5
		if count >= 8 {
			count -= 8
			out = append(out, byte(bits>>count))
			bits &= 1<<count - 1
		}
	}
	return out
}

// A far is a server that is a process of its own, and those who write to it from elsewhere.
type far struct {
	*testing.T
	server, clients string // everything of the server lies below the one, everything of its correspondents below the other
	url             string
	process         *exec.Cmd
}

// kurultai runs the command in a process of its own, for a correspondent.
func (f *far) kurultai(args ...string) string {
	f.Helper()
	out, err := f.try(args...)
	if err != nil {
		f.Fatalf("kurultai %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

func (f *far) try(args ...string) (string, error) {
	out, err := homeIn(f.clients, exec.Command("kurultai", args...)).CombinedOutput()
	return string(out), err
}

// homeIn has a program run in a folder that is its home too.
func homeIn(home string, cmd *exec.Cmd) *exec.Cmd {
	cmd.Dir, cmd.Env = home, homed(home)
	return cmd
}

// homed is the environment of a program whose home is a folder.
func homed(home string) []string {
	return append(slices.DeleteFunc(os.Environ(), func(v string) bool {
		name, _, _ := strings.Cut(v, "=")
		return slices.Contains([]string{"HOME", "TMPDIR", "XDG_STATE_HOME", "XDG_CACHE_HOME"}, name)
	}), "HOME="+home, "TMPDIR="+filepath.Join(home, "tmp"), "XDG_STATE_HOME="+filepath.Join(home, "state"), "XDG_CACHE_HOME="+filepath.Join(home, "cache"))
}

// start starts the server.
func (f *far) start() {
	f.Helper()
	f.process = homeIn(f.server, exec.Command("kurultai", "serve", "-data", "record", "-addr", "localhost:0", "-tripwire", "tripwire"))
	f.url = serving(f, f.process, filepath.Join(f.server, "log"))
	f.Cleanup(f.stop)
}

// serving starts a program that serves pages, keeps what it says in a file, and returns where its pages are.
func serving(t testing.TB, program *exec.Cmd, said string) (url string) {
	t.Helper()
	log, err := os.OpenFile(said, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	talk, err := program.StderrPipe()
	if err == nil {
		program.Stdout = log
		err = program.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(io.TeeReader(talk, log))
	for url == "" {
		line, err := lines.ReadString('\n')
		if err != nil {
			all, _ := os.ReadFile(said)
			t.Fatalf("the program ended: %v\n%s", err, all)
		}
		url = regexp.MustCompile(`http://localhost:\d+`).FindString(line)
	}
	go io.Copy(io.Discard, lines)
	return url
}

func (f *far) stop() {
	if f.process.ProcessState == nil {
		f.process.Process.Signal(syscall.SIGTERM)
		f.process.Wait()
	}
}

func newFar(t *testing.T) *far {
	f := &far{T: t, server: t.TempDir(), clients: t.TempDir()}
	for _, home := range []string{f.server, f.clients} {
		if err := os.Mkdir(filepath.Join(home, "tmp"), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	story, err := filepath.Abs("../../story/training.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	data := filepath.Join(f.server, "record")
	f.kurultai("play", "-data", data, story)
	h, v, err := readView(t.Context(), data)
	if err != nil {
		t.Fatal(err)
	}
	officers := v.State().Holders(conference.Secretary)
	holders := map[string]string{"secretary": string(officers[0].Person), "second": string(officers[1].Person)}
	for _, o := range v.State().Holders(conference.Head) {
		holders[string(o.For)] = string(o.Person)
	}
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	for _, who := range []string{"secretary", "second", "xl", "xa", "xo"} {
		f.kurultai("enrol", "-data", data, "-as", holders["secretary"], "-to", who+".officer", holders[who])
	}
	f.start()
	return f
}

// deposit makes a key in a file and deposits it; it returns the number of its entry.
func (f *far) deposit(who, file, use string) string {
	f.Helper()
	recipient, _, _ := strings.Cut(f.kurultai("sealed", "keygen", "-o", file), "\n")
	return f.entry(f.kurultai("act", "-url", f.url, "-key", who+".officer", "DepositRecipient", `{"recipient":"`+recipient+`","use":"`+use+`"}`))
}

func (f *far) entry(said string) string {
	f.Helper()
	m := regexp.MustCompile(`entry (\d+)  `).FindStringSubmatch(said)
	if m == nil {
		f.Fatalf("no entry: %s", said)
	}
	return m[1]
}

// person is the head of a party's delegation.
func (f *far) person(party string) string {
	f.Helper()
	_, v, err := readView(f.Context(), filepath.Join(f.server, "record"))
	if err != nil {
		f.Fatal(err)
	}
	for _, o := range v.State().Holders(conference.Head) {
		if string(o.For) == party {
			return string(o.Person)
		}
	}
	f.Fatalf("%s has no head", party)
	return ""
}

// sealed runs kurultai sealed for somebody at the server.
func (f *far) sealed(who, step string, args ...string) string {
	f.Helper()
	return f.kurultai(append([]string{"sealed", step, "-url", f.url, "-key", who + ".officer"}, args...)...)
}

func (f *far) write(name, text string) string {
	f.Helper()
	path := filepath.Join(f.clients, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		f.Fatal(err)
	}
	return path
}

// A server that is a process of its own takes notes, answers, copies for further keys; and on all of its disk, while it
// runs and after, in its record, its journal, its log, its temporary folder, what it exports and what was copied of it,
// nothing is found of what they say, nor of a secret half of a key. The search finds each shape of what is planted.
func TestTheServerHoldsNoPlainText(t *testing.T) {
	f := newFar(t)
	canaries := []canary{{"body", []byte("Canary-of-the-body-8tq2")}, {"subject", []byte("Canary-of-the-subject-v5xn")}, {"attachment", []byte("Canary-of-the-attachment-k3wd")}, {"file name", []byte("canary-of-a-name-p7rz.txt")}, {"answer", []byte("Canary-of-the-answer-m1hc")}, {"passphrase", []byte("canary of a passphrase j9")}}
	f.deposit("xl", "xl.key", "node")
	f.deposit("xa", "xa.key", "node")
	f.deposit("xo", "xo.key", "node")
	f.deposit("secretary", "s.key", "node")
	f.write("word", string(canaries[5].text)+"\n")
	f.kurultai("sealed", "keygen", "-passphrase", "word", "-o", "locked.key")
	for _, file := range []string{"xl.key", "xa.key", "xo.key", "s.key"} {
		b, err := os.ReadFile(filepath.Join(f.clients, file))
		if err != nil {
			t.Fatal(err)
		}
		secret := regexp.MustCompile(`AGE-SECRET-KEY-1[A-Z0-9]+`).FindString(string(b))
		if raw := bech32(secret); len(raw) != 32 {
			t.Fatalf("%d bytes in %s", len(raw), file)
		} else {
			canaries = append(canaries, canary{"identity " + file, []byte(secret)}, canary{"scalar of " + file, raw})
		}
	}
	f.write(string(canaries[3].text), strings.Repeat(string(canaries[2].text)+"\n", 500))
	note := f.entry(f.sealed("xl", "send", "-to", "xa,secretariat", "-subject", string(canaries[1].text), "-attach", string(canaries[3].text), "-passing", "addressees", "-reply-by", "2090-01-01", f.write("body.txt", "Sir, "+string(canaries[0].text))))
	if got := f.sealed("xa", "open", "-identity", "xa.key", "-receipt", note); !strings.Contains(got, string(canaries[0].text)) || !strings.Contains(got, string(canaries[1].text)) || !strings.Contains(got, "AcknowledgeNote") {
		t.Fatalf("%s", got)
	}
	f.sealed("xa", "pass", "-identity", "xa.key", "-to", "xo", note)
	if got := f.sealed("xo", "open", "-identity", "xo.key", "-o", f.clients+"/tmp", note); !strings.Contains(got, string(canaries[0].text)) {
		t.Fatalf("%s", got)
	}
	if b, err := os.ReadFile(filepath.Join(f.clients, "tmp", string(canaries[3].text))); err != nil || !bytes.Contains(b, canaries[2].text) {
		t.Fatalf("the attachment: %v", err)
	}
	f.sealed("xa", "send", "-to", "xl", "-answers", note, f.write("answer.txt", string(canaries[4].text)))
	if out, err := f.try("act", "-url", f.url, "-key", "xl.officer", "SendNote", `{"number":"99","form":"letter","date":"2027-06-08","secretariat":true,"keys":[1],"mark":"ordinary","passing":"nobody","plain":{"digestOf":"body.txt"},"ciphertext":{"file":"body.txt"}}`); err == nil || !strings.Contains(out, "unknown-recipient") {
		t.Errorf("a readable file: %v %s", err, out)
	}
	keys := regexp.MustCompile(`(?m)^entry (\d+)  secretariat  node  stands`).FindStringSubmatch(f.sealed("xl", "keys"))
	if out, err := f.try("act", "-url", f.url, "-key", "xl.officer", "SendNote", `{"number":"99","form":"letter","date":"2027-06-08","secretariat":true,"keys":[`+keys[1]+`],"mark":"ordinary","passing":"nobody","plain":{"digestOf":"body.txt"},"ciphertext":{"file":"body.txt"}}`); err == nil || !strings.Contains(out, "not-sealed") {
		t.Errorf("a readable file: %v %s", err, out)
	}

	hits, files, streams := searched(t, canaries, f.server)
	if len(hits) > 0 || files < 8 {
		t.Fatalf("%d files searched beside the running server: %v", files, hits)
	}
	// the same, stopped, with all that can be taken out of it, its own openings included, and a copy as a backup makes it
	f.stop()
	data := filepath.Join(f.server, "record")
	f.kurultai("export", "-data", data, "-format", "tiles", "-private", filepath.Join(f.server, "tiles"))
	if err := os.WriteFile(filepath.Join(f.server, "story"), []byte(f.kurultai("export", "-data", data, "-format", "story", "-private")), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(filepath.Join(f.server, "backup"), os.DirFS(data)); err != nil {
		t.Fatal(err)
	}
	hits, all, more := searched(t, canaries, f.server)
	if len(hits) > 0 || all < files {
		t.Fatalf("%d files searched: %v", all, hits)
	}
	t.Logf("%d files and %d streams searched beside the running server, %d and %d after it stopped, for %d canaries in %d shapes each: nothing", files, streams, all, more, len(canaries), len(canaries[0].needles()))
	verifier, err := filepath.Abs("../../doc/verify.py")
	if err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(recordtest.Program(t, "python3"), verifier, filepath.Join(f.server, "tiles")).CombinedOutput(); err != nil {
		t.Errorf("the second verifier: %v %s", err, out)
	}
	for _, out := range []string{f.kurultai("verify", data), f.kurultai("verify", filepath.Join(f.server, "tiles"))} {
		if !strings.Contains(out, "verified") {
			t.Errorf("%s", out)
		}
	}

	// the search proves itself: each shape, planted in the middle of the record's own files, is found
	plants := map[string]func([]byte) []byte{
		"gzip": func(b []byte) []byte {
			var w bytes.Buffer
			z := gzip.NewWriter(&w)
			z.Write(b)
			z.Close()
			return w.Bytes()
		},
		"zlib": func(b []byte) []byte {
			var w bytes.Buffer
			z := zlib.NewWriter(&w)
			z.Write(b)
			z.Close()
			return w.Bytes()
		},
		"gzip of base64": func(b []byte) []byte {
			var w bytes.Buffer
			z, _ := gzip.NewWriterLevel(&w, flate.BestCompression)
			z.Write([]byte(base64.StdEncoding.EncodeToString(b)))
			z.Close()
			return w.Bytes()
		},
	}
	for shape, needle := range canaries[0].needles() {
		plants[shape] = func([]byte) []byte { return needle }
	}
	place := filepath.Join(f.server, "record", "planted")
	record, err := os.ReadFile(filepath.Join(f.server, "record", "record.db"))
	if err != nil {
		t.Fatal(err)
	}
	for shape, plant := range plants {
		if err := os.WriteFile(place, slices.Concat(record[:4096], plant([]byte("Sir, "+string(canaries[0].text)+", yours")), record[4096:8192]), 0o600); err != nil {
			t.Fatal(err)
		}
		if hits, _, _ := searched(t, canaries[:1], filepath.Dir(place)); len(hits) == 0 {
			t.Errorf("%s, planted, is not found", shape)
		}
	}
	os.Remove(place)
	if len(plants) < 14 {
		t.Errorf("%d plants", len(plants))
	}
	t.Logf("%d plants found", len(plants))
}

// A recipient is added, a key lost, a delegate gone, and a node that names another key: each as it is met at the terminal,
// each recorded.
func TestKeysAreAddedLostAndEnded(t *testing.T) {
	f := newFar(t)
	f.deposit("xl", "xl.key", "node")
	lost := f.deposit("xa", "xa.key", "node")
	f.kurultai("follow", "-data", "copy", "-once", f.url)
	note := f.entry(f.sealed("xl", "send", "-copy", "copy", "-to", "xa", "-subject", "Levels", f.write("n.txt", "The water is low.")))
	f.kurultai("follow", "-data", "copy", "-once", f.url)

	// a key is lost: it is withdrawn, another deposited, and whoever can read the note encrypts it anew
	f.kurultai("act", "-url", f.url, "-key", "xa.officer", "WithdrawRecipient", `{"key":`+lost+`,"why":"lost"}`)
	further := f.deposit("xa", "xa2.key", "node")
	if out, err := f.try("sealed", "open", "-url", f.url, "-key", "xa.officer", "-identity", "xa2.key", note); err == nil || !strings.Contains(out, "no key in xa2.key opens") || !strings.Contains(out, "AskNote") {
		t.Errorf("before it is encrypted anew: %v %s", err, out)
	}
	f.kurultai("act", "-url", f.url, "-key", "xa.officer", "AskNote", `{"note":`+note+`,"key":`+further+`}`)
	if got := f.sealed("xl", "list"); !strings.Contains(got, "asked for anew") {
		t.Errorf("the sender is not told: %s", got)
	}
	if out, err := f.try("sealed", "pass", "-url", f.url, "-key", "xl.officer", "-copy", "copy", "-identity", "xl.key", note); err == nil || !strings.Contains(out, "your copy of the record does not") {
		t.Errorf("a key the own copy has not seen: %v %s", err, out)
	}
	f.kurultai("follow", "-data", "copy", "-once", f.url)
	f.sealed("xl", "pass", "-copy", "copy", "-identity", "xl.key", note)
	if got := f.sealed("xa", "open", "-copy", "copy", "-identity", "xa2.key", note); !strings.Contains(got, "The water is low.") {
		t.Errorf("%s", got)
	}
	if got := f.sealed("xa", "open", "-identity", "xa.key", note); !strings.Contains(got, "The water is low.") {
		t.Errorf("what was sent before stays readable to who holds the old key: %s", got)
	}

	// nothing more goes to the key that was withdrawn, nor may it be tried
	second := f.entry(f.sealed("xl", "send", "-to", "xa", f.write("m.txt", "It is lower still.")))
	if out, err := f.try("sealed", "open", "-url", f.url, "-key", "xa.officer", "-identity", "xa.key", second); err == nil {
		t.Errorf("the withdrawn key opens a later note: %s", out)
	}
	if out, err := f.try("sealed", "pass", "-url", f.url, "-key", "xl.officer", "-identity", "xl.key", "-keys", lost, second); err == nil || !strings.Contains(out, "recipient-withdrawn") {
		t.Errorf("a withdrawn key: %v %s", err, out)
	}

	// a recipient is added: not by who may not
	f.deposit("xo", "xo.key", "node")
	if out, err := f.try("sealed", "pass", "-url", f.url, "-key", "xa.officer", "-identity", "xa2.key", "-to", "xo", second); err == nil || !strings.Contains(out, "may-not-pass-on") {
		t.Errorf("passed on though nobody may: %v %s", err, out)
	}
	f.sealed("xl", "pass", "-identity", "xl.key", "-to", "xo", second)
	if got := f.sealed("xo", "open", "-identity", "xo.key", second); !strings.Contains(got, "lower still") {
		t.Errorf("%s", got)
	}

	// a delegate goes: its key ends with its office, though nobody withdrew it
	head := f.person("xo")
	recipient, _, _ := strings.Cut(f.kurultai("sealed", "keygen", "-o", "xo2.key"), "\n")
	theirs := f.entry(f.kurultai("act", "-url", f.url, "-key", "xo.officer", "DepositRecipient", `{"recipient":"`+recipient+`","use":"device","holder":"`+head+`"}`))
	f.kurultai("act", "-url", f.url, "-key", "secretary.officer", "-with", "second.officer", "RevokeOffice", `{"person":"`+head+`","capacity":"Head","for":"xo"}`)
	third := f.entry(f.sealed("xl", "send", "-to", "xo", f.write("k.txt", "It has not risen.")))
	if out, err := f.try("sealed", "pass", "-url", f.url, "-key", "xl.officer", "-identity", "xl.key", "-keys", theirs, third); err == nil || !strings.Contains(out, "holder-left") {
		t.Errorf("the key of a delegate who is gone: %v %s", err, out)
	}
	if got := f.sealed("xl", "keys"); !strings.Contains(got, "entry "+theirs+"  xo  device  ended") {
		t.Errorf("%s", got)
	}

	// and the record as it came out of this verifies, and goes through a story and back
	f.stop()
	data := filepath.Join(f.server, "record")
	if out := f.kurultai("verify", data); !strings.Contains(out, "verified") {
		t.Errorf("%s", out)
	}
	for _, private := range []bool{true, false} {
		args := []string{"export", "-data", data, "-format", "story"}
		again := filepath.Join(f.clients, fmt.Sprint("again", private))
		if private {
			args = append(args, "-private")
		}
		text := f.kurultai(args...)
		text = text[strings.Index(text, "{"):]
		if at := strings.LastIndex(text, "}\n"); at >= 0 {
			text = text[:at+2]
		}
		f.kurultai("play", "-data", again, f.write("exported.jsonl", text))
		args[2] = again
		back := f.kurultai(args...)
		if !strings.HasPrefix(back[strings.Index(back, "{"):], text) {
			t.Errorf("private %v: exported, played and exported again is another story", private)
		}
	}
}

// A server that names another key than the record holds is found out by whoever looks into a copy of its own.
func TestAKeyThatIsSwappedIsNoticed(t *testing.T) {
	f := newFar(t)
	f.deposit("xl", "xl.key", "node")
	f.deposit("xa", "xa.key", "node")
	f.kurultai("follow", "-data", "copy", "-once", f.url)
	theirs, _, _ := strings.Cut(f.kurultai("sealed", "keygen", "-o", "theirs.key"), "\n")
	liar := swapping(t, f.url, regexp.MustCompile(`("party":"xa","recipient":")age1[0-9a-z]+`), "${1}"+theirs)
	f.kurultai("act", "-url", f.url, "-key", "secretary.officer", "-with", "second.officer", "NameOrigin", `{"domain":"localhost","origins":["`+f.url+`","`+liar+`"]}`)
	note := f.write("n.txt", "The water is low.")
	swapped := []string{"sealed", "send", "-url", liar, "-key", "xl.officer", "-to", "xa"}
	if out, err := f.try(append(swapped, "-copy", "copy", note)...); err == nil || !strings.Contains(out, "your copy of the record does not") {
		t.Errorf("a swapped key: %v %s", err, out)
	}
	if out, err := f.try("sealed", "send", "-url", f.url, "-key", "xl.officer", "-copy", "copy", "-to", "xa", note); err != nil {
		t.Errorf("the honest server: %v %s", err, out)
	}
}

// swapping is a server that passes everything on, and changes what one answer says.
func swapping(t *testing.T, to string, what *regexp.Regexp, by string) string {
	t.Helper()
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	l, err := listen(streams{io.Discard, io.Discard}, "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		next, err := http.NewRequestWithContext(r.Context(), r.Method, to+r.URL.RequestURI(), bytes.NewReader(body))
		if err != nil {
			t.Error(err)
			return
		}
		next.Header = r.Header.Clone()
		next.Header.Del("Accept-Encoding")
		answer, err := client.Do(next)
		if err != nil {
			t.Error(err)
			return
		}
		defer answer.Body.Close()
		b, _ := io.ReadAll(answer.Body)
		b = what.ReplaceAll(b, []byte(by))
		for name, values := range answer.Header {
			if name != "Content-Length" {
				w.Header()[name] = values
			}
		}
		w.WriteHeader(answer.StatusCode)
		w.Write(b)
	})}
	go server.Serve(l)
	t.Cleanup(func() { server.Close() })
	return addressOf(l)
}
