package versionalias

// stackRoom is how many octets of stack are left for the plugins below: fewer than any
// answer takes, so that no stack becomes larger for it than it would be anyway.
const stackRoom = 2000

// growStack makes room on the stack. Each query has a goroutine of its own, whose stack
// begins small and is copied to a larger one when it is full: a third of the instructions of a
// server are that. It takes the longer the more calls are on it, and so comes before any that
// is made here.
//
//go:noinline
func growStack(never bool) {
	if never { // the room is the function's all the same, but is not cleared
		var room [stackRoom]byte
		keep(&room)
	}
}

//go:noinline
func keep(room *[stackRoom]byte) { room[0] = 1 }
