package versionalias

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	clog "github.com/coredns/coredns/plugin/pkg/log"
)

var log = logger{clog.NewWithPlugin(pluginName)}

// logger makes one line of each call, whatever it is about: the name of a file may have
// line breaks, and what a terminal obeys.
type logger struct{ to clog.P }

func (l logger) Infof(format string, args ...any) { l.to.Info(line(format, args)) }

func (l logger) Warningf(format string, args ...any) { l.to.Warning(line(format, args)) }

func (l logger) Errorf(format string, args ...any) { l.to.Error(line(format, args)) }

// line is a text in which what cannot be printed stands as in a literal of Go.
func line(format string, args []any) string {
	text := fmt.Sprintf(format, args...)
	var b strings.Builder
	for len(text) > 0 {
		r, size := utf8.DecodeRuneInString(text)
		if strconv.IsPrint(r) && (r != utf8.RuneError || size > 1) {
			b.WriteString(text[:size])
		} else {
			quoted := strconv.Quote(text[:size])
			b.WriteString(quoted[1 : len(quoted)-1])
		}
		text = text[size:]
	}
	return b.String()
}
