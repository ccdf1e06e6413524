package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The house: which package may import which, and why. docs/architecture.md has
// it as a table. The rules are over direct imports, of every build.

// A room is a folder and everything below it, but for what has a room of its
// own.
type room struct {
	path string
	// may are the packages of ours that it may import; /... stands for all
	// below, and its own room is always allowed.
	may []string
	why string
}

var rooms = []room{
	{"cmd/mostrador", []string{"agent/...", "drivers/...", "printer/...", "store/..."}, "the composition root is the only place that knows every package"},
	{"agent", nil, "the supervisor runs any part and knows none"},
	{"agent/config", nil, "cmd hands it the known profiles, schemes and providers, so that reading the file needs nothing else"},
	{"agent/claim", nil, "the protocol is told what happens and says what to do, so that every order of events can be tried"},
	{"agent/pairing", nil, "what is asked and believed is decided without knowing the line, so that every hostile answer can be tried"},
	{"agent/order", []string{"store"}, "what an order needs is decided without knowing printers, providers or the line"},
	{"agent/storeorder", []string{"store", "agent/claim", "agent/order"}, "it settles who prints by the protocol, and knows neither providers nor the line"},
	{"agent/sale", []string{"store", "drivers"}, "it makes sales of what devices said, through their contract"},
	{"agent/spool", []string{"store", "drivers", "printer/..."}, "it opens ports by their contract, so that a new port changes nothing here"},
	{"agent/device", []string{"store", "drivers", "agent/order", "agent/sale"}, "it watches devices by their contract, so that a new driver changes nothing here"},
	{"agent/integration", []string{"store", "agent/order", "agent/sale"}, "a provider brings orders and sales and leaves paper and line to others"},
	{"agent/command", []string{"store", "agent/order", "agent/sale", "agent/spool", "agent/device", "agent/integration", "agent/config", "agent/pairing"}, "every action exists once, behind page, command line and cloud alike"},
	{"agent/uplink", []string{"store", "agent/pairing"}, "it carries what the store has committed; who handles what comes down is handed in"},
	{"agent/uplink/fleet", []string{"store", "agent/uplink"}, "it runs what a terminal runs, many times"},
	{"agent/web", []string{
		"store", "agent", "agent/command", "agent/config", "agent/device", "agent/integration", "agent/order",
		"agent/sale", "agent/spool", "printer/...",
	}, "the page shows and acts; the line to the cloud is not its business"},
	{"drivers", nil, "the contract of the hardware rests on nothing"},
	{"drivers/serialport", []string{"drivers"}, "a port is bytes"},
	{"drivers/usbport", []string{"drivers"}, "a port is bytes"},
	{"drivers/netport", []string{"drivers"}, "a port is bytes"},
	{"drivers/fileport", []string{"drivers"}, "a port is bytes"},
	{"drivers/spoolport", []string{"drivers"}, "a port is bytes"},
	{"drivers/text", nil, "lines of text are lines of text, whoever sends them"},
	{"drivers/register", []string{"drivers", "drivers/text"}, "a driver yields records of what it heard; agent/sale makes sales of them"},
	{"drivers/scanner", []string{"drivers"}, "a driver yields records of what it heard"},
	{"drivers/scale", []string{"drivers"}, "a driver yields records of what it heard"},
	{"drivers/tap", []string{"drivers", "drivers/text", "printer/escpos"}, "the tap reads a printer's stream"},
	{"drivers/display", []string{"drivers", "printer/escpos"}, "a line display speaks a printer's language"},
	{"drivers/drivertest", []string{"drivers"}, "the suites know the contract alone"},
	{"printer", []string{"printer/escpos", "printer/layout", "printer/profile", "printer/receipt"}, "a printer is what speaks with one, over an io.ReadWriter"},
	{"printer/receipt", nil, "a document knows no paper"},
	{"printer/profile", nil, "what a model can do is data"},
	{"printer/layout", []string{"printer/receipt", "printer/profile"}, "layout is pure: document and profile in, lines and dots out"},
	{"printer/font", nil, "glyphs are data"},
	{"printer/escpos", []string{"printer/receipt", "printer/profile", "printer/layout", "printer/font"}, "bytes come from a page; who sends them is not its business"},
	{"printer/virtual", []string{"printer/receipt", "printer/profile", "printer/layout", "printer/font", "printer/escpos"}, "it stands on what real printers understand"},
	{"store", nil, "the store knows records and no rules"},
	{"store/storebench", []string{"store"}, "the store is measured from outside, as its callers use it"},
}

