package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"mostrador/printer/profile"
	"mostrador/printer/virtual"
)

// The pages show commands in fences marked console:
//
//	$ mostrador config check
//	… is right.
//
// Each line "$ mostrador …" is run, with a small configuration in a folder of
// its own and a daemon where the verb speaks with one. It must end with 0, and
// say what the page shows below it: … stands for anything within a line, and on
// a line of its own for any lines. Lines "$ sudo …" and others are not run.

// A shown is one command of a page.
type shown struct {
	place string // file:line
	args  []string
	want  []string
}

// docPages are all pages that people read.
func docPages(t *testing.T) []string {
	t.Helper()
	root := "../.."
	if _, err := os.Stat("go.mod"); err == nil {
		root = "."
	}
	pages := []string{filepath.Join(root, "README.md"), filepath.Join(root, "CHANGELOG.md")}
	err := filepath.WalkDir(filepath.Join(root, "docs"), func(path string, entry fs.DirEntry, err error) error {
		if err == nil && filepath.Ext(path) == ".md" {
			pages = append(pages, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return pages
}

// shownIn finds the commands of a page.
func shownIn(page, text string) []shown {
	var all []shown
	var current *shown
	console := false
	for i, line := range strings.Split(text, "\n") {
		if fence, ok := strings.CutPrefix(strings.TrimSpace(line), "```"); ok {
			console, current = fence == "console", nil
			continue
		}
		command, isCommand := strings.CutPrefix(line, "$ ")
		switch {
		case !console:
		case isCommand:
			current = nil
			if words := strings.Fields(command); words[0] == "mostrador" {
				all = append(all, shown{place: fmt.Sprintf("%s:%d", page, i+1), args: words[1:]})
				current = &all[len(all)-1]
			}
		case current != nil:
			current.want = append(current.want, line)
		}
	}
	return all
}

// saysAs tells whether got begins as a page shows it.
func saysAs(want []string, got string) bool {
	if len(want) == 0 {
		return true
	}
	var pattern strings.Builder
	pattern.WriteString(`^`)
	for _, line := range want {
		if strings.TrimSpace(line) == "…" {
			pattern.WriteString(`(?:.*\n)*`)
			continue
		}
		pattern.WriteString(strings.ReplaceAll(regexp.QuoteMeta(line), "…", ".*") + `\n`)
	}
	return regexp.MustCompile(pattern.String()).MatchString(got)
}

// daemonVerbs speak with a running daemon.
var daemonVerbs = []string{"orders", "tickets", "sales", "tap", "uplink", "devices", "printers", "events"}

func TestShownCommands(t *testing.T) {
	run := 0
	t.Chdir("../..") // the pages name files from there
	for _, page := range docPages(t) {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		commands := shownIn(filepath.ToSlash(page), string(text))
		if len(commands) == 0 {
			continue
		}
		t.Run(filepath.Base(page), func(t *testing.T) {
			text, used := docsConfig(t), (*demoDevices)(nil)
			if filepath.Base(filepath.Dir(page)) == "devices" {
				text, used = docsDevices(t, text)
			}
			config := writeConfig(t, text)
			if speaksWithDaemon(commands) {
				docsDaemon(t, config)
				awaitDevices(t, config, used)
			}
			for _, c := range commands {
				run++
				code, stdout, stderr := call(t, append([]string{"-c", config}, c.args...)...)
				if code != exitDone || !saysAs(c.want, stdout) {
					t.Errorf("%s: mostrador %s ends with %d and says\n%s%s", c.place, strings.Join(c.args, " "), code, stdout, stderr)
				}
			}
		})
	}
	if run == 0 {
		t.Error("no page shows a command")
	}
}

func speaksWithDaemon(commands []shown) bool {
	for _, c := range commands {
		for _, verb := range daemonVerbs {
			if c.args[0] == verb {
				return true
			}
		}
	}
	return false
}

// docsDevices adds the devices of a counter to a configuration: its printer
// answers and has a drawer, and on the scale lie 1,250 g.
func docsDevices(t *testing.T, config string) (string, *demoDevices) {
	t.Helper()
	model, _ := profile.Lookup("TM-T20II")
	till := virtual.New(model, model.Papers["80mm"], virtual.Options{Drawer: true})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	used, err := startDemoDevices(t.TempDir(), &calm{w: io.Discard}, till)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	var parts sync.WaitGroup
	parts.Go(func() { _ = till.Serve(ctx, listener) })
	if !used.missing() {
		used.scale.grams = 1250
		parts.Go(func() { used.scale.hear(used.scale.answer) })
		parts.Go(func() { used.scanner.hear(func([]byte) {}) })
		parts.Go(func() { used.display.hear(func([]byte) {}) })
	}
	t.Cleanup(func() {
		stop()
		listener.Close()
		used.stop()
		parts.Wait()
	})
	config = strings.Replace(config, "tcp://127.0.0.1:9", "tcp://"+listener.Addr().String(), 1)
	return config + "drawer = true\n" + used.config(), used
}

// awaitDevices waits until the printer and the devices are there, and scans a
// product; nil: there are none.
func awaitDevices(t *testing.T, config string, used *demoDevices) {
	t.Helper()
	if used == nil {
		return
	}
	await := func(what, says string, args ...string) {
		t.Helper()
		for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
			_, stdout, _ := call(t, append([]string{"-c", config}, args...)...)
			if strings.Contains(stdout, says) {
				return
			}
			if time.Now().After(deadline) {
				t.Fatalf("waited for %s: %s", what, stdout)
			}
		}
	}
	await("the printer", `"state": "ready"`, "printers", "list", "--json")
	if used.missing() {
		t.Skip("this system has no ptys for devices")
	}
	if _, err := io.WriteString(used.scanner.master, "4006381333931\r\n"); err != nil {
		t.Fatal(err)
	}
	await("the code", "4006381333931", "devices", "status", "lector")
	await("the display", "Bienvenidos", "devices", "status", "pantalla")
}

func docsConfig(t *testing.T) string {
	t.Helper()
	return fmt.Sprintf(`[terminal]
store = "lima-01"
id = "caja-1"
locale = "es-PE"
currency = "PEN"
timezone = "America/Lima"
data_dir = %q

[[printer]]
name = "caja"
port = "tcp://127.0.0.1:9"
`, t.TempDir())
}

// docsDaemon runs the daemon in this process until the test ends.
func docsDaemon(t *testing.T, path string) {
	t.Helper()
	a := &app{configPath: path, stdout: io.Discard, stderr: io.Discard}
	cfg, err := a.loadConfig()
	if err != nil {
		t.Fatal(err)
	}
	daemon, err := assemble(cfg, schemes(), host{configPath: path}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	var result error
	running.Go(func() { result = daemon.run(ctx) })
	t.Cleanup(func() {
		stop()
		running.Wait()
		if result != nil {
			t.Errorf("the daemon: %v", result)
		}
	})
	for deadline := time.Now().Add(30 * time.Second); ; {
		code, _, stderr := call(t, "-c", path, "orders", "list")
		if code != exitNotRunning {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("the daemon does not answer: %s", stderr)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func TestSaysAs(t *testing.T) {
	for _, tt := range []struct {
		want []string
		got  string
		ok   bool
	}{
		{nil, "anything\n", true},
		{[]string{"a.b"}, "a.b\nmore\n", true},
		{[]string{"a.b"}, "axb\n", false},
		{[]string{"… is right."}, "/etc/m.toml is right.\n", true},
		{[]string{"… is right."}, "x\n/etc/m.toml is right.\n", false},
		{[]string{"…", "b"}, "x\ny\nb\n", true},
		{[]string{"…", "b", "c"}, "b\nx\nc\n", false},
	} {
		if got := saysAs(tt.want, tt.got); got != tt.ok {
			t.Errorf("%q in %q: %v", tt.want, tt.got, got)
		}
	}
}

func TestShownIn(t *testing.T) {
	page := "a\n```console\n$ sudo mostrador x\nno\n$ mostrador y --json\n{}\n```\n```toml\n$ mostrador z\n```\n"
	got := shownIn("p.md", page)
	if len(got) != 1 || got[0].place != "p.md:5" || strings.Join(got[0].args, " ") != "y --json" || strings.Join(got[0].want, "|") != "{}" {
		t.Errorf("%+v", got)
	}
}

var markdownLink = regexp.MustCompile(`\]\(([^)#:]+)(?:#[^)]*)?\)`)

// TestLinksLeadSomewhere: what a page links to beside it is there.
func TestLinksLeadSomewhere(t *testing.T) {
	links := 0
	for _, page := range docPages(t) {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, link := range markdownLink.FindAllStringSubmatch(string(text), -1) {
			links++
			if _, err := os.Stat(filepath.Join(filepath.Dir(page), link[1])); errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%s: there is no %s", page, link[1])
			}
		}
	}
	if links == 0 {
		t.Error("no page links to another")
	}
}

// TestArchitectureNamesEveryRoom: the page and the test of the house agree.
func TestArchitectureNamesEveryRoom(t *testing.T) {
	page, err := os.ReadFile("../../docs/architecture.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, room := range rooms {
		if _, err := os.Stat(filepath.Join("../..", room.path)); err != nil {
			continue // a place is kept for it, and nothing is in it yet
		}
		ports := strings.HasPrefix(room.path, "drivers/") && strings.HasSuffix(room.path, "port")
		if !strings.Contains(string(page), "| `"+room.path+"`") && !ports {
			t.Errorf("docs/architecture.md does not name %s", room.path)
		}
	}
}
