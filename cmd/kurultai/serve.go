package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/netip"
	"net/url"
	"os"
	"strings"

	"kurultai/cluster"
	"kurultai/web"
	"kurultai/witness"
)

func serveCommand() command {
	var dir, addr, tripwire, proxies, from string
	var provider web.Provider
	var secret string
	var watched opsFlags
	return command{
		environment: true,
		usage: `usage: kurultai serve -data DIR [-addr A]

Serves the pages of a record. Where DIR is empty or missing it leads through the set-up of a body: it prints one address,
which opens the set-up in a browser, once. All is saved at each step; the same command takes it up again.

People sign in where the record names it (act NameOrigin), over https: put a proxy before
it that sets X-Forwarded-Proto and X-Forwarded-For. Sessions stand in DIR/keys/sessions and outlive a restart.

  -data DIR        the record; empty or missing: one is set up
  -addr A          address (localhost:8080); a free port is taken if that one is not free
  -tripwire FILE   where the last checkpoint is kept, outside DIR
  -from LIST       URLs or folders, with commas between, where the end is fetched from if the record lacks it, besides the
                   nodes it admitted with an address
  -proxies LIST    networks of proxies whose word is taken, as 10.0.0.0/8,192.0.2.1/32; this machine's always is
  -oidc-issuer URL, -oidc-client ID, -oidc-secret FILE
                   a provider that vouches for people (OpenID Connect). It sends people back to ORIGIN/provider/callback
  -metrics A       address of Prometheus' metrics, as 9464: without a host this machine alone; without it there are none
  -log F           the log on standard error as text or json (text)

Each flag may be given as an environment variable instead, KURULTAI_ and its name in capitals with _ for -: KURULTAI_DATA,
KURULTAI_OIDC_ISSUER. The command line wins. OTEL_EXPORTER_OTLP_ENDPOINT says where traces go (OTLP over HTTP); without it
there are none. /healthz says whether the node can go on, /readyz whether it takes acts, and else why not.

example: kurultai serve -data baku
`,
		flags: func(f *flag.FlagSet) {
			f.StringVar(&dir, "data", "", "")
			f.StringVar(&addr, "addr", "localhost:8080", "")
			f.StringVar(&tripwire, "tripwire", "", "")
			f.StringVar(&from, "from", "", "")
			f.StringVar(&proxies, "proxies", "", "")
			f.StringVar(&provider.Issuer, "oidc-issuer", "", "")
			f.StringVar(&provider.Client, "oidc-client", "", "")
			f.StringVar(&secret, "oidc-secret", "", "")
			watched.define(f, "log")
		},
		run: func(ctx context.Context, io streams, args []string) error {
			if dir == "" || len(args) > 0 {
				return errUsage{"-data DIR is needed and nothing behind the flags"}
			}
			setup := inSetup(dir)
			if !isRecord(dir) && !setup && !cluster.Is(dir) {
				return hinted{fmt.Errorf("%s holds no record", dir), "name an empty or missing folder to set a body up in"}
			}
			o, err := signInOptions(&provider, secret, proxies)
			if err != nil {
				return err
			}
			w, io, err := watched.start(ctx, io)
			if err != nil {
				return err
			}
			defer w.stop()
			if setup {
				return serveSetup(ctx, io, dir, addr, tripwire, o, w)
			}
			for {
				err := serveRecord(ctx, io, dir, addr, tripwire, sources(from), o, w)
				if !errors.Is(err, witness.ErrAhead) {
					return err
				}
				if err := mend(ctx, dir, err, sources(from)); err != nil { // a node came that has seen more
					return err
				}
			}
		},
	}
}

// sources are what a list between commas names.
func sources(list string) []string {
	return strings.FieldsFunc(list, func(r rune) bool { return r == ',' })
}

// serveRecord serves a record until ctx ends, or until somebody has seen more of it than is here.
func serveRecord(ctx context.Context, io streams, dir, addr, tripwire string, from []string, o web.Options, w *ops) error {
	open := func() (*house, error) { return openToWrite(ctx, dir, tripwire, from...) }
	if cluster.Is(dir) {
		open = func() (*house, error) { return openMember(ctx, dir, tripwire) }
	}
	h, err := open()
	if err != nil {
		return err
	}
	defer h.Close()
	h.ops = w
	var ended <-chan error
	if h.member != nil {
		ended = h.member.Err()
		go h.member.Upkeep(ctx, h.marks.Covered)
	}
	site, err := startSite(ctx, io, h, addr, o)
	if err != nil {
		return err
	}
	defer site.stop()
	w.ready()
	if have, need, held := h.marks.Held(); held {
		fmt.Fprintf(io.talk, "%d of %d witnesses have answered: the pages are shown, and nothing is written until enough have; two secretaries end the wait by the act ProceedUnwitnessed\n", have, need)
	}
	named := make(chan error, 1)
	go func() { named <- h.nameOrigin(ctx, site.url) }()
	for {
		select {
		case <-ctx.Done():
			return nil
		case err := <-h.lost:
			return h.errLost(err)
		case err := <-ended:
			if no := (*cluster.Refusal)(nil); errors.As(err, &no) {
				return err // started again it would say the same
			}
			return fmt.Errorf("this machine's part of the quorum ended; it goes on when it is started again: %w", err)
		case err := <-named:
			if err != nil {
				return err
			}
		}
	}
}

// signInOptions are how people sign in besides by a passkey, and whose word about them is taken.
func signInOptions(p *web.Provider, secret, proxies string) (o web.Options, err error) {
	for list := range strings.SplitSeq(proxies, ",") {
		if list == "" {
			continue
		}
		network, err := netip.ParsePrefix(list)
		if err != nil {
			return o, errUsage{fmt.Sprintf("-proxies: %q is no network, as 10.0.0.0/8", list)}
		}
		o.Proxies = append(o.Proxies, network)
	}
	if p.Issuer == "" && p.Client == "" && secret == "" {
		return o, nil
	}
	at, err := url.Parse(p.Issuer)
	if err != nil || at.Scheme != "https" && !(at.Scheme == "http" && at.Hostname() == "localhost") || p.Client == "" {
		return o, errUsage{"a provider has an -oidc-issuer that begins with https and an -oidc-client"}
	}
	if secret != "" {
		b, err := os.ReadFile(secret)
		if err != nil {
			return o, hinted{fmt.Errorf("reading the provider's secret: %w", err), "-oidc-secret names a file that holds it, and nothing else"}
		}
		p.Secret = strings.TrimSpace(string(b))
	}
	o.Provider = p
	return o, nil
}
