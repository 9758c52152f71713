package main

import (
	"context"
	"encoding/json"
	"net"
	"os"
	"os/exec"
	"runtime/debug"

	"kurultai/measure"
)

// startChild starts this program as one of its children.
func startChild(ctx context.Context, kind string, argument any) (*measure.Child, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(argument)
	if err != nil {
		return nil, err
	}
	c := exec.CommandContext(ctx, self, kind, string(text))
	c.Stderr = os.Stderr
	return measure.StartChild(c)
}

// free are URLs on loopback that nobody listens on.
func free(n int) (urls []string, err error) {
	for range n {
		l, err := net.Listen("tcp4", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer l.Close() // all are held until the last is known, so that none comes twice
		urls = append(urls, "http://"+l.Addr().String())
	}
	return urls, nil
}

// versions says which versions of others' modules this program was built with.
func versions(paths ...string) string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "Versions: unknown, this program was built without modules."
	}
	said := "Built by " + info.GoVersion
	for _, path := range paths {
		for _, m := range info.Deps {
			if m.Path == path {
				said += ", " + path + " " + m.Version
			}
		}
	}
	return said + "."
}
