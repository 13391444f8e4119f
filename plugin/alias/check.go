package alias

import (
	"fmt"
	"strconv"
	"strings"
)

// Check is what an alias's targets have to show before they come into force,
// where that is asked for at all. The zero Check is [CheckAddress].
type Check struct {
	kind checkKind
	port uint16
}

type checkKind uint8

const (
	checkAddress checkKind = iota
	checkName
	checkNone
	checkTCP
)

// The checks without a port.
var (
	CheckAddress = Check{kind: checkAddress} // there is an A or AAAA record
	CheckName    = Check{kind: checkName}    // the name exists
	CheckNone    = Check{kind: checkNone}    // nothing is asked
)

// parseCheck reads a check as documents hold it: none, name, address or
// tcp:PORT, with a port from 1 to 65535.
func parseCheck(s string) (c Check, ok bool) {
	for _, c := range []Check{CheckAddress, CheckName, CheckNone} {
		if s == c.String() {
			return c, true
		}
	}
	digits, _ := strings.CutPrefix(s, "tcp:")
	port, err := strconv.ParseUint(digits, 10, 16)
	c = Check{checkTCP, uint16(port)}
	return c, err == nil && port > 0 && s == c.String()
}

// String is c as documents hold it.
func (c Check) String() string {
	switch c.kind {
	case checkName:
		return "name"
	case checkNone:
		return "none"
	case checkTCP:
		return fmt.Sprintf("tcp:%d", c.port)
	}
	return "address"
}

// Port is the TCP port at which one of the addresses has to accept a connection,
// or 0 if none has to.
func (c Check) Port() uint16 { return c.port }
