package main

import "context"

type site struct{ url string }

func (s *site) stop() {}

func startSite(ctx context.Context, io streams, h *house, addr, story string) (*site, error) { return &site{}, nil }
