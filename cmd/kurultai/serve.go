package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"strings"
	"sync"
	"time"

	"kurultai/web"
	"kurultai/witness"
)

func serveCommand() command {
	var dir, addr, tripwire, proxies string
	var provider web.Provider
	var secret string
	return command{
		usage: `usage: kurultai serve -data DIR [-addr A]

Serves the pages of a record. Where DIR is empty or missing it leads through the set-up of a body: it prints one address,
which opens the set-up in a browser, once. All is saved at each step; the same command takes it up again.

People sign in where the record names it (act NameOrigin), over https: put a proxy before
it that sets X-Forwarded-Proto and X-Forwarded-For. Sessions stand in DIR/keys/sessions and outlive a restart.

  -data DIR        the record; empty or missing: one is set up
  -addr A          address (localhost:8080); a free port is taken if that one is not free
  -tripwire FILE   where the last checkpoint is kept, outside DIR
  -proxies LIST    networks of proxies whose word is taken, as 10.0.0.0/8,192.0.2.1/32; this machine's always is
  -oidc-issuer URL, -oidc-client ID, -oidc-secret FILE
                   a provider that vouches for people (OpenID Connect); or KURULTAI_OIDC_ISSUER, _CLIENT and _SECRET.
                   It sends people back to ORIGIN/provider/callback

example: kurultai serve -data baku
`,
		flags: func(f *flag.FlagSet) {
			f.StringVar(&dir, "data", "", "")
			f.StringVar(&addr, "addr", "localhost:8080", "")
			f.StringVar(&tripwire, "tripwire", "", "")
			f.StringVar(&proxies, "proxies", "", "")
			f.StringVar(&provider.Issuer, "oidc-issuer", os.Getenv("KURULTAI_OIDC_ISSUER"), "")
			f.StringVar(&provider.Client, "oidc-client", os.Getenv("KURULTAI_OIDC_CLIENT"), "")
			f.StringVar(&secret, "oidc-secret", os.Getenv("KURULTAI_OIDC_SECRET"), "")
		},
		run: func(ctx context.Context, io streams, args []string) error {
			if dir == "" || len(args) > 0 {
				return errUsage{"-data DIR is needed and nothing behind the flags"}
			}
			setup := inSetup(dir)
			if !isRecord(dir) && !setup {
				return hinted{fmt.Errorf("%s holds no record", dir), "name an empty or missing folder to set a body up in"}
			}
			o, err := signInOptions(&provider, secret, proxies)
			if err != nil {
				return err
			}
			if setup {
				return serveSetup(ctx, io, dir, addr, tripwire, o)
			}
			h, err := openToWrite(ctx, dir, tripwire)
			if err != nil {
				return err
			}
			defer h.Close()
			if err := askWitnesses(ctx, h, io); err != nil {
				return err
			}
			site, err := startSite(ctx, io, h, addr, o)
			if err != nil {
				return err
			}
			defer site.stop()
			if err := h.nameOrigin(ctx, site.url); err != nil {
				return err
			}
			select {
			case <-ctx.Done():
				return nil
			case err := <-h.lost:
				return h.errLost(err)
			}
		},
	}
}

// askWitnesses asks those that wait for checkpoints what they have seen, before anything is written: one that has seen
// more says that this record was put back from an older copy.
func askWitnesses(ctx context.Context, h *house, io streams) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	var asked sync.WaitGroup
	for _, n := range h.s.View().State().Nodes() {
		if n.Withdrawn > 0 || n.Address == "" {
			continue
		}
		asked.Go(func() {
			err := witness.Ask(ctx, h.marks, &http.Client{Timeout: 5 * time.Second}, n.Address)
			switch {
			case errors.Is(err, witness.ErrAhead):
				h.ahead(err)
			case err != nil:
				fmt.Fprintf(io.talk, "the witness at %s did not answer: %v\n", n.Address, err)
			}
		})
	}
	asked.Wait()
	select {
	case err := <-h.lost:
		return h.errLost(err)
	default:
		return nil
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
