// Package measure is what anything of ours is measured beside and with: the least that can be done with a disk (Loop,
// WriteSynced) and with sockets (Sockets), readers by the thousand in a process of their own (Load), and what this process
// has used. Who measures lets both sides take turns in one sitting and says their ratio: a time alone tells of the machine.
package measure

import (
	"fmt"
	"os"
	"runtime/debug"
	"slices"

	"golang.org/x/sys/unix"
)

// Sum adds up.
func Sum(v []float64) (sum float64) {
	for _, x := range v {
		sum += x
	}
	return sum
}

// Median is the middle of values, of an even number the higher one. There must be one.
func Median(v []float64) float64 {
	v = slices.Clone(v)
	slices.Sort(v)
	return v[len(v)/2]
}

// OpenFiles lets this process open as many files as the system allows it, and returns how many that are.
func OpenFiles() (int64, error) {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return 0, err
	}
	limit.Cur = limit.Max
	_ = unix.Setrlimit(unix.RLIMIT_NOFILE, &limit) // what is missing shows where a file is opened
	return int64(min(limit.Cur, 1<<30)), nil
}

// Processor is the time this process has used, in seconds.
func Processor() float64 {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		panic(err) // its arguments are ours
	}
	return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e9
}

// Monotonic is the machine's steady clock in nanoseconds, the same in all processes.
func Monotonic() int64 {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &t); err != nil {
		panic(err) // its arguments are ours
	}
	return t.Nano()
}

// Resident is the memory of this process in bytes, after what is free was given back.
func Resident() int64 {
	debug.FreeOSMemory()
	text, _ := os.ReadFile("/proc/self/statm")
	var size, pages int64
	fmt.Sscan(string(text), &size, &pages)
	return pages * int64(os.Getpagesize())
}
