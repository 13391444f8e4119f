package alias

import (
	"encoding/binary"
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
	const more = 3 * 8    // octets than those of the salt are written
	var short [8 * 8]byte // to clear the longest would take as long as the hash
	if len(salt)+more <= len(short) {
		return position(short[:], salt, client)
	}
	var long [maxSalt + more]byte
	return position(long[:], salt, client)
}

// position is the same with a buffer that is large enough. Its end is written in words, as the hash
// reads it: a processor would wait for octets that it has written one by one.
func position(buf []byte, salt string, client netip.Prefix) uint64 {
	// What is behind the salt, from the octet 0 on.
	behind, more, n := uint64(uint8(client.Bits()))<<16, uint64(0), len(salt)
	if addr := client.Addr(); addr.Is4() {
		octets := addr.As4()
		behind |= 4<<8 | uint64(binary.LittleEndian.Uint32(octets[:]))<<24
		n += 3 + len(octets)
	} else {
		octets := addr.As16()
		half := binary.LittleEndian.Uint64(octets[:])
		behind |= 6<<8 | half<<24
		more = half >> 40
		n += 3 + len(octets)/2
	}
	whole, shift := len(salt)/8*8, len(salt)%8*8
	copy(buf, salt[:whole])
	end := buf[whole : whole+3*8]
	binary.LittleEndian.PutUint64(end, rest(salt)|behind<<shift)
	binary.LittleEndian.PutUint64(end[8:], behind>>(64-shift)|more<<shift)
	binary.LittleEndian.PutUint64(end[16:], more>>(64-shift))
	return xxhash.Sum64(buf[:n])
}
