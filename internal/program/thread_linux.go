package program

import (
	"os/exec"
	"syscall"
)

// endWithThread makes command end with the thread that starts it.
func endWithThread(command *exec.Cmd) {
	if command.SysProcAttr == nil {
		command.SysProcAttr = &syscall.SysProcAttr{}
	}
	command.SysProcAttr.Pdeathsig = syscall.SIGKILL
}
