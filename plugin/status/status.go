// Package status shows, read only and over HTTP, what a process has in force: as a
// page for people at /, as JSON at /aliases, and that it is there at all at /healthz.
// Where that comes from is its caller's business.
package status

import "time"

// Server is one server block. In JSON its fields are in this order.
type Server struct {
	Zones    []string
	Source   Source
	Aliases  List
	Draining Drains
	Flips    []Flip // the newest first
}

// Drains is the targets that aliases have left, sorted by alias. It is like a List.
type Drains interface {
	Len() int
	Drain(i int) Drain
}

// List is the aliases of a server, sorted by name. It does not change, and anyone may
// ask it at any time: there may be very many, so that none is made before it is asked
// for.
type List interface {
	Len() int
	Alias(i int) Alias
}

// Source is where a server's parameters are read.
type Source struct {
	Kind      string    `json:"kind"`     // "ssm" or "directory"
	InForce   string    `json:"in_force"` // "sweep", "push" or "snapshot", or "none" before either
	LastSweep time.Time `json:"last_sweep,omitzero"`
	Age       float64   `json:"age_seconds"` // of LastSweep; -1 if there was none
}

// The states of an alias.
const (
	Active   = "active"   // in force, as its newest document says
	Moving   = "moving"   // the same, and on its way from one target to another
	Pending  = "pending"  // its newest document waits to be verified
	Rejected = "rejected" // its newest document has a fault
)

// Alias is one alias: what is in force of it, and what holds it back if anything
// does. An alias of which nothing is in force has no To. A rejected document of which no
// alias can be told is one without a Name.
type Alias struct {
	Name  string `json:"name,omitempty"`
	State string `json:"state"`
	// Reason is why it is pending or rejected, or what else is odd: that its parameter is missed,
	// that a target does not verify, or that another parameter states it too.
	Reason  string    `json:"reason,omitempty"`
	From    string    `json:"from,omitempty"`
	To      string    `json:"to,omitempty"`
	Percent float64   `json:"percent"` // of the clients that To has now
	Start   time.Time `json:"start,omitzero"`
	End     time.Time `json:"end,omitzero"`
	// Observed is the share of the answers that went to To since Adopted, 0 to 1; null if there
	// were none.
	Observed  *float64  `json:"observed"`
	TTL       uint32    `json:"ttl"`
	Subtree   string    `json:"subtree,omitempty"`
	Parameter string    `json:"parameter"`
	Version   int64     `json:"version"`
	Modified  time.Time `json:"modified,omitzero"`
	Adopted   time.Time `json:"adopted,omitzero"`
}

// Drain is a target that an alias leads nobody to any more.
type Drain struct {
	Alias  string `json:"alias"`
	Target string `json:"target"`
	// Deadline is when the last cache lets go of Target, whichever alias has led there; or only
	// for this one if Direct is Uncounted as OfAlias.
	Deadline time.Time `json:"deadline"`
	Drained  bool      `json:"drained"` // Deadline has passed
	Direct   Direct    `json:"direct"`
}

// Why queries for a target are not counted.
const (
	Early     = "early"     // it is not drained yet
	OfAlias   = "alias"     // it is an alias, or below one, which has its own counts
	Elsewhere = "elsewhere" // it lies outside the server's zones, or another one has it, so that none come by
)

// Direct is the queries for a drained target itself.
type Direct struct {
	Queries   *uint64   `json:"queries"`             // null if none are counted
	Uncounted string    `json:"uncounted,omitempty"` // why not, or ""
	LastSeen  time.Time `json:"last_seen,omitzero"`
	Clients   []string  `json:"clients"` // some of those who asked
}

// Flip is a change of an alias's target.
type Flip struct {
	At        time.Time `json:"at"`
	Alias     string    `json:"alias"`
	From      string    `json:"from"`
	To        string    `json:"to"`
	Parameter string    `json:"parameter"`
	Version   int64     `json:"version"`
}
