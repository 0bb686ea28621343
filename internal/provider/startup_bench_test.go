package provider

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
)

// Terraform starts the provider several times per command, so its start is part
// of every plan. These are measurements: they never fail for being slow.

func BenchmarkStartup_Handshake(b *testing.B) {
	binary, err := buildRelease()
	if err != nil {
		b.Fatal(err)
	}
	info, err := os.Stat(binary)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if err := handshake(binary); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(info.Size())/1e6, "MB-binary")
}

// handshake starts the binary as Terraform does and waits for the line in which
// it names its address.
func handshake(binary string) error {
	command := exec.Command(binary)
	command.Env = append(os.Environ(), "TF_PLUGIN_MAGIC_COOKIE=d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2", "PLUGIN_PROTOCOL_VERSIONS=6")
	stdout, err := command.StdoutPipe()
	if err != nil {
		return err
	}
	if err := command.Start(); err != nil {
		return err
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	_ = command.Process.Kill()
	_ = command.Wait()
	if err != nil {
		return err
	}
	if !strings.HasPrefix(line, "1|6|") {
		return fmt.Errorf("no handshake: %q", line)
	}
	return nil
}

func BenchmarkStartup_Schema(b *testing.B) {
	for b.Loop() {
		server, err := factories()["intune"]()
		if err != nil {
			b.Fatal(err)
		}
		if _, err := server.GetProviderSchema(b.Context(), &tfprotov6.GetProviderSchemaRequest{}); err != nil {
			b.Fatal(err)
		}
	}
}
