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
// more than that: a comma for the point, and one digit for two.
var times = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$`)

// lastYear is the first year that is too late for a move: RFC 3339 ends soon after,
// and JSON has no other times.
const lastYear = 9999

// moving reads the value of a field that says how an alias moves.
func (s *spec) moving(field, path string, tok json.Token) error {
	text, _ := tok.(string)
	switch field {
	case "percent":
		number, ok := tok.(json.Number)
		if !ok || !percents.MatchString(number.String()) || fraction(number.String()) > Whole {
			return fmt.Errorf("parse %s: found %s, want a number from 0 to 100 with three decimals at most", path, show(tok))
		}
		s.percent = number.String()
	case "start":
		t, err := time.Parse(time.RFC3339, text)
		if err != nil || t.IsZero() || !times.MatchString(text) {
			return fmt.Errorf("parse %s: found %s, want a time with a UTC offset, such as 2006-01-02T15:04:05Z", path, show(tok))
		}
		if year := t.UTC().Year(); year < 1 || year >= lastYear {
			return fmt.Errorf("parse %s: found %s, want a time from the year 1 on, before %d", path, show(tok), lastYear)
		}
		s.start = text
	case "over":
		if d, err := time.ParseDuration(text); err != nil || d <= 0 {
			return fmt.Errorf("parse %s: found %s, want a duration of more than 0, such as 30m", path, show(tok))
		}
		s.over = text
	case "group":
		if text == "" || len(text) > maxSalt {
			return fmt.Errorf("parse %s: found %s, want 1 to %d octets of text", path, show(tok), maxSalt)
		}
		s.group = text
	}
	return nil
}

// fraction is what a percentage, as percents matches it, is in parts of Whole.
func fraction(text string) uint64 {
	whole, decimals, _ := strings.Cut(text, ".")
	n, _ := strconv.ParseUint(whole+(decimals + "000")[:3], 10, 64)
	return n
}

// moves fails if the fields that say how an alias moves do not go together.
func (s spec) moves() error {
	fault := func(field, found, want string) error {
		return fmt.Errorf("parse %s%s: found it %s, want %s", s.path, field, found, want)
	}
	switch {
	case s.from == "" && s.percent != "":
		return fault("percent", "without from", "both or none")
	case s.from == "" && s.start != "":
		return fault("start", "without from", "both or none")
	case s.over != "" && s.start == "":
		return fault("over", "without start", "both or none")
	case s.from != "" && s.percent == "" && s.start == "":
		return fault("from", "without percent and start", "one of them")
	case s.percent != "" && s.start != "":
		return fault("percent", "beside start", "one of them")
	}
	return nil
}

// move is how the alias a, whose target is known, moves according to s; nil if
// it does not.
func (s spec) move(a Alias, t Template) (*Move, error) {
	if s.from == "" {
		return nil, nil
	}
	from, err := t.target(a.Name.below(a.Zone), s.from)
	if err != nil {
		return nil, fmt.Errorf("parse %sfrom: %w", s.path, err)
	}
	if from == a.Target {
		return nil, fmt.Errorf("parse %sfrom: found %s, want another name than in to", s.path, from)
	}
	m := &Move{From: from, Salt: string(a.Name)}
	if s.group != "" {
		m.Salt = s.group
	}
	if s.percent != "" {
		m.Fraction = fraction(s.percent)
		return m, nil
	}
	// Both were read before.
	m.Start, _ = time.Parse(time.RFC3339, s.start)
	m.Start = m.Start.UTC()
	m.Over, _ = time.ParseDuration(s.over)
	if m.Start.Add(m.Over).Year() >= lastYear {
		return nil, fmt.Errorf("parse %sover: found %s, want an end before the year %d", s.path, quote(s.over), lastYear)
	}
	return m, nil
}
