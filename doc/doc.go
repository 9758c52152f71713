// Package doc holds no code: the specification, the map, the second verifier, and the tests that hold the tree to them.
package doc
