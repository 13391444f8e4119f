package versionalias

// stackRoom is how many octets of stack are left for the plugins below: fewer than any
// answer takes, so that no stack becomes larger for it than it would be anyway.
const stackRoom = 2000

// growStack makes room on the stack. Each query has a goroutine of its own, whose stack
// begins small and is copied to a larger one when it is full, which is a third of a
// server's instructions. The more calls are on it the more these are: the first one into
// the plugin is the time to do it, which is [VersionAlias.Metadata] in a server that has
// metadata, long before the query comes to [VersionAlias.ServeDNS].
//
//go:noinline
func growStack(never bool) {
	if never { // the room is the function's all the same, but is not cleared
		var room [stackRoom]byte
		keep(&room)
	}
}

// keep has the compiler think that room is used.
//
//go:noinline
func keep(room *[stackRoom]byte) { room[0] = 1 }
