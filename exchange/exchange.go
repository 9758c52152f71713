// Package exchange carries what other programs write and read: lists of participants and votes in; tables, calendars,
// feeds and debates out. What comes in becomes acts, decided like any other; what goes out is a view of the record.
//
//	ReadTable(bytes)                     CSV or XLSX, each bad row named
//	Participants{…}.Plan(table, state)   the acts that register and nominate them
//	Votes{…}.Plan(table, state)          the acts that enter answers taken on another device
package exchange

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"

	"kurultai/conference"
	"kurultai/record"
	"kurultai/record/canonical"
	"kurultai/secretariat"
)

// A Problem is what is wrong with a row, and what to do about it.
type Problem struct {
	Row         int    // 0 for the whole table
	Column      string // "" for the whole row
	Kind        string // one of Kinds where a table cannot be read, of RowKinds for what rows of participants mean, or ""
	About       string // what it names: a party, a word
	Why, Remedy string
}

// Kinds are the kinds of what keeps a table from being read, for rooms that say it in the reader's language.
var Kinds = []string{"large", "encoding", "workbook", "empty", "heads", "quotes", "rows", "cells", "long", "control"}

// RowKinds are the kinds of what is wrong with rows of participants, for the same rooms.
var RowKinds = []string{"columns", "roles", "noname", "noparty", "role", "twoheads", "nohead", "unknown", "nominated", "meeting"}

func (p Problem) String() string {
	where := fmt.Sprintf("row %d", p.Row)
	if p.Column != "" {
		where += ", column " + p.Column
	}
	if p.Row == 0 {
		return p.Why + "; " + p.Remedy
	}
	return fmt.Sprintf("%s: %s; %s", where, p.Why, p.Remedy)
}

// Error makes a problem of the whole table an error.
func (p Problem) Error() string { return p.String() }

// A Planned act belongs to the row it comes from.
type Planned struct {
	Row int
	Act *secretariat.Act
}

// A Seed is what ids, keys and salts of one import are drawn from, so that it can be taken up again where it stopped:
// the acts come out the same, and the record knows those it has taken. It is secret until the import is done, and
// then to be destroyed.
type Seed [32]byte

func (s Seed) bytes(what string, row, n int) [16]byte {
	h := hmac.New(sha256.New, s[:])
	h.Write([]byte(what))
	h.Write(binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, uint64(row)), uint64(n)))
	return [16]byte(h.Sum(nil))
}

func (s Seed) person(row int) conference.PersonID {
	b := s.bytes("person", row, 0)
	return conference.PersonID(hex.EncodeToString(b[:]))
}

func (s Seed) text(what string, row, n int) string {
	b := s.bytes(what, row, n)
	return canonical.EncodeBytes(b[:])
}

// A Desk is who enters an import.
type Desk struct {
	Origin  string
	By      conference.PersonID // a secretary
	Meeting conference.MeetingID
	Seed    Seed
}

// act is an act of the desk for a row.
func (d Desk) act(row, n int, name string, party conference.PartyID, fields any) *secretariat.Act {
	text := canonical.Encode(nil, fields)
	v, err := canonical.Parse(string(text))
	if err != nil {
		panic(err) // it was encoded just now
	}
	meeting := string(d.Meeting)
	if name == "NameParty" || name == "RegisterPerson" { // acts of the body
		meeting = ""
	}
	return &secretariat.Act{Submitted: record.Submitted{
		As: string(conference.Secretary), By: string(d.By), For: string(party), Fields: v, Key: d.Seed.text("key", row, n),
		Meeting: meeting, Name: name, Origin: d.Origin,
	}}
}
