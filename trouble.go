package versionalias

import (
	"errors"
	"slices"
)

// trouble is the errors that the log has of something that goes wrong: one when it begins, and one
// of each other kind. Once it is over, that is said, and there are none.
type trouble []error

func (t *trouble) begins(format string, err error) { t.says(format, err, alike) }

// says says err, unless that is the same as one that was said.
func (t *trouble) says(format string, err error, same func(a, b error) bool) {
	if !slices.ContainsFunc(*t, func(said error) bool { return same(said, err) }) {
		log.Warningf(format, err)
		*t = append(slices.Clip(*t), err) // others may go on with what there was
	}
}

func (t *trouble) over(text string) {
	if len(*t) > 0 {
		log.Infof("%s", text)
		*t = nil
	}
}

func equal(a, b error) bool { return a.Error() == b.Error() }

// alike reports whether errors are of one kind, as calls are counted: what else they say may
// differ each time.
func alike(a, b error) bool { return outcome(a) == outcome(b) }

// outcome is the kind of failure that err is. One of a call has a method Outcome.
func outcome(err error) string {
	var o interface{ Outcome() string }
	if errors.As(err, &o) {
		return o.Outcome()
	}
	return "error"
}
