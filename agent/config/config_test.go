package config

import (
	"bytes"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// testKnown is a small build.
var testKnown = Known{
	Schemes: map[string]func(*url.URL) error{
		"serial": func(u *url.URL) error { return nil },
		"tcp": func(u *url.URL) error {
			if u.Port() == "" {
				return errors.New("the address has no port: use one such as tcp://192.168.1.50:9100")
			}
			return nil
		},
		"file": func(u *url.URL) error { return nil },
	},
	Profiles:  map[string][]string{"TM-T20II": {"80mm", "58mm"}, "TM-T88V": {"80mm"}, "POS-58": {"58mm"}},
	Providers: []string{"justo"},
	Drivers:   map[string]func(Device) error{"register": checkRegister},
}

func checkRegister(d Device) error {
	var errs []error
	if d.Profile == "" && d.Format == "" {
		errs = append(errs, errors.New("it needs profile or format"))
	}
	if d.Encoding == "ebcdic" {
		errs = append(errs, errors.New("encoding: ebcdic is not known"))
	}
	return errors.Join(errs...)
}

// least is the smallest configuration.
const least = `[terminal]
store = "s"
id = "t"
currency = "CLP"
timezone = "America/Santiago"
`

func example(t *testing.T) string {
	t.Helper()
	src, err := os.ReadFile("../../packaging/mostrador.toml")
	if err != nil {
		t.Fatal(err)
	}
	return string(src)
}

func TestExampleIsRead(t *testing.T) {
	cfg, err := Parse("mostrador.toml", []byte(example(t)), testKnown)
	if err != nil {
		t.Fatal(err)
	}
	if len(cfg.Warnings) != 1 || cfg.Warnings[0].Key != "integration[1].via" || cfg.Warnings[0].Line == 1 {
		t.Errorf("warnings: %v", cfg.Warnings)
	}
	cfg.Warnings = nil
	want := &Config{
		Terminal: Terminal{
			Store: "lima-01", ID: "caja-1", Locale: "es-PE", Currency: "PEN", Timezone: "America/Lima",
			BusinessDayStarts: 300, DataDir: "/var/lib/mostrador", StoreOrders: "holder", TakeoverAfter: 2 * time.Minute,
		},
		Orders: Orders{LeadTime: 30 * time.Minute},
		Uplink: Uplink{Window: 64, AcknowledgedBy: "broker", MaxPayload: 256 << 20},
		Buffer: Buffer{MaxSize: 2 << 30, KeepSent: 720 * time.Hour},
		Web:    Web{Listen: "127.0.0.1:7080"},
		Printers: []Printer{
			{
				Name: "cocina", Port: "serial:///dev/serial/by-id/usb-FTDI_FT232R-if00-port0?baud=19200&flow=dtrdsr",
				Profile: "TM-T20II", Paper: "80mm", FallbackAfter: 20 * time.Second, DrawerOpen: "low", DrawerLeftOpen: 5 * time.Minute,
			},
			{Name: "caja", Port: "tcp://192.168.1.50:9100", Profile: "TM-T88V", Paper: "80mm", FallbackAfter: 20 * time.Second, DrawerOpen: "low", DrawerLeftOpen: 5 * time.Minute},
		},
		Stations: []Station{
			{
				Name: "parrilla", Printers: []string{"cocina"}, Products: []string{"CARNE-*", "POLLO-*"},
				Categories: []string{"Parrillas"}, Names: []string{"*a la brasa*"},
			},
			{Name: "barra", Printers: []string{"caja"}, Default: true},
		},
		Devices: []Device{{
			Name: "registradora", Driver: "register", Port: "serial:///dev/ttyS0?baud=9600", Profile: "journal-columns",
		}},
		Integrations: []Integration{{Provider: "justo", Nickname: "Justo Centro", Accept: "automatic", Via: "relay"}},
	}
	want.Tickets.setDefaults()
	want.Tickets.Receipt.Printers = []string{"caja"}
	if !reflect.DeepEqual(cfg, want) {
		t.Errorf("got  %+v\nwant %+v", cfg, want)
	}
}

func TestDefaults(t *testing.T) {
	cfg, err := Parse("m.toml", []byte(least), testKnown)
	if err != nil {
		t.Fatal(err)
	}
	if cfg.Terminal.Locale != "es" || cfg.Terminal.BusinessDayStarts.Duration() != 5*time.Hour ||
		cfg.Tickets.Comanda.Unknown != "copy" || cfg.Tickets.Delivery.Unknown != "copy" ||
		cfg.Tickets.Receipt.Unknown != "ask" || cfg.Tickets.Comanda.MaxAge != 45*time.Minute || cfg.Tickets.Comanda.Copies != 1 {
		t.Errorf("%+v", cfg)
	}
	if zone := cfg.Terminal.Location().String(); zone != "America/Santiago" {
		t.Error(zone)
	}
	if got := defaultMaxSize(32).String(); got != "768MiB" {
		t.Error(got)
	}
}

func TestALoneStationIsTheDefault(t *testing.T) {
	src := least + "[[printer]]\nname = \"p\"\nport = \"tcp://h:1\"\n[[station]]\nname = \"s\"\nprinters = [\"p\"]\n"
	cfg, err := Parse("m.toml", []byte(src), testKnown)
	if err != nil || !cfg.Stations[0].Default {
		t.Errorf("%+v %v", cfg, err)
	}
}

func TestRelativePathsStartAtTheFile(t *testing.T) {
	src := strings.Replace(least, "currency", "data_dir = \"state\"\ncurrency", 1)
	cfg, err := Parse("/etc/mostrador/m.toml", []byte(src), testKnown)
	if err != nil {
		t.Fatal(err)
	}
	if want := filepath.Join("/etc/mostrador", "state"); cfg.Terminal.DataDir != want {
		t.Errorf("got %s, want %s", cfg.Terminal.DataDir, want)
	}
}

// TestShowCanBeRead: what show writes is the same configuration.
func TestShowCanBeRead(t *testing.T) {
	for name, src := range map[string]string{
		"example": example(t),
		"least":   least,
		"odd texts": least + `[[device]]
name = "d"
driver = "register"
port = "tcp://h:1"
format = '(?P<a>"\d+")'
date = "it's \\d \"x\""
kinds = { "VTA 1" = "item", "ñ" = "void" }
`,
	} {
		first, err := Parse("m.toml", []byte(src), testKnown)
		if err != nil {
			t.Fatal(name, err)
		}
		shown := Show(first)
		second, err := Parse("m.toml", shown, testKnown)
		if err != nil {
			t.Fatalf("%s: %v in\n%s", name, err, shown)
		}
		if again := Show(second); !bytes.Equal(shown, again) {
			t.Errorf("%s: shown\n%s\nagain\n%s", name, shown, again)
		}
	}
}

func TestShowHidesSecrets(t *testing.T) {
	t.Setenv("MOSTRADOR_UPLINK_PASSWORD", "hunter2")
	t.Setenv("MOSTRADOR_JUSTO_JUSTO_CENTRO_TOKEN", "hunter2")
	src := strings.Replace(example(t), "[uplink]", "[uplink]\nproxy = \"http://me:hunter2@proxy:3128\"", 1)
	cfg, err := Parse("m.toml", []byte(src), testKnown)
	if err != nil {
		t.Fatal(err)
	}
	shown := string(Show(cfg))
	if strings.Contains(shown, "hunter2") {
		t.Errorf("a secret shows:\n%s", shown)
	}
	for _, want := range []string{"MOSTRADOR_UPLINK_PASSWORD", "MOSTRADOR_JUSTO_JUSTO_CENTRO_TOKEN", "http://me:xxxxx@proxy:3128"} {
		if !strings.Contains(shown, want) {
			t.Errorf("%s is not shown:\n%s", want, shown)
		}
	}
	if got, err := cfg.Integrations[0].Token(); got != "hunter2" || err != nil {
		t.Errorf("token %q %v", got, err)
	}
}

func TestEdits(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"abc", "", 3}, {"printer", "printer", 0}, {"pritner", "printer", 1}, {"printers", "printer", 1}, {"lcoale", "locale", 1}, {"kitten", "sitting", 3}} {
		if got := edits(tt.a, tt.b); got != tt.want {
			t.Errorf("edits(%q, %q) = %d, want %d", tt.a, tt.b, got, tt.want)
		}
	}
}

