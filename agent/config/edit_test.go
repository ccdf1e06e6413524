package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mostrador/agent/config"
)

const commented = `# The till of the bar.
[terminal]
store = "lima-01"   # as on the sign
id = "caja-1"

[uplink]            # the cloud
broker = 'mqtt://old'
# username = "x"

window = 32

[[printer]]
name = "caja"
broker = "not this one"
`

// Only what is to change changes.
func TestEditKeepsTheRest(t *testing.T) {
	got, err := config.Edit([]byte(commented), []config.Change{
		{"uplink.broker", "tls://mqtt.example.com"}, {"uplink.renew", true}, {"uplink.window", nil}, {"terminal.id", "caja-2"}, {"web.listen", "x\\y"}, {"uplink.proxy", nil},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := strings.NewReplacer(
		"'mqtt://old'", `"tls://mqtt.example.com"`, "window = 32\n", "renew = true\n", `"caja-1"`, `"caja-2"`,
	).Replace(commented) + "\n[web]\nlisten = 'x\\y'\n"
	if string(got) != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestEditOddFiles(t *testing.T) {
	change := []config.Change{{"uplink.broker", "b"}}
	for _, tt := range []struct{ name, file, want, says string }{
		{"empty", "", "\n[uplink]\nbroker = \"b\"\n", ""},
		{"no last line end", "[uplink]", "[uplink]\nbroker = \"b\"\n", ""},
		{"empty table last", "a = 1\n[uplink]\n", "a = 1\n[uplink]\nbroker = \"b\"\n", ""},
		{"Windows", "[uplink]\r\nwindow = 1\r\n[x]\r\n", "[uplink]\r\nwindow = 1\r\nbroker = \"b\"\r\n[x]\r\n", ""},
		{"byte order mark", "\ufeff[uplink]\n", "\ufeff[uplink]\nbroker = \"b\"\n", ""},
		{"dotted", "uplink.broker = \"a\" # why\n", "uplink.broker = \"b\" # why\n", ""},
		{"quoted", "[\"uplink\"]\n\"broker\" = \"\"\"\na=b\n\"\"\"\n", "[\"uplink\"]\n\"broker\" = \"b\"\n", ""},
		{"dotted, another key", "uplink.window = 1\n", "", "by hand"},
		{"inline", "uplink = { broker = \"a\" }\n", "", "a table of its own"},
		{"not TOML", "[uplink\n", "", "edit the configuration"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := config.Edit([]byte(tt.file), change)
			if tt.says != "" {
				if err == nil || !strings.Contains(err.Error(), tt.says) {
					t.Errorf("got %q, %v; want %q", got, err, tt.says)
				}
				return
			}
			if err != nil || string(got) != tt.want {
				t.Errorf("got %q, %v; want %q", got, err, tt.want)
			}
		})
	}
}

// A file keeps its rights, also through a link.
func TestReplace(t *testing.T) {
	dir := t.TempDir()
	real, link := filepath.Join(dir, "real.toml"), filepath.Join(dir, "link.toml")
	if err := os.WriteFile(real, []byte("a"), 0o640); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(real, link); err != nil {
		t.Skip(err) // Windows without the right to
	}
	if err := config.Replace(link, []byte("b")); err != nil {
		t.Fatal(err)
	}
	text, _ := os.ReadFile(real)
	info, err := os.Lstat(link)
	if err != nil || string(text) != "b" || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("%q, %v, %v", text, info, err)
	}
	if info, _ = os.Stat(real); info.Mode().Perm() != 0o640 {
		t.Errorf("%v", info.Mode())
	}
	if err := config.PutAside(link, []byte("c")); err != nil {
		t.Fatal(err)
	}
	if err := config.TakeBack(link); err != nil {
		t.Fatal(err)
	}
	if text, _ = os.ReadFile(real); string(text) != "b" {
		t.Errorf("taken back: %q", text)
	}
	if err := config.Create(real, nil); err == nil {
		t.Error("a file was created over another")
	}
}

func FuzzEdit(f *testing.F) {
	f.Add([]byte(commented), "x", true)
	f.Add([]byte("uplink.window = 1\n"), "\"\n\x00", false)
	f.Fuzz(func(t *testing.T, file []byte, broker string, renew bool) {
		got, err := config.Edit(file, []config.Change{{"uplink.broker", strings.ToValidUTF8(broker, "")}, {"uplink.renew", renew}, {"uplink.proxy", nil}})
		if err != nil {
			return // Edit checks what it gives back
		}
		if _, err := config.Edit(got, nil); err != nil {
			t.Fatal(err)
		}
	})
}
