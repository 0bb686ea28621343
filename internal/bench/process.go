package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// maxMessage is the largest message that Terraform accepts.
const maxMessage = 256 << 20

// process is a provider's binary, started as Terraform starts it: its processor
// time and memory are its own and no measuring gets into them.
type process struct {
	command *exec.Cmd
	conn    *grpc.ClientConn
	stderr  *bytes.Buffer
}

// usage is what a process took until it ended.
type usage struct {
	CPU  time.Duration
	Peak int64 // resident set in bytes
}

func (u usage) add(v usage) usage { return usage{u.CPU + v.CPU, max(u.Peak, v.Peak)} }

func usageOf(state *os.ProcessState) usage {
	return usage{CPU: state.UserTime() + state.SystemTime(), Peak: peakRSS(state)}
}

func startProcess(ctx context.Context, binary, folder string) (*process, error) {
	p := &process{command: exec.CommandContext(ctx, binary), stderr: &bytes.Buffer{}}
	// Nothing of the caller's environment reaches the provider: credentials, log levels, proxies.
	p.command.Env = []string{
		"TF_PLUGIN_MAGIC_COOKIE=" + magicCookie, "PLUGIN_PROTOCOL_VERSIONS=6",
		"PLUGIN_UNIX_SOCKET_DIR=" + folder, "TMPDIR=" + folder, "HOME=" + folder, "TF_LOG_SDK_FRAMEWORK=ERROR",
		"PATH=" + os.Getenv("PATH"),
	}
	p.command.Stderr = p.stderr
	stdout, err := p.command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := p.command.Start(); err != nil {
		return nil, err
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	parts := strings.Split(strings.TrimSpace(line), "|")
	if err != nil || len(parts) < 5 || parts[1] != "6" || parts[4] != "grpc" {
		_, _ = p.stop()
		return nil, fmt.Errorf("no handshake of %s: %q %w\n%s", binary, line, err, p.stderr)
	}
	p.conn, err = grpc.NewClient("passthrough:///"+parts[2]+":"+parts[3],
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(dialPlugin),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxMessage), grpc.MaxCallSendMsgSize(maxMessage)))
	if err != nil {
		_, _ = p.stop()
		return nil, err
	}
	return p, nil
}

// magicCookie tells a provider that Terraform started it, not a person.
const magicCookie = "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2"

// stop ends the process. Killing it keeps its account.
func (p *process) stop() (usage, error) {
	if p.conn != nil {
		_ = p.conn.Close()
	}
	peak := peakNow(p.command.Process.Pid)
	if err := p.command.Process.Kill(); err != nil {
		return usage{}, err
	}
	_ = p.command.Wait() // it says that the process was killed
	if p.command.ProcessState == nil {
		return usage{}, fmt.Errorf("the provider did not end")
	}
	taken := usageOf(p.command.ProcessState)
	if peak > 0 {
		taken.Peak = peak
	}
	return taken, nil
}

// peakNow is the largest resident set of a running process so far, where the
// system tells it: the account of an ended process includes what its parent had
// at the fork, and this program is larger than a provider.
func peakNow(pid int) int64 {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(status)) {
		var kilobytes int64
		if _, err := fmt.Sscanf(line, "VmHWM: %d kB", &kilobytes); err == nil {
			return kilobytes * 1024
		}
	}
	return 0
}
