package simulation_test

import (
	"testing"

	"kurultai/record"
	"kurultai/record/recordtest"
	"kurultai/simulation"
)

// The disk of the simulation keeps the contract that real engines keep.
func TestTheDiskKeepsTheContract(t *testing.T) {
	disks := map[string]*simulation.Disk{}
	recordtest.Test(t, func(t *testing.T, dir string) record.Engine {
		if disks[dir] == nil {
			disks[dir] = simulation.NewDisk("")
		}
		return simulation.OpenDisk(disks[dir])
	})
}
