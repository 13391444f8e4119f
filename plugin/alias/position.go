package alias

import (
	"net/netip"

	"github.com/cespare/xxhash/v2"
)

// ipv6Bits is how much of an IPv6 address tells clients apart, in bits: one
// subscriber has a /64 or more.
// https://www.rfc-editor.org/rfc/rfc7871#section-11.1
const ipv6Bits = 64

// Client is the part of the Internet that a query comes from: all in it are one
// client for an alias that moves. An IPv4-mapped address is an IPv4 one, and of
// an IPv6 address 64 bits count at most. Bits is from 0 to the length of addr.
func Client(addr netip.Addr, bits int) netip.Prefix {
	if addr.Is4() && bits == addr.BitLen() { // most are so, and nothing is to be cut off
		return netip.PrefixFrom(addr, bits)
	}
	if addr.Is4In6() {
		addr, bits = addr.Unmap(), max(0, bits-96)
	}
	if addr.Is6() {
		bits = min(bits, ipv6Bits)
	}
	client, _ := addr.WithZone("").Prefix(bits) // no prefix of no address
	return client
}

// Position is where client stands among all clients of an alias with this salt,
// as a fraction of 2^64: the same on every server, whatever its version and
// machine, for ever. testdata/positions.json has examples.
//
// It is XXH64 with seed 0 (https://github.com/Cyan4973/xxHash) of the salt, an
// octet 0, the address family (4 or 6), the length of the prefix in bits, and the
// octets of the prefix: all 4 of an IPv4 address, the first 8 of an IPv6 one,
// with zeros behind the prefix.
func Position(salt string, client netip.Prefix) uint64 {
	const more = len("\x00\x04\x20") + ipv6Bits/8 // octets than those of the salt
	var short [64]byte                            // to clear the longest would take as long as the hash
	if len(salt)+more <= len(short) {
		return position(short[:], salt, client)
	}
	var long [maxSalt + more]byte
	return position(long[:], salt, client)
}

// position is the same with a buffer of zeros that is large enough.
func position(buf []byte, salt string, client netip.Prefix) uint64 {
	n := copy(buf, salt)
	addr := client.Addr()
	n++ // the octet 0
	buf[n+1] = byte(client.Bits())
	if addr.Is4() {
		buf[n] = 4
		octets := addr.As4()
		return xxhash.Sum64(buf[:n+2+copy(buf[n+2:], octets[:])])
	}
	buf[n] = 6
	octets := addr.As16()
	return xxhash.Sum64(buf[:n+2+copy(buf[n+2:], octets[:ipv6Bits/8])])
}
