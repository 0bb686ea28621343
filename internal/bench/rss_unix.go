//go:build unix

package main

import (
	"os"
	"runtime"
	"syscall"
)

// peakRSS is the largest resident set that the process had, in bytes.
func peakRSS(state *os.ProcessState) int64 {
	account, ok := state.SysUsage().(*syscall.Rusage)
	if !ok {
		return 0
	}
	if runtime.GOOS == "darwin" || runtime.GOOS == "ios" {
		return account.Maxrss
	}
	return account.Maxrss * 1024
}
