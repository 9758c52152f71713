package main

import (
	"cmp"
	"context"
	"fmt"
	"runtime"
	"runtime/debug"

	"kurultai/backup"
	"kurultai/conference"
	"kurultai/record/sqlite"
)

func versionCommand() command {
	return command{
		usage: `usage: kurultai version

Which program this is: its version and commit, the draft of the format its folders are of, the newest edition it decides
under, the format of its backups. A folder of another draft is refused before anything in it is touched.

example: kurultai version
`,
		run: func(_ context.Context, io streams, args []string) error {
			if len(args) > 0 {
				return errUsage{"nothing stands behind it"}
			}
			fmt.Fprintf(io.out, "%s\nfolder: draft %d\neditions: 1 to %d\nbackup: format %d\n", program(), sqlite.Draft, newestEdition(), backup.Format)
			return nil
		},
	}
}

// newestEdition is the newest edition of the deciding code that this program knows.
func newestEdition() (n int64) {
	for n = 1; (&conference.State{Edition: n + 1}).EditionKnown(); n++ {
	}
	return n
}

// program names this program: version, commit, Go, system.
func program() string {
	version, commit, changed := "(devel)", "", ""
	if info, ok := debug.ReadBuildInfo(); ok {
		version = cmp.Or(info.Main.Version, version)
		for _, s := range info.Settings {
			switch {
			case s.Key == "vcs.revision":
				commit = " " + s.Value[:min(12, len(s.Value))]
			case s.Key == "vcs.modified" && s.Value == "true":
				changed = " changed"
			}
		}
	}
	return fmt.Sprintf("kurultai %s%s%s, %s, %s/%s", version, commit, changed, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}
