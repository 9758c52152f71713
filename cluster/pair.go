package cluster

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"os"
	"sync"
	"time"
)

const (
	authorityYears = 10
	pairYears      = 1
	// beforehand is how far clocks of members may be apart when a certificate is new.
	beforehand = time.Hour
)

func serial() (*big.Int, error) { return rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127)) }

func pemOf(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

// newAuthority draws the authority of a cluster: its certificate and its key, in PEM.
func newAuthority(cluster string, now time.Time) (cert, key []byte, err error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	number, err := serial()
	if err != nil {
		return nil, nil, err
	}
	a := &x509.Certificate{SerialNumber: number, Subject: pkix.Name{CommonName: "Kurultai cluster " + cluster}, NotBefore: now.Add(-beforehand), NotAfter: now.AddDate(authorityYears, 0, 0),
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign, BasicConstraintsValid: true, IsCA: true, MaxPathLenZero: true}
	der, err := x509.CreateCertificate(rand.Reader, a, a, private.Public(), private)
	if err != nil {
		return nil, nil, err
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(private)
	return pemOf("CERTIFICATE", der), pemOf("PRIVATE KEY", keyDER), err
}

// issue makes the certificate and the key of a member, in one PEM file.
func issue(caCert, caKey []byte, name string, hosts []string, now time.Time) ([]byte, error) {
	authority, err := tls.X509KeyPair(caCert, caKey)
	if err != nil {
		return nil, fmt.Errorf("the cluster's authority: %w", err)
	}
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	number, err := serial()
	if err != nil {
		return nil, err
	}
	c := &x509.Certificate{SerialNumber: number, Subject: pkix.Name{CommonName: name}, NotBefore: now.Add(-beforehand), NotAfter: now.AddDate(pairYears, 0, 0),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}, BasicConstraintsValid: true}
	if authority.Leaf.NotAfter.Before(c.NotAfter) {
		c.NotAfter = authority.Leaf.NotAfter
	}
	for _, host := range hosts {
		if ip := net.ParseIP(host); ip != nil {
			c.IPAddresses = append(c.IPAddresses, ip)
		} else {
			c.DNSNames = append(c.DNSNames, host)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, c, authority.Leaf, private.Public(), authority.PrivateKey)
	if err != nil {
		return nil, err
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return nil, err
	}
	return append(pemOf("CERTIFICATE", der), pemOf("PRIVATE KEY", keyDER)...), nil
}

// A pair is this member's certificate and key as they are on the disk now, and the authority that members trust.
type pair struct {
	path      string
	authority *x509.Certificate
	trust     *x509.CertPool // the authority
	log       *slog.Logger

	mu      sync.Mutex
	read    []byte // of the file
	current *tls.Certificate
}

func openPair(ca, path string, log *slog.Logger) (*pair, error) {
	b, err := os.ReadFile(ca)
	if err != nil {
		return nil, fmt.Errorf("reading whom members trust: %w", err)
	}
	p := &pair{path: path, trust: x509.NewCertPool(), log: log}
	if p.authority, err = parseAuthority(b); err != nil {
		return nil, fmt.Errorf("reading %s: %w", ca, err)
	}
	p.trust.AddCert(p.authority)
	_, err = p.get()
	return p, err
}

// parseAuthority reads whom members trust.
func parseAuthority(b []byte) (*x509.Certificate, error) {
	block, _ := pem.Decode(b)
	if block == nil {
		return nil, errors.New("no certificate")
	}
	return x509.ParseCertificate(block.Bytes)
}

// parsePair reads a certificate of an authority with its key, also one that has expired.
func parsePair(b []byte, authority *x509.Certificate) (*tls.Certificate, error) {
	c, err := tls.X509KeyPair(b, b)
	if err == nil {
		err = c.Leaf.CheckSignatureFrom(authority)
	}
	return &c, err
}

// get is the pair, read again where the file is another. A new one that cannot be read leaves the old one in use.
func (p *pair) get() (*tls.Certificate, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	b, err := os.ReadFile(p.path)
	if err == nil && bytes.Equal(b, p.read) {
		return p.current, nil
	}
	var c *tls.Certificate
	if err == nil {
		c, err = parsePair(b, p.authority)
	}
	switch {
	case err == nil:
		p.current = c
	case p.current == nil:
		return nil, fmt.Errorf("reading this member's certificate in %s: %w", p.path, err)
	case b != nil: // said once
		p.log.Error("the new certificate is not taken", "why", err)
	}
	p.read = b
	return p.current, nil
}

// ends is when the pair's certificate ends.
func (p *pair) ends() time.Time {
	c, err := p.get()
	if err != nil {
		return time.Time{}
	}
	return c.Leaf.NotAfter
}

// serving is how the members' HTTPS knows who asks.
func (p *pair) serving() *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS13, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: p.trust, SessionTicketsDisabled: true, NextProtos: []string{"h2", "http/1.1"},
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return p.get() }}
}

// client asks other members.
func (p *pair) client(distant bool) *http.Client {
	patience := 2 * time.Second
	if distant {
		patience = 6 * time.Second
	}
	dialer := &net.Dialer{Timeout: patience, KeepAlive: 5 * time.Second}
	return &http.Client{Transport: &http.Transport{DialContext: dialer.DialContext, TLSHandshakeTimeout: patience, IdleConnTimeout: 30 * time.Second, MaxIdleConnsPerHost: 16, ForceAttemptHTTP2: true,
		HTTP2:           &http.HTTP2Config{SendPingTimeout: 2 * patience, PingTimeout: patience},
		TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS13, RootCAs: p.trust, GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return p.get() }}}}
}

// certificateTrouble says in clear words what an error of TLS is about, or "".
func certificateTrouble(err error) string {
	if err == nil {
		return ""
	}
	var invalid x509.CertificateInvalidError
	var unknown x509.UnknownAuthorityError
	var host x509.HostnameError
	text := []byte(err.Error())
	switch {
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired, bytes.Contains(text, []byte("certificate has expired or is not yet valid")):
		return "its certificate has expired, or begins in the future: kurultai cluster cert -renew"
	case bytes.Contains(text, []byte("tls: expired certificate")):
		return "it says that this member's certificate has expired: kurultai cluster cert -renew"
	case errors.As(err, &unknown), bytes.Contains(text, []byte("certificate signed by unknown authority")):
		return "its certificate is of another cluster"
	case bytes.Contains(text, []byte("tls: bad certificate")):
		return "it does not take this member's certificate, which has expired, or is of another cluster"
	case bytes.Contains(text, []byte("tls: unknown certificate authority")):
		return "it says that this member's certificate is of another cluster"
	case errors.As(err, &host):
		return "its certificate does not name its address: kurultai cluster cert -renew with its HOST"
	case bytes.Contains(text, []byte("client didn't provide a certificate")), bytes.Contains(text, []byte("tls: certificate required")):
		return "it has no certificate of this cluster"
	case errors.Is(err, context.DeadlineExceeded):
		return "it does not answer in time"
	}
	return ""
}
