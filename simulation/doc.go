// Package simulation lives an assembly's week, the same each time for the same seed, and looks at the laws meanwhile.
//
//	go test ./simulation                                            a sitting, faults put in on purpose, roll calls that were taken
//	go test ./simulation -run TheWeek -v -seed 7 -sittings 25       a week: 193 parties, five sittings a day, 20,000 acts and more
//	go test ./simulation -run RollCalls -v -rolls                   all roll calls of the General Assembly in ../shared/data
//
// A [Script] acts a meeting of the training body again and again, with as many parties as are asked for; the benches
// write their records with it too. Around it: phones that show what they showed when they last woke, buttons pressed twice
// under one key and under two, from one place and from several at once; acts that arrive hours later; other bytes under a
// used key; staff who enter slips, take them back too late, or act for a delegation that disowns it; closed notes; names
// published, withdrawn, forgotten; a wall clock that is moved; a disk without room, one that cannot say whether it wrote,
// and a writer killed before its group and between the group and its answer. After each meeting of the script a roll call
// of all.
//
// Nodes of delegations join from nothing, are admitted and withdrawn, leave with their disk and come back. Each is the
// program's own follower, behind an HTTP client of the program's, at an address behind which the writer answers, another
// node, or a mirror of files that lags; it gives back what it cosigned, and the writer's marks take it. Two witnesses wait
// for checkpoints: the program's own loop sends them, and they answer late, too late, or not for an hour, and begin anew
// from their disks. A writer that was started waits for one of them; where none answers, two officers go on without. Now
// and then an older copy of the record is put in its place. No socket is opened: requests go from client to handler.
//
// The pages are asked too, by the public, a delegate and an officer who have signed in, each time in one of nine languages:
// the meeting, its wall, its programme and communiqué, how it stood, an entry, a search for what is private, the
// delegate's floor and what may be done, the desk.
//
// Time is that of testing/synctest, so a week passes in minutes, and nothing happens at once unless the seed says so:
// acts of one moment arrive in an order of its own. Keys, signatures and salts are drawn from the seed as well, so the root
// is the same each time. A law that is broken comes as a [Broken], which names it and the step; the test prints the command
// that lives the same week again.
//
// # Laws
//
// At each step:
//   - the record only grows; its checkpoint is of it, and signed; the times in it never go back (doc/record.md 2, 9)
//   - decided again, each entry is allowed and causes what it says (doc/record.md 5)
//   - what is shown is what is durable; only a writer that ended is started again
//   - acknowledged is durable, and provable (record.Engine)
//   - an act is taken once; a key repeats its own answer as long as it is known; other bytes are refused (doc/record.md 7)
//   - the record holds what was submitted, and nothing else but the clock's acts; what was refused left nothing
//   - what falls due is done first, and is done (doc/record.md 6)
//   - no private word stands in an entry (doc/record.md 3)
//   - a party votes once, only members vote, no more votes than members; what is announced was cast; the result is what
//     the rule says, reckoned apart from package rules
//   - a doubtful clock stops what depends on time
//   - a node's copy is a beginning of the record (when it moves)
//   - a writer that was started writes nothing before as many witnesses as are asked for have answered, or two officers
//     went on without them; one that lacks its end writes nothing at all, and no witness cosigns it
//   - a mark rests on a cosignature that was given; what was cosigned stays cosigned, after each start too; the cosignature
//     of an admitted node is taken; nobody has seen another record, or more of it
//
// When pages are looked at:
//   - none fails
//   - nobody reads what is not meant for them: no closed word, no name withdrawn, forgotten, or published to others
//   - the size that a page names is the record's; the wall shows the scene that is on and each answer that was cast; who
//     waits for the floor is listed; a floor shows its delegation's answer, and the roll
//
// After each start, now and then, and at the end:
//   - the state is a fold of the record: the writer's, begun from a snapshot, is that of who decides again, and that of who
//     reads from the first entry on, closed parts included
//   - the past stays: a view of an earlier size is the state of then
//   - each checkpoint continues those before it (RFC 6962 2.1.2)
//   - every node shows the same at the same size, and comes to the end
//   - what is durable stays; each opening fits its entry
//   - the public reads nothing that is closed, sealed, withdrawn or forgotten; who is forgotten is forgotten
//   - each cosigned checkpoint that is kept, by the writer or a node, is of the record, and of nodes that were admitted
//
// What costs as much as the record is long is looked at again when it has grown by a tenth, so that a week costs a few
// times what its last look does.
package simulation
