package main

import (
	"context"
	"flag"
	"fmt"
)

func serveCommand() command {
	var dir, addr, tripwire string
	return command{
		usage: `usage: kurultai serve -data DIR [-addr A]

Serves the pages of a record.

  -data DIR        the record
  -addr A          address (localhost:8080); a free port is taken if that one is not free
  -tripwire FILE   where the last checkpoint is kept, outside DIR

example: kurultai serve -data baku
`,
		flags: func(f *flag.FlagSet) {
			f.StringVar(&dir, "data", "", "")
			f.StringVar(&addr, "addr", "localhost:8080", "")
			f.StringVar(&tripwire, "tripwire", "", "")
		},
		run: func(ctx context.Context, io streams, args []string) error {
			if dir == "" || len(args) > 0 {
				return errUsage{"-data DIR is needed and nothing behind the flags"}
			}
			if !isRecord(dir) {
				return hinted{fmt.Errorf("%s holds no record", dir), "kurultai demo -data " + dir + " plays one into it, kurultai init founds an empty one"}
			}
			h, err := openToWrite(ctx, dir, tripwire)
			if err != nil {
				return err
			}
			defer h.Close()
			site, err := startSite(ctx, io, h, addr, "")
			if err != nil {
				return err
			}
			defer site.stop()
			<-ctx.Done()
			return nil
		},
	}
}
