package alias

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// percents is how a percentage is written; more than 100 is refused apart.
var percents = regexp.MustCompile(`^(0|[1-9][0-9]{0,2})(\.[0-9]{1,3})?$`)

// times is how a time is written (RFC 3339 section 5.6). The time package takes
// more than that: a comma for the point, one digit for two, and offsets of 24 hours.
var times = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$`)

// endYear is the first year that is too late for a move: RFC 3339 ends soon after,
// and JSON has no other times.
const endYear = 9999

// mostOver is what a duration holds, in whole hours.
const mostOver = "2562047h"

// readMotion reads the value of a field that says how an alias moves.
func (s *spec) readMotion(field string, path place, tok json.Token) error {
	text, _ := tok.(string)
	switch field {
	case "percent":
		number, ok := tok.(json.Number)
		if !ok || !percents.MatchString(number.String()) || fraction(number.String()) > Whole {
			return fmt.Errorf("parse %s: found %s, want a number from 0 to 100 with three decimals at most", path, show(tok))
		}
		s.ownMotion().percent = number.String()
	case "start":
		t, err := time.Parse(time.RFC3339, text)
		if err != nil || t.IsZero() || !times.MatchString(text) {
			return fmt.Errorf("parse %s: found %s, want a time that exists, with a UTC offset, such as 2006-01-02T15:04:05Z", path, show(tok))
		}
		if year := t.UTC().Year(); year < 1 || year >= endYear {
			return fmt.Errorf("parse %s: found %s, want a time from the year 1 on, before %d", path, show(tok), endYear)
		}
		s.ownMotion().start = text
	case "over":
		if d, err := time.ParseDuration(text); err != nil || d <= 0 {
			return fmt.Errorf("parse %s: found %s, want a duration of more than 0, such as 30m, and at most %s", path, show(tok), mostOver)
		}
		s.ownMotion().over = text
	case "group":
		if text == "" || len(text) > maxSalt {
			return fmt.Errorf("parse %s: found %s, want 1 to %d octets of text", path, show(tok), maxSalt)
		}
		s.ownMotion().group = text
	}
	return nil
}

// fraction is what a percentage, as percents matches it, is in parts of Whole.
func fraction(text string) uint64 {
	whole, decimals, _ := strings.Cut(text, ".")
	n, _ := strconv.ParseUint(whole+(decimals + "000")[:3], 10, 64)
	return n
}

// motion is what a document says of how an alias moves, as it was written; "" where it
// does not say.
type motion struct{ from, percent, start, over, group string }

// ownMotion is the motion of s, to be written to.
func (s *spec) ownMotion() *motion {
	if s.motion == nil {
		s.motion = new(motion)
	}
	return s.motion
}

// checkMotion fails if the fields that say how an alias moves do not go together.
func (s *spec) checkMotion() error {
	m := s.motion
	if m == nil {
		return nil
	}
	fault := func(field, found, want string) error {
		return fmt.Errorf("parse %s: found it %s, want %s", s.at(field), found, want)
	}
	switch {
	case m.from == "" && m.percent != "":
		return fault("percent", "without from", "both or none")
	case m.from == "" && m.start != "":
		return fault("start", "without from", "both or none")
	case m.over != "" && m.start == "":
		return fault("over", "without start", "both or none")
	case m.from != "" && m.percent == "" && m.start == "":
		return fault("from", "without percent and start", "one of them")
	case m.percent != "" && m.start != "":
		return fault("percent", "beside start", "one of them")
	}
	return nil
}

// move is how the alias a, whose target is known, moves according to s; nil if
// it does not.
func (s *spec) move(a *Alias, t Template) (*Move, error) {
	said := s.motion
	if said == nil || said.from == "" {
		return nil, nil
	}
	from, err := t.target(a.Name.below(a.Zone), said.from)
	if err != nil {
		return nil, fmt.Errorf("parse %s: %w", s.at("from"), err)
	}
	if from == a.Target {
		return nil, fmt.Errorf("parse %s: found %s, want another name than in to", s.at("from"), from)
	}
	m := &Move{From: from, Salt: string(a.Name)}
	if said.group != "" {
		m.Salt = said.group
	}
	if said.percent != "" {
		m.Fraction = fraction(said.percent)
		return m, nil
	}
	// Both were read before.
	m.Start, _ = time.Parse(time.RFC3339, said.start)
	m.Start = m.Start.UTC()
	m.Over, _ = time.ParseDuration(said.over)
	if m.Start.Add(m.Over).Year() >= endYear {
		return nil, fmt.Errorf("parse %s: found %s, want an end before the year %d", s.at("over"), quote(said.over), endYear)
	}
	return m, nil
}
