package web

import (
	"context"

	"kurultai/conference"
	"kurultai/record"
)

// A Desk takes acts, where this node writes the record. A node that only follows has none.
type Desk interface {
	// Do submits an act and waits until it is durable. The error is a *conference.Refusal, or a fault.
	Do(ctx context.Context, a *Act) (Receipt, error)
	// Rehearse decides an act as Do would now, and appends nothing.
	Rehearse(ctx context.Context, a *Act) (Receipt, error)
	// RehearseAll decides acts one after another, each as the last one leaves the record, and appends nothing. It says
	// which was refused.
	RehearseAll(ctx context.Context, acts []*Act) (failed int, err error)
	// DoAll has all acts done or none, with nobody else's between them. It says which was refused.
	DoAll(ctx context.Context, acts []*Act) (failed int, err error)
	// Now is the recorded time an act would get now.
	Now() record.Instant
}

// An Act is what somebody submits: the half that is signed, and what comes beside it.
type Act struct {
	Submitted    record.Submitted
	Attestations []record.Attestation
	Disclosures  []record.Disclosure // of the sealed values in its fields
	Blobs        [][]byte            // of the blobs its fields name
}

// A Receipt says where an act stands in the record.
type Receipt struct {
	Index   int64
	At      record.Instant
	Events  []conference.Event   // nil if Again
	Notices []conference.Refusal // what the author is told besides, though the act is taken
	Again   bool                 // the act had been taken before; this is its first receipt's entry
}
