package versionalias

import (
	"fmt"

	"github.com/miekg/dns"
)

// catcher is the writer of a question that is asked on behalf of a client's: it keeps the
// answer, the first one as a client would. Unlike CoreDNS's nonwriter it lets none through
// that was packed.
type catcher struct {
	dns.ResponseWriter // the client's
	caught             *dns.Msg
}

// WriteMsg implements dns.ResponseWriter.
func (c *catcher) WriteMsg(m *dns.Msg) error {
	if c.caught == nil {
		c.caught = m
	}
	return nil
}

// Write implements dns.ResponseWriter.
func (c *catcher) Write(wire []byte) (int, error) { return unpacked(wire, c.WriteMsg) }

// unpacked is Write of a writer that has to see what plugins have packed themselves.
func unpacked(wire []byte, write func(m *dns.Msg) error) (int, error) {
	m := new(dns.Msg)
	if err := m.Unpack(wire); err != nil {
		return 0, fmt.Errorf("unpack the answer from below: %w", err)
	}
	return len(wire), write(m)
}
