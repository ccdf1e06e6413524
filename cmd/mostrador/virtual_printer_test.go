package main

import (
	"bufio"
	"context"
	"encoding/json"
	"image/png"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// A typedPrinter is a virtual printer at whose keyboard a test sits.
type typedPrinter struct {
	t     *testing.T
	keys  *io.PipeWriter
	news  *bufio.Scanner
	first printerNews
	ended func() int
}

// typePrinter runs the verb with --json until the test ends it or is over.
func typePrinter(t *testing.T, args ...string) *typedPrinter {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	stdin, keys := io.Pipe()
	stdout, said := io.Pipe()
	var running sync.WaitGroup
	code := -1
	running.Go(func() {
		code = execute(ctx, append([]string{"virtual-printer", "--json"}, args...), stdin, said, io.Discard)
		said.Close()
	})
	t.Cleanup(func() {
		stop()
		keys.Close()
		go io.Copy(io.Discard, stdout)
		running.Wait()
	})
	p := &typedPrinter{t: t, keys: keys, news: bufio.NewScanner(stdout)}
	p.ended = func() int {
		for p.news.Scan() {
		}
		running.Wait()
		return code
	}
	p.first = p.next()
	return p
}

// next is the next line that it says.
func (p *typedPrinter) next() (news printerNews) {
	p.t.Helper()
	if !p.news.Scan() {
		p.t.Fatal("it says no more")
	}
	if err := json.Unmarshal(p.news.Bytes(), &news); err != nil {
		p.t.Fatalf("%s: %v", p.news.Text(), err)
	}
	return news
}

// until skips what it says to the first news of an event.
func (p *typedPrinter) until(event string) printerNews {
	p.t.Helper()
	for {
		if news := p.next(); news.Event == event {
			return news
		}
	}
}

func (p *typedPrinter) types(line string) {
	p.t.Helper()
	if _, err := io.WriteString(p.keys, line+"\n"); err != nil {
		p.t.Fatal(err)
	}
}

func (p *typedPrinter) dial() net.Conn {
	p.t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(p.first.Address, "tcp://"))
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(time.Minute))
	return conn
}

// A ticket prints as text and picture; a fault stops the next one in its middle,
// and mending lets it go on.
func TestVirtualPrinter(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "papeles")
	p := typePrinter(t, "--listen", "tcp://127.0.0.1:0", "--png", folder, "--profile", "tm-t88v", "--fault", "near-end")
	if p.first.Event != "listening" || p.first.Model != "TM-T88V" {
		t.Fatalf("%+v", p.first)
	}
	if news := p.next(); news.Fault != "near-end" || news.State != "begun" {
		t.Errorf("%+v", news)
	}
	conn := p.dial()
	io.WriteString(conn, "uno\n\x1dV\x00\x10\x04\x04")
	paper := p.until("paper")
	if paper.Text != "uno\n" || paper.Number != 1 || paper.Bytes != 7 {
		t.Errorf("%+v", paper)
	}
	file, err := os.Open(paper.Picture)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if _, err := png.Decode(file); err != nil || filepath.Dir(paper.Picture) != folder {
		t.Errorf("%s: %v", paper.Picture, err)
	}
	if news := p.until("answer"); news.Answer != "1e" {
		t.Errorf("%+v", news)
	}

	p.types("fault paper-out@4")
	if news := p.until("fault"); news.State != "armed" || news.Fault != "paper-out@4" {
		t.Errorf("%+v", news)
	}
	io.WriteString(conn, "dos\ntres\n\x1dV\x00")
	if news := p.until("condition"); !news.Condition.PaperEnd {
		t.Errorf("%+v", news)
	}
	io.WriteString(conn, "\x10\x04\x01") // so that all of it has come
	p.until("answer")
	p.types("status")
	status := p.until("status").Status
	if status.Printed != 14 || status.Buffered != 11 || status.Hanging != "dos\n" || len(status.Faults) != 2 {
		t.Errorf("%+v", status)
	}
	p.types("mend paper-out")
	if paper := p.until("paper"); paper.Text != "dos\ntres\n" {
		t.Errorf("%+v", paper)
	}
	p.types("mend late buffer")
	p.types("pepper-out")
	if news := p.until("error"); !strings.Contains(news.Error, "there are: paper-out") {
		t.Errorf("%+v", news)
	}
	p.types("quit")
	if code := p.ended(); code != exitDone {
		t.Errorf("it ends with %d", code)
	}
}

// Without --keep it ends with its input, with it by Ctrl-C alone.
func TestVirtualPrinterKeep(t *testing.T) {
	p := typePrinter(t, "--listen", "tcp://127.0.0.1:0", "--keep")
	p.types("status")
	p.until("status")
	p.keys.Close()
	conn := p.dial()
	io.WriteString(conn, "\x10\x04\x01")
	if news := p.until("answer"); news.Answer != "16" {
		t.Errorf("%+v", news)
	}
	code, stdout, stderr := call(t, "virtual-printer", "--listen", "tcp://127.0.0.1:0", "--fault", "hang@5")
	if code != exitDone || !strings.Contains(stdout, "TM-T20II with 80mm paper listens on tcp://127.0.0.1:") || stderr != "" {
		t.Errorf("%d: %s%s", code, stdout, stderr)
	}
}

func TestVirtualPrinterWords(t *testing.T) {
	stdin := strings.NewReader("help\npaper-out\nfault cutter@9,for=1h\nstatus\nmend\nnonsense\n")
	var out strings.Builder
	if code := execute(t.Context(), []string{"virtual-printer", "--listen", "tcp://127.0.0.1:0"}, stdin, &out, io.Discard); code != exitDone {
		t.Errorf("it ends with %d", code)
	}
	for _, want := range []string{
		"asb-mid[@BYTES]", "fault paper-out happens", "condition: offline, paper end, paper near end",
		"bytes: 0 received = 0 printed + 0 in the buffer + 0 lost", "fault: cutter@9,for=1h0m0s",
		"fault paper-out is mended", "condition: well", `there is no fault "nonsense"; there are: paper-out`,
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("it does not say %q:\n%s", want, out.String())
		}
	}
}

// What is wrong is said with what would be right.
func TestVirtualPrinterErrors(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for _, c := range []struct {
		code int
		want string
		args []string
	}{
		{exitWrongUse, "write tcp://HOST:PORT", []string{"--listen", "9100"}},
		{exitWrongUse, "write tcp://HOST:PORT", []string{"--listen", "tcp://127.0.0.1"}},
		{exitWrongUse, "pty:///PATH", []string{"--listen", "pty://tmp"}},
		{exitWrongUse, "generic-cp437", []string{"--profile", "TM-1"}},
		{exitWrongUse, `takes no paper "60mm"`, []string{"--paper", "60mm"}},
		{exitWrongUse, "write late=DURATION", []string{"--fault", "late"}},
		{exitWrongUse, "--baud -1", []string{"--baud", "-1"}},
		{exitFailed, "choose another port", []string{"--listen", "tcp://" + taken.Addr().String()}},
	} {
		code, stdout, stderr := call(t, append([]string{"virtual-printer"}, c.args...)...)
		if code != c.code || stdout != "" || !strings.Contains(stderr, c.want) {
			t.Errorf("%v ends with %d: %s%s", c.args, code, stdout, stderr)
		}
	}
}
