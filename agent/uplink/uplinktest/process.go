package uplinktest

import (
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// A process is a server that a test starts, ends and starts again.
type process struct {
	t    testing.TB
	path string
	name string
	args []string
	env  []string // besides ours

	mu  sync.Mutex // guards log
	log strings.Builder
	cmd *exec.Cmd
}

func (p *process) must(err error) {
	if err != nil {
		p.t.Helper()
		p.t.Fatal(err)
	}
}

// start starts the process and waits until something listens at addr.
func (p *process) start(addr string) {
	p.t.Helper()
	cmd := exec.Command(p.path, p.args...)
	cmd.Env = append(os.Environ(), p.env...)
	cmd.Stderr = (*processLog)(p)
	cmd.Stdout = cmd.Stderr
	p.must(cmd.Start())
	p.cmd = cmd
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		conn, err := net.DialTimeout("tcp", addr, time.Second)
		if err == nil {
			conn.Close()
			return
		}
		if time.Now().After(deadline) {
			p.t.Fatalf("%s does not listen on %s: %v\n%s", p.name, addr, err, p.Log())
		}
	}
}

// Kill ends the process as a power cut would (kill -9).
func (p *process) Kill() { p.end(syscall.SIGKILL) }

// Stop ends the process in order.
func (p *process) Stop() { p.end(syscall.SIGTERM) }

func (p *process) end(s syscall.Signal) {
	if p.cmd == nil {
		return
	}
	_ = p.cmd.Process.Signal(s) // one that has ended by itself is ended
	_ = p.cmd.Wait()
	p.cmd = nil
}

// Freeze stops the process and Thaw lets it go on: connections stay and nothing
// answers.
func (p *process) Freeze() { p.signal(sigFreeze) }

// Thaw undoes Freeze.
func (p *process) Thaw() { p.signal(sigThaw) }

func (p *process) signal(s syscall.Signal) {
	if p.cmd != nil {
		p.must(p.cmd.Process.Signal(s))
	}
}

// Log is what the process has said since the test began.
func (p *process) Log() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.log.String()
}

// A processLog is where the process writes.
type processLog process

func (l *processLog) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.log.Write(b)
}
