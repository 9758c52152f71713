// Command kurultai-token signs on a PKCS#11 device what kurultai sign prepared. It is a program of its own because the
// device's library is C: the main program needs none. It is small so that who keeps the key can read all of it.
package main

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/ThalesGroup/crypto11"
	"golang.org/x/term"
)

const usage = `usage: kurultai-token list -module LIB -token LABEL
       kurultai-token certificate -module LIB -token LABEL -key LABEL -o FILE
       kurultai-token sign -module LIB -token LABEL -key LABEL -o FILE BYTES

Signs on a card or a security module (PKCS#11). BYTES are what kurultai sign make -bytes wrote; the SHA-256 of the
paper is shown before the PIN is asked, and is the one kurultai sign prepare printed. What is no such bytes is not signed.

  -module LIB    the device's library, as /usr/lib/softhsm/libsofthsm2.so
  -token LABEL   the label of the token
  -key LABEL     the label of the key, and of its certificate
  -pin FILE      the first line is the PIN; it is asked on the terminal without this flag
  -o FILE        where to write the value of the signature, for kurultai sign make -value

example: kurultai-token sign -module /usr/lib/softhsm/libsofthsm2.so -token ministry -key minister -o value bytes
`

func main() {
	if err := run(os.Args[1:], os.Stdout); errors.Is(err, flag.ErrHelp) {
		fmt.Fprint(os.Stdout, usage)
	} else if err != nil {
		fmt.Fprintf(os.Stderr, "kurultai-token: %v\n", err)
		var wrong errUsage
		if errors.As(err, &wrong) {
			fmt.Fprintln(os.Stderr, "hint: kurultai-token -h shows how it is called")
			os.Exit(2)
		}
		os.Exit(1)
	}
}

// errUsage is a mistake in how the command was called.
type errUsage string

func (e errUsage) Error() string { return string(e) }

// A device is a token with the key that is meant.
type device struct{ module, token, key, pin, out string }

func run(args []string, out io.Writer) error {
	if len(args) == 0 {
		return errUsage("say list, certificate or sign")
	}
	if args[0] == "-h" || args[0] == "--help" || args[0] == "help" {
		return flag.ErrHelp
	}
	var d device
	f := flag.NewFlagSet("kurultai-token", flag.ContinueOnError)
	f.SetOutput(io.Discard)
	f.StringVar(&d.module, "module", "", "")
	f.StringVar(&d.token, "token", "", "")
	f.StringVar(&d.key, "key", "", "")
	f.StringVar(&d.pin, "pin", "", "")
	f.StringVar(&d.out, "o", "", "")
	if err := f.Parse(args[1:]); errors.Is(err, flag.ErrHelp) {
		return err
	} else if err != nil {
		return errUsage(err.Error())
	}
	if d.module == "" || d.token == "" {
		return errUsage("-module LIB and -token LABEL are needed")
	}
	switch args[0] {
	case "list":
		return d.with(func(c *crypto11.Context) error { return list(c, out) })
	case "certificate", "sign":
		if d.key == "" || d.out == "" {
			return errUsage("-key LABEL and -o FILE are needed")
		}
	default:
		return errUsage(fmt.Sprintf("%q is none of list, certificate and sign", args[0]))
	}
	if args[0] == "certificate" {
		return d.with(d.certificate)
	}
	if f.NArg() != 1 {
		return errUsage("which BYTES? kurultai sign make -bytes writes them")
	}
	return d.sign(f.Arg(0), out)
}

// with opens the token while do runs.
func (d *device) with(do func(*crypto11.Context) error) error {
	pin, err := d.readPIN()
	if err != nil {
		return err
	}
	c, err := crypto11.Configure(&crypto11.Config{Path: d.module, TokenLabel: d.token, Pin: pin})
	if err != nil {
		return fmt.Errorf("opening token %s: %w", d.token, err)
	}
	return errors.Join(do(c), c.Close())
}