func FuzzParse(f *testing.F) {
	src, err := os.ReadFile("../../packaging/mostrador.toml")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(src)
	f.Add([]byte(least))
	f.Add([]byte("a = [1,\n\"x\" \"y\"\n]\n[[printer\nname = 3\n[tickets]\nreceipt = {copies = 0}"))
	f.Add([]byte("[x]\n[x]\n\"\"\"\n'''\n"))
	f.Fuzz(func(t *testing.T, src []byte) {
		cfg, err := Parse("m.toml", src, testKnown)
		if err == nil {
			again, err := Parse("m.toml", Show(cfg), testKnown)
			if err != nil {
				t.Fatalf("what show writes cannot be read: %v\n%s", err, Show(cfg))
			}
			if !bytes.Equal(Show(cfg), Show(again)) {
				t.Fatalf("what show writes changes:\n%s\n%s", Show(cfg), Show(again))
			}
			return
		}
		faults, ok := errors.AsType[*Faults](err)
		if !ok || len(faults.List) == 0 {
			t.Fatalf("%T: %v", err, err)
		}
		lines := bytes.Count(src, []byte("\n")) + 1
		for _, fault := range faults.List {
			if fault.Line < 1 || fault.Line > lines || fault.Column < 1 || fault.Problem == "" {
				t.Fatalf("%+v in %d lines", fault, lines)
			}
		}
		if !slices.IsSortedFunc(faults.List, func(a, b Fault) int { return a.Line - b.Line }) {
			t.Fatal("not in order")
		}
	})
}

// What is accepted and not followed yet is said, key by key.
func TestPendingKeys(t *testing.T) {
	src := strings.NewReplacer(
		`profile = "TM-T20II" `, "fallback = [\"caja\"]\nprofile = \"TM-T20II\" ",
		`copies = 1,`, `copies = 1, max_age = "45m",`,
		`provider = "justo"`, "provider = \"justo\"\ntoken_file = \"justo.token\"",
		`[buffer]`, "rate = 5\nacknowledged_by = \"broker\"\nbatch = true\n[buffer]",
	).Replace(example(t))
	cfg, err := Parse("mostrador.toml", []byte(src), testKnown)
	if err != nil {
		t.Fatal(err)
	}
	var keys []string
	for _, w := range cfg.Warnings {
		if strings.Contains(w.Problem, "not followed yet") {
			keys = append(keys, w.Key)
		}
	}
	if want := []string{"integration[1].token_file"}; !slices.Equal(keys, want) {
		t.Errorf("warned of %q, want %q", keys, want)
	}
}
