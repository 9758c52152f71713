package cluster

import (
	"crypto/rand"
	"crypto/tls"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"kurultai/record/sqlite"
)

// A Founding says how a cluster begins.
type Founding struct {
	Name    string // of the first member
	At      string // HOST:PORT at which the others will reach it
	Distant bool   // members will be far apart, as Ankara, Baku and Almaty are
	Quota   int64  // of etcd's database, in bytes; 0: 2 GiB
	// Again founds anew from a copy of a cluster of which no majority is left. What that cluster was stays aside.
	Again bool
}

// minQuota leaves etcd room for the largest group and its own.
const minQuota = 256 << 20

// Found makes the record in dir, which nobody has open, the first member of a new cluster. The record itself is not
// touched: the member takes it over when it starts.
func Found(dir string, f Founding) error {
	if !isName(f.Name) {
		return refusal(fmt.Sprintf("a member is not called %.60q", f.Name), "1 to 40 of a-z, A-Z, 0-9 and -")
	}
	p, err := parsePlace(f.At)
	if err != nil {
		return refusal(err.Error(), "three ports from PORT on are used")
	}
	if f.Quota != 0 && f.Quota < minQuota || f.Quota > 16<<30 {
		return refusal(fmt.Sprintf("a quota of %d bytes", f.Quota), fmt.Sprintf("from %d to %d", minQuota, int64(16<<30)))
	}
	if _, err := os.Stat(filepath.Join(dir, "record.db")); err != nil {
		return refusal(dir+" holds no record", "a cluster begins with a record: kurultai init, or kurultai serve, founds one")
	}
	kept, err := sqlite.Open(dir, sqlite.Options{}) // nobody else has it
	if err == nil {
		err = kept.Close()
	}
	if errors.Is(err, sqlite.ErrTaken) {
		return refusal(err.Error(), "stop kurultai serve there first: a cluster begins with a record at rest")
	}
	if err != nil {
		return err
	}
	if err := putAside(dir, f.Again); err != nil {
		return err
	}
	// In a new cluster terms begin anew, and what was promised to a pen of another counts for nothing.
	if err := os.Remove(filepath.Join(dir, "keys", "subjects.terms")); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	token := make([]byte, 16)
	rand.Read(token)
	c := config{Cluster: hex.EncodeToString(token), Name: f.Name, At: p.String(), Members: map[string]string{f.Name: p.String()}, Distant: f.Distant, Quota: f.Quota}
	now := time.Now()
	ca, key, err := newAuthority(c.Cluster, now)
	if err != nil {
		return err
	}
	pair, err := issue(ca, key, f.Name, []string{p.host}, now)
	if err != nil {
		return err
	}
	return settle(dir, c, map[string][]byte{caPath(dir): ca, caKeyPath(dir): key, pairPath(dir): pair})
}

// settle writes what makes dir a member's; cluster.json comes last, for by it a member is known.
func settle(dir string, c config, files map[string][]byte) error {
	if err := os.MkdirAll(folder(dir), 0o700); err != nil {
		return fmt.Errorf("making %s: %w", folder(dir), err)
	}
	for path, b := range files {
		if err := sqlite.Replace(path, b); err != nil {
			return err
		}
	}
	return c.write(dir)
}

// putAside makes room for a new cluster where dir was of another.
func putAside(dir string, again bool) error {
	_, err := os.Stat(folder(dir))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if !Is(dir) { // an earlier founding was cut short
		return os.RemoveAll(folder(dir))
	}
	if !again {
		return refusal(dir+" is of a member of a cluster already", "where no majority of that cluster is left, for good: kurultai cluster init -force")
	}
	return os.Rename(folder(dir), folder(dir)+"-"+time.Now().UTC().Format("20060102T150405.000"))
}

// A ticket is the file with which a node joins, or a member takes over a new certificate.
type ticket struct {
	Cluster string            `json:"cluster"`
	Name    string            `json:"name"`
	CA      string            `json:"ca"`   // PEM
	Pair    string            `json:"pair"` // PEM: certificate and key; whoever has it is taken for NAME
	Members map[string]string `json:"members"`
}

// Certify makes the file with which a node called name at hosts joins, or, renewed, with which a member takes over a
// new certificate, which is good for a year. It works where the cluster's authority is. This member's own new
// certificate is taken over at once, and no file is returned.
func Certify(dir, name string, hosts []string, renew bool) ([]byte, error) {
	return CertifyFrom(dir, name, hosts, renew, time.Now())
}

