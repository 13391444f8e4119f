package emulator

import (
	"os/exec"
	"syscall"
)

// endWithThread makes cmd end with the thread that starts it: a test that runs
// out of time has no cleanup.
func endWithThread(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
