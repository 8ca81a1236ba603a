package main

import "syscall"

// endWithParent ends a process when this program is killed, so that nothing outlives it.
func endWithParent(attributes *syscall.SysProcAttr) { attributes.Pdeathsig = syscall.SIGKILL }
