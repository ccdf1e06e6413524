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

	mu  sync.Mutex // guards log and cmd
	log strings.Builder
	cmd *exec.Cmd // nil while it does not run
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
	p.set(cmd)
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
	cmd := p.running()
	if cmd == nil {
		return
	}
	_ = cmd.Process.Signal(s) // one that has ended by itself is ended
	_ = cmd.Wait()
	p.set(nil)
}

// Running reports whether the process was started and not ended.
func (p *process) Running() bool { return p.running() != nil }

func (p *process) running() *exec.Cmd {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.cmd
}

func (p *process) set(cmd *exec.Cmd) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cmd = cmd
}

// Freeze stops the process and Thaw lets it go on: connections stay and nothing
// answers.
func (p *process) Freeze() { p.signal(sigFreeze) }

// Thaw undoes Freeze.
func (p *process) Thaw() { p.signal(sigThaw) }

func (p *process) signal(s syscall.Signal) {
	if cmd := p.running(); cmd != nil {
		p.must(cmd.Process.Signal(s))
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
