// Package ledger holds what is known of every parameter that is read: the
// document in force, the newer one that was rejected and why, since when it is
// missing. All rules about trust live here: what a store was seen to hold comes
// in as an observation, and what is in force comes out as a table.
//
// It is pure. It does no I/O, has no clock of its own and starts nothing.
package ledger
