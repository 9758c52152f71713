package main

import (
	"context"
	"crypto/rand"
	"flag"
	"time"

	"github.com/transparency-dev/tessera"
	"github.com/transparency-dev/tessera/storage/posix"
	"golang.org/x/mod/sumdb/note"
	"k8s.io/klog/v2"
)

// tiled is Tessera on a file system.
type tiled struct {
	appender *tessera.Appender
	await    *tessera.PublicationAwaiter
	close    func(context.Context) error
	stop     context.CancelFunc
}

// tuned is what makes Tessera soonest: a batch never waits for more than those who are there, and a checkpoint is
// published as often as it allows.
func tuned(o *tessera.AppendOptions) *tessera.AppendOptions {
	return o.WithBatching(many, time.Millisecond).WithCheckpointInterval(100 * time.Millisecond)
}

func openTessera(tune func(*tessera.AppendOptions) *tessera.AppendOptions) func(context.Context, string) (system, error) {
	return func(ctx context.Context, dir string) (system, error) {
		quiet := flag.NewFlagSet("", flag.ContinueOnError)
		klog.InitFlags(quiet)
		if err := quiet.Parse([]string{"-logtostderr=false", "-stderrthreshold=FATAL", "-log_file=/dev/null"}); err != nil {
			return nil, err
		}
		secret, _, err := note.GenerateKey(rand.Reader, "bench.example")
		if err != nil {
			return nil, err
		}
		signer, err := note.NewSigner(secret)
		if err != nil {
			return nil, err
		}
		driver, err := posix.New(ctx, posix.Config{Path: dir})
		if err != nil {
			return nil, err
		}
		options := tessera.NewAppendOptions().WithCheckpointSigner(signer)
		if tune != nil {
			options = tune(options)
		}
		ctx, stop := context.WithCancel(ctx)
		a, end, reader, err := tessera.NewAppender(ctx, driver, options)
		if err != nil {
			stop()
			return nil, err
		}
		return &tiled{a, tessera.NewPublicationAwaiter(ctx, reader.ReadCheckpoint, time.Millisecond), end, stop}, nil
	}
}

func (l *tiled) turn(ctx context.Context, t turn) (took, error) {
	return authors(t, func(_ int, b []byte) (err error) {
		future := l.appender.Add(ctx, tessera.NewEntry(b))
		if t.Provable {
			_, _, err = l.await.Await(ctx, future)
		} else {
			_, err = future()
		}
		return err
	})
}

// Close leaves at once: what was not published is thrown away with the folder.
func (l *tiled) Close() error {
	l.stop()
	return nil
}