func (r room) mayImport(to string) bool {
	return slices.ContainsFunc(r.may, func(pattern string) bool { return covers(pattern, to) })
}

// leansOn says whether a room that this one may import may import to. Tests
// build what their room leans on, and need what that takes.
func (r room) leansOn(to string) bool {
	return slices.ContainsFunc(rooms, func(other room) bool { return r.mayImport(other.path) && other.mayImport(to) })
}

// A holder is the only room that may import a library.
type holder struct {
	library string // with everything below it
	rooms   []string
	// tests may import it, too, in every room.
	tests bool
	why   string
}

var holders = []holder{
	{"github.com/eclipse/paho.mqtt.golang", []string{"agent/uplink"}, false, "the hazards of paho are handled in one place"},
	{"github.com/klauspost/compress/zstd", []string{"agent/uplink"}, false, "what goes compressed is packed in one place"},
	{"github.com/mochi-mqtt/server/v2", []string{"cmd/mostrador"}, true, "only the demo has a broker inside"},
	{"go.etcd.io/bbolt", []string{"store"}, false, "the format of the file is the store's own"},
	{"github.com/klauspost/compress/s2", []string{"store"}, false, "the format of the journal is the store's own"},
	{"github.com/tarm/serial", []string{"drivers/serialport"}, false, "its reads and closes hang unless handled with care"},
	{"github.com/google/gousb", []string{"drivers/usbport"}, false, "it needs cgo, and an order of closing"},
	{"github.com/kardianos/service", []string{"cmd/mostrador"}, false, "parts do not know how they were started"},
	{"github.com/spf13/cobra", []string{"cmd/mostrador"}, false, "parts do not know the command line"},
	{"os/signal", []string{"cmd/mostrador"}, false, "parts end with their context"},
	{"github.com/pelletier/go-toml/v2", []string{"agent/config"}, false, "the file is read in one place"},
	{"net/http", []string{"agent/web", "agent/integration", "agent/uplink"}, true, "what listens and what calls APIs is in few places"},
	{"testing", nil, true, "what tests need is not in the binary"},
	{"github.com/santhosh-tekuri/jsonschema/v6", nil, true, "schemas are checked in tests"},
	{"go.uber.org/goleak", nil, true, "leaks are looked for in tests"},
}

// topFolders are all that stand at the top, beside what .gitignore names.
var topFolders = []string{".ci", ".git", "agent", "cmd", "docs", "drivers", "packaging", "printer", "store", "bin", "demo", "dist", "node_modules"}

// builds are those that the imports are looked at for.
var builds = []struct {
	name string
	env  []string
	tags string
}{
	{"linux", []string{"GOOS=linux", "CGO_ENABLED=0"}, ""},
	{"windows", []string{"GOOS=windows", "CGO_ENABLED=0"}, ""},
	{"darwin", []string{"GOOS=darwin", "CGO_ENABLED=0"}, ""},
	{"linux with libusb", []string{"GOOS=linux", "CGO_ENABLED=1"}, "libusb"},
}

const module = "mostrador"

// An edge is one direct import.
type edge struct {
	from, to string // from without the module's name
	test     bool
}

func (e edge) String() string {
	if e.test {
		return "a test in " + e.from
	}
	return e.from
}

// isKit says whether a package exists for tests only.
func isKit(path string) bool { return strings.HasSuffix(path, "test") }

// covers says whether pattern names path: itself, or below it with /...
func covers(pattern, path string) bool {
	if below, all := strings.CutSuffix(pattern, "/..."); all {
		return path == below || strings.HasPrefix(path, below+"/")
	}
	return path == pattern
}

func within(folder, path string) bool { return covers(folder+"/...", path) }

// roomOf finds the innermost room of a package.
func roomOf(path string) (room, bool) {
	best := room{}
	for _, r := range rooms {
		if within(r.path, path) && len(r.path) > len(best.path) {
			best = r
		}
	}
	// Whoever stands below agent, drivers or printer needs a room of their own:
	// those three are single packages.
	single := best.path == "agent" || best.path == "drivers" || best.path == "printer"
	return best, best.path != "" && (!single || path == best.path)
}

