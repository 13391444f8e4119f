package ledger

import (
	"fmt"
	"time"

	"github.com/octoenergy/versionalias/plugin/alias"
)

// Kind is what happened in an event.
type Kind int

// The kinds of events.
const (
	Added      Kind = iota // an alias came into force
	Flipped                // an alias has another target
	Changed                // an alias leads to the same target otherwise, or stands in another parameter
	Removed                // an alias is no longer in force
	Rejected               // a document was not adopted
	Shadowed               // a path's parameter states an alias that an alias line names
	Doubted                // an older version was read, and is to be read again
	Believed               // it came to be the newest known
	Braked                 // too many aliases would go at once
	Unbraked               // no longer
	Pending                // a document waits for its targets to be verified
	Unverified             // a target that is in force does not verify
	Verified               // by now it does
)

// Reason is the kind of fault that a document was rejected for.
type Reason string

// The reasons, as metrics show them.
const (
	ReasonType      Reason = "type"      // the parameter cannot hold a document
	ReasonSyntax    Reason = "syntax"    // it is no legal document
	ReasonZone      Reason = "zone"      // an alias lies outside the zones
	ReasonCollision Reason = "collision" // an alias stands in another parameter
	ReasonLoop      Reason = "loop"      // aliases lead back to one another, or too far
)

// Reasons is all of them.
var Reasons = []Reason{ReasonType, ReasonSyntax, ReasonZone, ReasonCollision, ReasonLoop}

// Event is one thing that a ledger's Apply changed, for a line in the log.
type Event struct {
	Kind    Kind
	Source  *alias.Source // the document it came from, or nil: of Braked, Unbraked, Unverified and Verified
	Before  *alias.Entry  // of Flipped, Changed and Removed
	After   *alias.Entry  // of Added, Flipped and Changed
	*Detail               // of the other kinds, but of Unbraked; nil of these
}

// Detail is what else there is to an event. It is apart so that events are small: a million
// aliases may be added at once.
type Detail struct {
	Name   alias.Name    // of Shadowed the alias; of Unverified and Verified the target
	Reason Reason        // of Rejected
	Err    error         // of Rejected: what is wrong with the document; of Pending and Unverified: with a target
	Stays  *alias.Source // of Rejected and Pending: the document that stays in force, if any
	Known  *alias.Source // of Doubted and Believed: the newest version before
	Count  int           // of Braked: how many aliases would go
	Of     int           // of Braked: how many there are
}

// String is the event as one line of a log.
func (e Event) String() string {
	switch e.Kind {
	case Added:
		return fmt.Sprintf("alias %s added: %s, %s (%s)", e.After.Name, e.After.Target, e.After.Options(), describe(e.Source))
	case Flipped:
		moves := ""
		if e.After.Move != nil {
			moves = fmt.Sprintf(", %s", e.After.Move)
		}
		return fmt.Sprintf("alias %s flipped: %s to %s%s (%s)", e.After.Name, e.Before.Target, e.After.Target, moves, describe(e.Source))
	case Changed:
		return fmt.Sprintf("alias %s changed: %s, %s (%s); was %s in parameter %s", e.After.Name, e.After.Target, e.After.Options(),
			describe(e.Source), e.Before.Options(), e.Before.Source.Parameter)
	case Removed:
		return fmt.Sprintf("alias %s removed: was %s (%s)", e.Before.Name, e.Before.Target, describe(e.Source))
	case Rejected:
		return fmt.Sprintf("rejected %s: %v; %s", describe(e.Source), e.Err, e.stays())
	case Pending:
		return fmt.Sprintf("pending %s: %v; %s", describe(e.Source), e.Err, e.stays())
	case Unverified:
		return fmt.Sprintf("target %s is in force, and does not verify: %v", e.Name, e.Err)
	case Verified:
		return fmt.Sprintf("target %s verifies by now", e.Name)
	case Shadowed:
		return fmt.Sprintf("alias %s of %s is shadowed by an alias line", e.Name, describe(e.Source))
	case Doubted:
		return fmt.Sprintf("reading again %s: it is older than version %d of %s", describe(e.Source), e.Known.Version, date(e.Known))
	case Believed:
		return fmt.Sprintf("believed %s: it is what each read found since version %d of %s", describe(e.Source), e.Known.Version, date(e.Known))
	case Braked:
		return fmt.Sprintf("brake on: the parameters of %d of %d aliases are gone; "+
			"they stay in force until that has lasted for an hour", e.Count, e.Of)
	case Unbraked:
		return "brake off: no alias stays in force without its parameter for longer than it takes to make sure"
	}
	return "unknown event"
}

func (e Event) stays() string {
	if e.Stays == nil {
		return "no version of it is in force"
	}
	return fmt.Sprintf("version %d stays in force", e.Stays.Version)
}

func describe(s *alias.Source) string {
	if s.Modified.IsZero() { // it could not be read
		return "parameter " + s.Parameter
	}
	return fmt.Sprintf("parameter %s, version %d of %s", s.Parameter, s.Version, date(s))
}

func date(s *alias.Source) string { return s.Modified.UTC().Format(time.RFC3339) }
