package status

import (
	"bufio"
	"encoding/json"
	"io"
)

// writeJSON writes the servers as one object, alias by alias: there may be too many
// to hold.
func writeJSON(w io.Writer, servers []Server) error {
	out := &jsonWriter{w: bufio.NewWriter(w)}
	out.text(`{"servers":[`)
	for i, s := range servers {
		if i > 0 {
			out.text(",")
		}
		out.text(`{"zones":`)
		out.value(s.Zones)
		out.text(`,"source":`)
		out.value(s.Source)
		out.text(`,"aliases":[`)
		for j := range s.Aliases.Len() {
			if j > 0 {
				out.text(",\n")
			}
			out.value(s.Aliases.Alias(j))
		}
		out.text(`],"draining":[`)
		for j := range s.Draining.Len() {
			if j > 0 {
				out.text(",\n")
			}
			out.value(s.Draining.Drain(j))
		}
		out.text(`],"flips":`)
		out.list(s.Flips, len(s.Flips))
		out.text("}")
	}
	out.text("]}\n")
	if out.err != nil {
		return out.err
	}
	return out.w.Flush()
}

// jsonWriter writes until the first error.
type jsonWriter struct {
	w   *bufio.Writer
	err error
}

func (j *jsonWriter) text(s string) {
	if j.err == nil {
		_, j.err = j.w.WriteString(s)
	}
}

func (j *jsonWriter) value(v any) {
	if j.err != nil {
		return
	}
	text, err := json.Marshal(v)
	if err != nil {
		j.err = err
		return
	}
	_, j.err = j.w.Write(text)
}

// list writes a slice of n, which is never null.
func (j *jsonWriter) list(v any, n int) {
	if n == 0 {
		j.text("[]")
		return
	}
	j.value(v)
}