// judge says why an import is against the rules, or "".
func judge(e edge) string {
	test := e.test || isKit(e.from)
	to, ours := strings.CutPrefix(e.to, module+"/")
	if !ours {
		return judgeLibrary(e.from, e.to, test)
	}
	if isKit(to) {
		if test {
			return ""
		}
		return "a kit for tests is not in the binary"
	}
	home, found := roomOf(e.from)
	if !found {
		return "this package has no room: give it one in house_test.go and in docs/architecture.md"
	}
	if within(home.path, to) && home.path != "agent" && home.path != "drivers" && home.path != "printer" || to == e.from {
		return ""
	}
	if home.mayImport(to) || e.test && home.leansOn(to) {
		return ""
	}
	allowed := "nothing of ours"
	if len(home.may) > 0 {
		allowed = "only " + strings.Join(home.may, ", ")
	}
	return fmt.Sprintf("%s may import %s: %s", home.path, allowed, home.why)
}

func judgeLibrary(from, library string, test bool) string {
	for _, h := range holders {
		if !within(h.library, library) || h.tests && test || from == "cmd/mostrador" && test {
			continue
		}
		if !slices.ContainsFunc(h.rooms, func(room string) bool { return within(room, from) }) {
			return fmt.Sprintf("%s is for %s: %s", h.library, cmp.Or(strings.Join(h.rooms, ", "), "tests"), h.why)
		}
	}
	return ""
}

// edges lists the direct imports of every package in one build.
func edges(t *testing.T, env []string, tags string) []edge {
	t.Helper()
	list := exec.Command("go", "list", "-e", "-deps=false", "-tags", tags, "-json=ImportPath,Imports,TestImports,XTestImports", module+"/...")
	list.Env = append(os.Environ(), env...)
	out, err := list.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var all []edge
	decoder := json.NewDecoder(bytes.NewReader(out))
	for {
		var p struct {
			ImportPath                         string
			Imports, TestImports, XTestImports []string
		}
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		from := strings.TrimPrefix(p.ImportPath, module+"/")
		for _, to := range p.Imports {
			all = append(all, edge{from, to, false})
		}
		for _, to := range append(p.TestImports, p.XTestImports...) {
			all = append(all, edge{from, to, true})
		}
	}
}

func TestWhoImportsWhom(t *testing.T) {
	for _, build := range builds {
		t.Run(build.name, func(t *testing.T) {
			all := edges(t, build.env, build.tags)
			if !slices.Contains(all, edge{"cmd/mostrador", module + "/store", false}) {
				t.Fatalf("go list did not see this program: %d imports", len(all))
			}
			for _, e := range all {
				if reason := judge(e); reason != "" {
					t.Errorf("%s imports %s\n\t%s", e, e.to, reason)
				}
			}
		})
	}
}

