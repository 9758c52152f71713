package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"kurultai/measure"
)

// A cluster is a PostgreSQL of its own in a folder, that listens on a socket in it alone.
type cluster struct {
	dir     string
	sockets string // folder of its socket
	pool    *pgxpool.Pool
}

// asServer runs a program of PostgreSQL as a user who is not root.
func asServer(ctx context.Context, dir, name string, args ...string) error {
	if _, err := exec.LookPath(name); err != nil {
		found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/" + name) // where Debian keeps them
		if len(found) == 0 {
			return fmt.Errorf("PostgreSQL is not installed: %w (apt-get install postgresql)", err)
		}
		name = found[len(found)-1]
	}
	c := exec.CommandContext(ctx, name, args...)
	c.Dir = dir
	if os.Geteuid() == 0 {
		_, id, err := serverUser()
		if err != nil {
			return err
		}
		c.SysProcAttr = &syscall.SysProcAttr{Credential: &id}
	}
	if out, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", name, err, out)
	}
	return nil
}

// serverUser is the user as whom PostgreSQL runs where this program is root's.
func serverUser() (name string, id syscall.Credential, err error) {
	u, err := user.Lookup("postgres")
	if err != nil {
		return "", id, fmt.Errorf("PostgreSQL does not run as root: %w", err)
	}
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
	return u.Username, syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, errors.Join(err, err2)
}

func startPostgres(ctx context.Context, dir string) (*cluster, error) {
	c := &cluster{dir: filepath.Join(dir, "data")}
	if os.Geteuid() == 0 {
		_, id, err := serverUser()
		if err != nil {
			return nil, err
		}
		if err := os.Chown(dir, int(id.Uid), int(id.Gid)); err != nil {
			return nil, err
		}
	}
	// A path of a socket is short (108 bytes), and that of a folder may not be.
	sockets, err := os.MkdirTemp("", "pg-")
	if err != nil {
		return nil, err
	}
	c.sockets = sockets
	if err := os.Chmod(sockets, 0o777); err != nil {
		return nil, err
	}
	if err := asServer(ctx, dir, "initdb", "-D", c.dir, "-U", "bench", "-A", "trust", "-E", "UTF8", "--locale=C"); err != nil {
		return nil, err
	}
	if err := asServer(ctx, dir, "pg_ctl", "-D", c.dir, "-w", "-l", filepath.Join(dir, "log"), "-o", "-c listen_addresses='' -c unix_socket_directories="+sockets, "start"); err != nil {
		return nil, err
	}
	config, err := pgxpool.ParseConfig(fmt.Sprintf("host=%s user=bench database=postgres pool_max_conns=%d", sockets, many))
	if err == nil {
		c.pool, err = pgxpool.NewWithConfig(ctx, config)
	}
	if err == nil {
		_, err = c.pool.Exec(ctx, "CREATE TABLE entry (at bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, bytes bytea NOT NULL)")
	}
	if err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

// Close stops the server.
func (c *cluster) Close() error {
	if c.pool != nil {
		c.pool.Close()
	}
	defer os.RemoveAll(c.sockets)
	return asServer(context.Background(), filepath.Dir(c.dir), "pg_ctl", "-D", c.dir, "-w", "-m", "fast", "stop")
}

// each is PostgreSQL with a transaction an entry, in which it groups those who wait for its log by itself.
type each struct{ *cluster }

func openPostgres(ctx context.Context, dir string) (system, error) {
	c, err := startPostgres(ctx, dir)
	if err != nil {
		return nil, err
	}
	return each{c}, nil
}

func (e each) turn(ctx context.Context, t turn) (took, error) {
	conns := make([]*pgxpool.Conn, t.Authors)
	for i := range conns {
		conn, err := e.pool.Acquire(ctx)
		if err != nil {
			return took{}, err
		}
		defer conn.Release()
		conns[i] = conn
	}
	return authors(t, func(author int, b []byte) error {
		_, err := conns[author].Exec(ctx, "INSERT INTO entry (bytes) VALUES ($1)", b)
		return err
	})
}

// grouped is PostgreSQL behind one writer that keeps their order, as ours are.
type grouped struct {
	*cluster
	*measure.Groups
}

func openPostgresGrouped(ctx context.Context, dir string) (system, error) {
	c, err := startPostgres(ctx, dir)
	if err != nil {
		return nil, err
	}
	return grouped{c, measure.NewGroups(func(entries [][]byte) error {
		return pgx.BeginFunc(ctx, c.pool, func(tx pgx.Tx) error {
			_, err := tx.Exec(ctx, "INSERT INTO entry (bytes) SELECT unnest($1::bytea[])", entries)
			return err
		})
	})}, nil
}

func (g grouped) turn(_ context.Context, t turn) (took, error) {
	return authors(t, func(_ int, b []byte) error { return g.Write(b) })
}

func (g grouped) Close() error {
	g.Groups.Close()
	return g.cluster.Close()
}