func (d *device) readPIN() (string, error) {
	if d.pin != "" {
		b, err := os.ReadFile(d.pin)
		line, _, _ := strings.Cut(string(b), "\n")
		return strings.TrimSuffix(line, "\r"), err
	}
	fmt.Fprintf(os.Stderr, "PIN of token %s: ", d.token)
	pin, err := term.ReadPassword(int(os.Stdin.Fd()))
	fmt.Fprintln(os.Stderr)
	if err != nil {
		return "", fmt.Errorf("reading the PIN: %w (-pin FILE reads it from a file)", err)
	}
	return string(pin), nil
}

// list prints the keys of the token that have a label, and whose their certificates are.
func list(c *crypto11.Context, out io.Writer) error {
	keys, err := c.FindAllKeyPairs()
	if err != nil {
		return err
	}
	for _, k := range keys {
		label, err := c.GetAttribute(k, crypto11.CkaLabel)
		if err != nil || label == nil {
			continue
		}
		whose := "no certificate"
		if x, err := c.FindCertificate(nil, label.Value, nil); err == nil && x != nil {
			whose = x.Subject.String()
		}
		fmt.Fprintf(out, "%s  %T  %s\n", label.Value, k.Public(), whose)
	}
	return nil
}

// certificate writes the certificate of the key as PEM.
func (d *device) certificate(c *crypto11.Context) error {
	x, err := c.FindCertificate(nil, []byte(d.key), nil)
	if err != nil {
		return err
	}
	if x == nil {
		return fmt.Errorf("token %s holds no certificate %s: its issuer has it", d.token, d.key)
	}
	return os.WriteFile(d.out, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: x.Raw}), 0o644)
}

// sign signs the bytes by SHA-256.
func (d *device) sign(path string, out io.Writer) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	digest, err := paperOf(b)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	fmt.Fprintf(out, "signs the paper with SHA-256 %x\n", digest)
	return d.with(func(c *crypto11.Context) error {
		key, err := c.FindKeyPair(nil, []byte(d.key))
		if err != nil || key == nil {
			return fmt.Errorf("token %s holds no key %s: kurultai-token list names them", d.token, d.key)
		}
		sum := sha256.Sum256(b)
		value, err := key.Sign(rand.Reader, sum[:], crypto.SHA256)
		if err != nil {
			return fmt.Errorf("the device does not sign: %w", err)
		}
		return os.WriteFile(d.out, value, 0o644)
	})
}

// Attributes that a signature in the form of PAdES B-B signs (RFC 5652, 11; RFC 5035, 3): these three and no other.
var (
	contentType   = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 3}
	messageDigest = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 4}
	certificateV2 = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 47}
)

// paperOf is the SHA-256 of the paper that signed attributes are of. Other bytes are an error: a device signs what its
// keeper was shown.
func paperOf(b []byte) (digest []byte, err error) {
	none := errors.New("these are no bytes of kurultai sign make -bytes")
	var list []struct {
		Type   asn1.ObjectIdentifier
		Values []asn1.RawValue `asn1:"set"`
	}
	if rest, err := asn1.UnmarshalWithParams(b, &list, "set"); err != nil || len(rest) > 0 || len(list) != 3 {
		return nil, none
	}
	seen := map[string][]byte{}
	for _, a := range list {
		if len(a.Values) != 1 {
			return nil, none
		}
		seen[a.Type.String()] = a.Values[0].FullBytes
	}
	if len(seen) != 3 || len(seen[contentType.String()]) == 0 || len(seen[certificateV2.String()]) == 0 {
		return nil, none
	}
	if rest, err := asn1.Unmarshal(seen[messageDigest.String()], &digest); err != nil || len(rest) > 0 || len(digest) != sha256.Size || bytes.Equal(digest, make([]byte, sha256.Size)) {
		return nil, none
	}
	return digest, nil
}