// TestTheRulesCanFail plants imports that must be refused, and some that must
// not.
func TestTheRulesCanFail(t *testing.T) {
	for _, tt := range []struct {
		e    edge
		says string
	}{
		{edge{"agent/order", "mostrador/agent/uplink", false}, "without knowing printers"},
		{edge{"agent/order", "mostrador/agent/uplink", true}, "without knowing printers"},
		{edge{"agent/spool", "mostrador/drivers/netport", false}, "by their contract"},
		{edge{"agent/spool", "mostrador/drivers/netport", true}, "by their contract"},
		{edge{"agent/web", "mostrador/drivers", false}, "not its business"},
		{edge{"agent/spool/ticket", "mostrador/agent/order", false}, "by their contract"},
		{edge{"agent", "mostrador/agent/config", false}, "knows none"},
		{edge{"agent/web", "mostrador/agent/uplink", false}, "not its business"},
		{edge{"agent/integration/justo", "mostrador/agent/spool", false}, "leaves paper"},
		{edge{"drivers/register", "mostrador/agent/sale", false}, "makes sales"},
		{edge{"drivers/netport", "mostrador/drivers/serialport", false}, "a port is bytes"},
		{edge{"printer/receipt", "mostrador/printer/layout", false}, "knows no paper"},
		{edge{"printer/escpos", "mostrador/printer/virtual", false}, "bytes come from a page"},
		{edge{"printer/escpos", "mostrador/drivers", false}, "bytes come from a page"},
		{edge{"store", "mostrador/drivers", false}, "no rules"},
		{edge{"agent/attic", "mostrador/store", false}, "no room"},
		{edge{"drivers/toaster", "mostrador/drivers", false}, "no room"},
		{edge{"agent/order", "mostrador/drivers/drivertest", false}, "not in the binary"},
		{edge{"cmd/mostrador", "github.com/eclipse/paho.mqtt.golang/packets", false}, "hazards of paho"},
		{edge{"agent/order", "go.etcd.io/bbolt", true}, "store's own"},
		{edge{"agent/uplink", "github.com/mochi-mqtt/server/v2", false}, "only the demo"},
		{edge{"agent/spool", "os/signal", false}, "with their context"},
		{edge{"agent/order", "net/http", false}, "few places"},
		{edge{"store", "testing", false}, "not in the binary"},

		{edge{"cmd/mostrador", "mostrador/agent/integration/justo", false}, ""},
		{edge{"cmd/mostrador", "github.com/eclipse/paho.mqtt.golang", true}, ""},
		{edge{"agent/integration/justo", "mostrador/agent/integration", false}, ""},
		{edge{"agent/uplink", "github.com/eclipse/paho.mqtt.golang/packets", false}, ""},
		{edge{"agent/uplink", "github.com/mochi-mqtt/server/v2", true}, ""},
		{edge{"drivers/netport", "mostrador/drivers/drivertest", true}, ""},
		{edge{"agent/web", "mostrador/drivers", true}, ""},
		{edge{"drivers/drivertest", "testing", false}, ""},
	} {
		got := judge(tt.e)
		if tt.says == "" && got != "" || tt.says != "" && !strings.Contains(got, tt.says) {
			t.Errorf("%s imports %s: got %q, want %q", tt.e.from, tt.e.to, got, tt.says)
		}
	}
}

func TestNothingElseAtTheTop(t *testing.T) {
	entries, err := os.ReadDir("../..")
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if entry.IsDir() && !slices.Contains(topFolders, entry.Name()) {
			t.Errorf("%s stands at the top: find its place in docs/architecture.md", entry.Name())
		}
	}
}

// TestNothingRegistersItself: no init functions, no HTTP servers outside the
// room that has them.
func TestNothingRegistersItself(t *testing.T) {
	seen := 0
	for _, folder := range []string{"agent", "cmd", "drivers", "printer", "store"} {
		err := filepath.WalkDir(filepath.Join("../..", folder), func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || filepath.Ext(path) != ".go" {
				return err
			}
			src, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			seen++
			inWeb := strings.Contains(filepath.ToSlash(path), "/agent/web/") || strings.HasSuffix(path, "_test.go")
			for _, fault := range habits(t, path, src, inWeb) {
				t.Error(fault)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if seen < 20 {
		t.Errorf("only %d files were looked at", seen)
	}
}

// habits reports what a file does that none of ours should.
func habits(t *testing.T, path string, src []byte, mayServe bool) []string {
	t.Helper()
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, path, src, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	var faults []string
	fault := func(node ast.Node, text string) {
		faults = append(faults, fmt.Sprintf("%s: %s", files.Position(node.Pos()), text))
	}
	ast.Inspect(file, func(node ast.Node) bool {
		switch n := node.(type) {
		case *ast.FuncDecl:
			if n.Name.Name == "init" && n.Recv == nil {
				fault(n, "init runs unseen: name it in an explicit list in cmd/mostrador")
			}
		case *ast.SelectorExpr:
			of, ok := n.X.(*ast.Ident)
			serves := []string{"Server", "ListenAndServe", "ListenAndServeTLS", "Serve", "ServeTLS", "Handle", "HandleFunc", "DefaultServeMux"}
			if ok && of.Name == "http" && slices.Contains(serves, n.Sel.Name) && !mayServe {
				fault(n, "agent/web alone serves HTTP: what listens checks Host and Origin there")
			}
		}
		return true
	})
	return faults
}

func TestHabitsCanFail(t *testing.T) {
	src := "package p\nimport \"net/http\"\nfunc init() { http.HandleFunc(\"/\", nil) }\ntype T struct{}\nfunc (T) init() {}\n"
	got := strings.Join(habits(t, "p.go", []byte(src), false), "\n")
	if strings.Count(got, "\n") != 1 || !strings.Contains(got, "p.go:3:1: init") || !strings.Contains(got, "p.go:3:15: agent/web") {
		t.Errorf("got %s", got)
	}
}
