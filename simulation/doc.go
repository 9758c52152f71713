// Package simulation lives an assembly's days, the same each time for the same seed.
//
// A [Script] acts a meeting of the training body again and again, with as many parties as are asked for; the benches
// write their records with it.
package simulation
