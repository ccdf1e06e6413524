package escpos_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"strings"
	"testing"

	"mostrador/printer/escpos"
	"mostrador/printer/layout"
	"mostrador/printer/profile"
)

// A sent stream is one that we send to printers.
type sent struct {
	Name string `json:"name"`
	Data []byte `json:"data"`
}

// commands are all streams but tickets. Whoever adds a command to the package
// adds it here.
func commands(t *testing.T) []sent {
	t.Helper()
	must := func(b []byte, err error) []byte {
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	key := escpos.LogoKey{'A', '1'}
	all := []sent{
		{"resync", escpos.Resync(0)},
		{"resync with data pending", append([]byte("\x1d(k\x0c\x00"), escpos.Resync(12)...)},
		{"fence", escpos.Fence()},
		{"automatic status", append(escpos.AutoStatus(0x0f), escpos.AutoStatus(0)...)},
		{"process id", must(escpos.ProcessID([4]byte{'a', 'b', ' ', '~'}))},
		{"drawer on pin 2", must(escpos.Drawer(2))},
		{"drawer on pin 5", must(escpos.Drawer(5))},
		{"logo", must(escpos.LogoDefine(key, logo(200, 80)))},
		{"large logo", must(escpos.LogoDefine(key, logo(576, 2304)))},
		{"logo recalled", escpos.LogoPrint(key)},
		{"logo deleted", escpos.LogoDelete(key)},
		{"logos listed", append(escpos.LogoList(), escpos.LogoNext()...)},
	}
	for n := 1; n <= 4; n++ {
		all = append(all, sent{fmt.Sprintf("status %d", n), must(escpos.Status(n))})
	}
	for _, kind := range []profile.Buzzer{profile.BuzzerEpson, profile.BuzzerStar, profile.BuzzerClone, profile.BuzzerDrawer} {
		if b, ok := escpos.Buzzer(kind); ok {
			all = append(all, sent{fmt.Sprintf("buzzer %s", kind), b})
		}
	}
	return all
}

// tickets are pages with everything that a page can hold, on every profile and
// paper.
func tickets(t *testing.T) []sent {
	t.Helper()
	random := rand.New(rand.NewPCG(7, 7))
	picture := logo(200, 80)
	options := escpos.Options{ASB: 0x0f, Logos: map[escpos.LogoSum]escpos.LogoKey{escpos.SumLogo(picture): {'A', '1'}}}
	var all []sent
	for _, name := range profile.Names() {
		p := lookup(t, name)
		for paper := range p.Papers {
			pages := []layout.Page{{Columns: p.Papers[paper].Columns, Rows: []layout.Row{{Kind: layout.PictureRow, Picture: &picture}, {Kind: layout.CutRow}}}}
			for range 6 {
				seed := make([]byte, 150)
				for i := range seed {
					seed[i] = byte(random.Uint32())
				}
				pages = append(pages, (&entropy{seed}).page(p, p.Papers[paper].Columns))
			}
			for i, page := range pages {
				stream, err := escpos.Encode(page, p, options)
				if err != nil {
					t.Fatal(err)
				}
				all = append(all, sent{fmt.Sprintf("page %d on %s, %s", i, name, paper), stream})
			}
		}
	}
	return all
}

// TestNposFramesEveryByte: the npm package npos, which is not ours, takes our
// streams apart into commands that it knows, and text, without a byte left over.
func TestNposFramesEveryByte(t *testing.T) {
	all := append(commands(t), tickets(t)...)
	in, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	node := exec.Command("node", "../../packaging/peers/frames.js")
	node.Stdin, node.Stderr = bytes.NewReader(in), new(strings.Builder)
	out, err := node.Output()
	if err != nil {
		t.Fatalf("npos did not answer: %v: run packaging/install-tools (make tools), which installs Node and the npm packages\n%v", err, node.Stderr)
	}
	var framed []struct {
		Error string
		Nodes []struct {
			Offset, Length int
			Name           string
		}
	}
	if err := json.Unmarshal(out, &framed); err != nil {
		t.Fatal(err)
	}
	for i, stream := range all {
		if framed[i].Error != "" {
			t.Errorf("%s: %s", stream.Name, framed[i].Error)
			continue
		}
		at := 0
		for _, node := range framed[i].Nodes {
			if node.Offset != at || node.Length < 1 || at+node.Length > len(stream.Data) {
				t.Errorf("%s: %q at %d of %d bytes, want it at %d", stream.Name, node.Name, node.Offset, len(stream.Data), at)
				break
			}
			at += node.Length
			if node.Name != "STX " {
				continue // a command
			}
			if c := bytes.IndexFunc(stream.Data[node.Offset:at], func(r rune) bool { return r < ' ' && r != '\n' }); c >= 0 {
				t.Errorf("%s: a control character in the text %q", stream.Name, stream.Data[node.Offset:at])
			}
		}
		if at != len(stream.Data) {
			t.Errorf("%s: %d bytes of %d are accounted for", stream.Name, at, len(stream.Data))
		}
	}
}
