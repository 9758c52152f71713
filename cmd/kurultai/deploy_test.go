package main

import (
	"flag"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// variables are the names of the environment variables of a command.
func variables(name string) map[string]bool {
	names := map[string]bool{}
	c, known := commands()[name]
	if !known || !c().environment {
		return names
	}
	f := flag.NewFlagSet(name, flag.ContinueOnError)
	c().flags(f)
	f.VisitAll(func(one *flag.Flag) { names[variable(one.Name)] = true })
	return names
}

// parses holds the words behind kurultai in a file against the flags of the command.
func parses(t *testing.T, where string, words []string) {
	t.Helper()
	if len(words) == 0 || commands()[words[0]] == nil {
		t.Errorf("%s: there is no command %q", where, words)
		return
	}
	f := flag.NewFlagSet(words[0], flag.ContinueOnError)
	commands()[words[0]]().flags(f)
	if err := f.Parse(words[1:]); err != nil {
		t.Errorf("%s: %v", where, err)
	}
}

// The units call commands and set variables that there are, come back whatever ended them, and systemd takes them.
func TestUnitsAreTrue(t *testing.T) {
	units, err := filepath.Glob("../../deploy/*.service")
	if err != nil || len(units) != 3 {
		t.Fatalf("%q: %v", units, err)
	}
	aside := t.TempDir()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range units {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		fields := map[string][]string{}
		for line := range strings.Lines(string(text)) {
			if name, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok && !strings.HasPrefix(line, "#") {
				fields[name] = append(fields[name], value)
			}
		}
		command := strings.Fields(strings.Join(fields["ExecStart"], " "))
		if len(command) < 2 || command[0] != "/usr/local/bin/kurultai" {
			t.Errorf("%s starts %q", path, command)
			continue
		}
		parses(t, path, command[1:])
		for _, set := range strings.Fields(strings.Join(fields["Environment"], " ")) {
			if name, value, _ := strings.Cut(set, "="); !variables(command[1])[name] || value == "" {
				t.Errorf("%s sets %s, which %s does not read", path, name, command[1])
			}
		}
		for name, want := range map[string]string{"Restart": "always", "LimitNOFILE": "65536", "DynamicUser": "yes", "NoNewPrivileges": "yes", "ProtectSystem": "strict", "CapabilityBoundingSet": "", "StartLimitIntervalSec": "0", "UMask": "0077"} {
			if got := fields[name]; len(got) != 1 || got[0] != want {
				t.Errorf("%s: %s is %q", path, name, got)
			}
		}
		if !slices.Equal(fields["Type"], []string{"notify"}) || len(fields["WatchdogSec"]) != 1 {
			t.Errorf("%s: the node tells systemd that it is ready and alive, and the unit does not listen", path)
		}
		for _, dir := range regexp.MustCompile(`/var/lib/([a-z-]+)/`).FindAllStringSubmatch(string(text), -1) {
			if !slices.Contains(strings.Fields(strings.Join(fields["StateDirectory"], " ")), dir[1]) {
				t.Errorf("%s: nobody makes %s", path, dir[0])
			}
		}
		there := strings.ReplaceAll(string(text), "/usr/local/bin/kurultai", self)
		if err := os.WriteFile(filepath.Join(aside, filepath.Base(path)), []byte(there), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := exec.LookPath("systemd-analyze"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("systemd-analyze is missing; ./test installs it")
		}
		t.Log("systemd-analyze is missing: the units were read by this test alone; ./test installs it")
		return
	}
	copied, err := filepath.Glob(filepath.Join(aside, "*.service"))
	if err != nil || len(copied) != len(units) {
		t.Fatalf("%q: %v", copied, err)
	}
	if said, err := exec.Command("systemd-analyze", append([]string{"verify", "--man=no"}, copied...)...).CombinedOutput(); err != nil || len(said) > 0 {
		t.Errorf("systemd-analyze: %v\n%s", err, said)
	}
}

// What the Containerfile says is so: its files, its command, its variables, its ports, its user.
func TestTheContainerfileIsTrue(t *testing.T) {
	text, err := os.ReadFile("../../deploy/Containerfile")
	if err != nil {
		t.Fatal(err)
	}
	module, err := os.ReadFile("../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	line := func(pattern string) []string {
		m := regexp.MustCompile("(?m)^" + pattern + "$").FindStringSubmatch(string(text))
		if m == nil {
			t.Fatalf("no line %s", pattern)
		}
		return m[1:]
	}
	if tag := line(`FROM docker.io/library/golang:(\S+) AS build`)[0]; !strings.Contains(string(module), "\ngo "+tag+".") {
		t.Errorf("it builds with Go %s and go.mod asks for another", tag)
	}
	built := line(`RUN CGO_ENABLED=0 go build -trimpath -ldflags=-s -o (\S+) \./(\S+)`)
	if _, err := os.Stat(filepath.Join("../..", built[1], "main.go")); err != nil {
		t.Error(err)
	}
	placed := line(`COPY --from=build ` + built[0] + ` (\S+)`)[0]
	if started := line(`ENTRYPOINT \["(\S+)"\]`)[0]; started != placed {
		t.Errorf("it places %s and starts %s", placed, started)
	}
	parses(t, "CMD", []string{line(`CMD \["(\S+)"\]`)[0]})
	for _, from := range append(strings.Fields(line(`COPY (LICENSE .*) /`)[0]), strings.Fields(line(`COPY (go.mod .*) \./`)[0])...) {
		if _, err := os.Stat(filepath.Join("../..", from)); err != nil {
			t.Error(err)
		}
	}
	known, set := variables("serve"), map[string]string{}
	for _, one := range strings.Fields(line(`ENV (.*)`)[0]) {
		name, value, _ := strings.Cut(one, "=")
		if set[name] = value; !known[name] {
			t.Errorf("it sets %s, which serve does not read", name)
		}
	}
	_, port, err := net.SplitHostPort(set["KURULTAI_ADDR"])
	if err != nil || line(`EXPOSE (\d+)`)[0] != port {
		t.Errorf("it listens on %s and exposes another port: %v", set["KURULTAI_ADDR"], err)
	}
	volumes := line(`VOLUME \[(.*)\]`)[0]
	for _, path := range []string{set["KURULTAI_DATA"], filepath.Dir(set["KURULTAI_TRIPWIRE"])} {
		if !strings.Contains(volumes, `"`+path+`"`) || !strings.Contains(string(text), "COPY --from=build --chown=65532:65532 /out"+path+" "+path+"\n") {
			t.Errorf("%s is no volume that its user may write", path)
		}
	}
	if user := line(`USER (\d+:\d+)`)[0]; strings.HasPrefix(user, "0") {
		t.Error("it runs as root")
	}
	if stages := regexp.MustCompile(`(?m)^FROM (\S+)`).FindAllStringSubmatch(string(text), -1); len(stages) != 2 || stages[1][1] != "scratch" {
		t.Errorf("%q", stages)
	}
}