// CertifyFrom is Certify with a certificate that is good from another moment on.
func CertifyFrom(dir, name string, hosts []string, renew bool, now time.Time) ([]byte, error) {
	c, err := readConfig(dir)
	if err != nil {
		return nil, err
	}
	ca, err := os.ReadFile(caPath(dir))
	if err != nil {
		return nil, err
	}
	key, err := os.ReadFile(caKeyPath(dir))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, refusal("the cluster's authority is not here: "+caKeyPath(dir)+" does not exist", "do this at the founder, or put ca.key here while it is needed")
	}
	if err != nil {
		return nil, err
	}
	if !isName(name) {
		return nil, refusal(fmt.Sprintf("a member is not called %.60q", name), "1 to 40 of a-z, A-Z, 0-9 and -")
	}
	at, member := c.Members[name]
	switch {
	case member && !renew:
		return nil, refusal(name+" is a member already", "a new certificate for it: kurultai cluster cert -renew; or give the new node another name")
	case !member && renew:
		return nil, refusal(name+" is no member", "kurultai cluster status names them")
	case member && len(hosts) == 0:
		p, err := parsePlace(at)
		if err != nil {
			return nil, err
		}
		hosts = []string{p.host}
	case len(hosts) == 0:
		return nil, refusal("no HOST is named", "the address at which the other members reach it")
	}
	for _, h := range hosts {
		if _, err := parsePlace(place{h, 1}.String()); err != nil {
			return nil, refusal(fmt.Sprintf("%.200q is no host", h), "an IP address or a name, without a port")
		}
	}
	pair, err := issue(ca, key, name, hosts, now)
	if err != nil {
		return nil, err
	}
	if name == c.Name {
		return nil, sqlite.Replace(pairPath(dir), pair)
	}
	b, err := json.MarshalIndent(ticket{c.Cluster, name, string(ca), string(pair), c.Members}, "", "  ")
	return append(b, '\n'), err
}

// maxTicket is the largest join file, in bytes.
const maxTicket = 64 << 10

func parseTicket(b []byte) (t ticket, err error) {
	if len(b) > maxTicket {
		return t, refusal("the file is too large to be one with which to join", "kurultai cluster cert makes them")
	}
	if err := json.Unmarshal(b, &t); err != nil || !isToken(t.Cluster) || !isName(t.Name) || len(t.Members) == 0 {
		return t, refusal("the file is not one with which to join", "kurultai cluster cert makes them")
	}
	if err := (config{Cluster: t.Cluster, Name: t.Name, At: "localhost:1", Members: t.Members}).check(); err != nil {
		return t, refusal("the file is damaged: "+err.Error(), "kurultai cluster cert makes them")
	}
	var pair *tls.Certificate
	authority, err := parseAuthority([]byte(t.CA))
	if err == nil {
		pair, err = parsePair([]byte(t.Pair), authority)
	}
	if err == nil && pair.Leaf.Subject.CommonName != t.Name {
		err = errors.New("the certificate is of another node")
	}
	if err != nil {
		return t, refusal("the file is damaged: "+err.Error(), "kurultai cluster cert makes them")
	}
	if time.Now().After(pair.Leaf.NotAfter) {
		return t, refusal("the certificate in the file has expired on "+pair.Leaf.NotAfter.Format(time.DateOnly), "kurultai cluster cert makes a new one")
	}
	return t, nil
}

// Take gives the member in dir the new certificate of a file that Certify made. One that runs uses it from the next
// connection on.
func Take(dir string, file []byte) error {
	c, err := readConfig(dir)
	if err != nil {
		return err
	}
	t, err := parseTicket(file)
	if err != nil {
		return err
	}
	ca, err := os.ReadFile(caPath(dir))
	if err != nil {
		return err
	}
	if t.Name != c.Name || t.Cluster != c.Cluster || !samePEM(ca, []byte(t.CA)) {
		return refusal(fmt.Sprintf("the file is for %s, and this is %s of another cluster or name", t.Name, c.Name), "kurultai cluster cert -renew "+c.Name+" makes one")
	}
	return sqlite.Replace(pairPath(dir), []byte(t.Pair))
}

func samePEM(a, b []byte) bool {
	x, err := parseAuthority(a)
	y, otherErr := parseAuthority(b)
	return err == nil && otherErr == nil && x.Equal(y)
}
