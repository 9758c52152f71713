package doc_test

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// below is doc/architecture.md's last column: what each package of ours may import of ours.
var below = map[string]string{
	"depositary/treaties": "depositary",
	"record/canonical":    "",
	"record":              "record/canonical",
	"record/recordtest":   "record record/canonical",
	"record/sqlite":       "record record/canonical",
	"record/passkey":      "record record/canonical",
	"record/tiles":        "record record/canonical",
	"rules":               "record/canonical",
	"depositary":          "record record/canonical",
	"rules/bodies":        "record/canonical rules",
	"conference":          "record record/canonical rules depositary",
	"witness":             "record record/canonical conference rules",
	"secretariat":         "record record/canonical conference rules secretariat/gather",
	"secretariat/gather":  "",
	"story":               "record record/canonical conference secretariat",
	"exchange":            "record record/canonical conference rules secretariat language paper drafting",
	"story/storytest":     "record record/canonical record/sqlite secretariat story",
	"language":            "",
	"paper":               "conference depositary language record paper/pdf paper/cms paper/seal paper/examine drafting",
	"paper/pdf":           "",
	"paper/cms":           "",
	"paper/seal":          "paper/pdf",
	"paper/examine":       "language paper/cms",
	"web":                 "record record/canonical conference depositary rules language paper paper/examine web/live drafting",
	"web/live":            "",
	"sealed":              "record record/canonical",
	"web/browser":         "",
	"cmd/kurultai":        "*",
	"record/etcd":         "record record/sqlite",
	"record/etcd/faults":  "cluster record record/etcd record/recordtest record/sqlite record/tiles",
	"drafting":            "",
	"simulation":          "record record/canonical record/passkey record/tiles rules conference secretariat story web witness",
	"measure":             "secretariat/gather",
	"cluster":             "record record/etcd record/sqlite",
	"backup":              "",
	"operations":          "",
}

// pure are the packages that know no clock, chance, network, disk, log or lock, and what else they may import.
var pure = []string{"conference", "rules", "depositary", "record", "record/canonical"}

var pureImports = strings.Fields(`bytes cmp context crypto/aes crypto/cipher crypto/ecdsa crypto/ed25519 crypto/elliptic crypto/hkdf crypto/sha256 encoding/base64 encoding/binary encoding/hex errors fmt io iter maps math/bits reflect regexp slices
	strconv strings unicode/utf8 golang.org/x/mod/sumdb/note golang.org/x/mod/sumdb/tlog sync`)

func TestImportsPointDownTheMap(t *testing.T) {
	cmd := exec.Command("go", "list", "-json=ImportPath,Imports", "kurultai/...")
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	checked := 0
	for in := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p struct {
			ImportPath string
			Imports    []string
		}
		if err := in.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		name := strings.TrimPrefix(p.ImportPath, "kurultai/")
		allowed, known := below[name]
		if !known && name != "doc" {
			t.Errorf("%s is not on the map", name)
		}
		for _, i := range p.Imports {
			checked++
			ours, inside := strings.CutPrefix(i, "kurultai/")
			if inside && allowed != "*" && !slices.Contains(strings.Fields(allowed), ours) {
				t.Errorf("%s imports %s, which is not below it", name, ours)
			}
			if !inside && slices.Contains(pure, name) && !slices.Contains(pureImports, i) {
				t.Errorf("%s is to be arithmetic and imports %s", name, i)
			}
			// A lock is allowed in one place: the cache of how Go types are spelt, which no result shows.
			if i == "sync" && slices.Contains(pure, name) && name != "record/canonical" {
				t.Errorf("%s holds a lock", name)
			}
		}
	}
	if checked < 50 {
		t.Fatalf("%d imports checked", checked)
	}
	t.Logf("%d imports checked", checked)
}
