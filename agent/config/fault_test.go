package config

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const (
	printerP  = "[[printer]]\nname = \"p\"\nport = \"tcp://h:9100\"\n"
	printerQ  = "[[printer]]\nname = \"q\"\nport = \"tcp://i:9100\"\n"
	stationP  = "[[station]]\nname = \"x\"\nprinters = [\"p\"]\n"
	deviceD   = "[[device]]\nname = \"d\"\ndriver = \"register\"\nport = \"tcp://d:1\"\n"
	justoOne  = "[[integration]]\nprovider = \"justo\"\nnickname = \"Uno\"\n"
	leastRows = 5
)

// faultTests have one fault each. between: it is one of several keys together,
// or of a range, which the schema cannot tell.
var faultTests = []struct {
	name    string
	src     string
	between bool
	want    string // line:column: key, and what must be said
	says    string
}{
	{name: "unknown key", src: least + "lcoale = \"es\"\n", want: "6:1: terminal.lcoale", says: "did you mean locale?"},
	{name: "unknown section", src: least + "[tikets]\n", want: "6:2: tikets", says: "did you mean tickets?"},
	{name: "unknown key far from any", src: least + "[web]\nzzzzzz = 1\n", want: "7:1: web.zzzzzz", says: "there is listen"},
	{name: "password in the file", src: least + "[uplink]\npassword = \"x\"\n", want: "7:1: uplink.password", says: "password_file"},
	{name: "data folder too deep for its socket", src: least + "data_dir = \"/" + strings.Repeat("x", 92) + "\"\n", between: true,
		want: "6:1: terminal.data_dir", says: "at most 92 bytes"},
	{name: "missing section", src: "[web]\n", want: "1:1: terminal", says: "add [terminal]"},
	{name: "missing key", src: strings.Replace(least, "currency = \"CLP\"\n", "", 1), want: "1:2: terminal.currency", says: "add currency"},
	{name: "bad id", src: strings.Replace(least, `"s"`, `"Lima 01"`, 1), want: "2:1: terminal.store", says: "such as lima-01"},
	{name: "id up", src: strings.Replace(least, `"s"`, `"up"`, 1), want: "2:1: terminal.store", says: "another meaning"},
	{name: "locale", src: least + "locale = \"pt-BR\"\n", want: "6:1: terminal.locale", says: "es-CL"},
	{name: "currency", src: strings.Replace(least, "CLP", "PESOS", 1), want: "4:1: terminal.currency", says: "ISO 4217"},
	{name: "no such currency", src: strings.Replace(least, "CLP", "ZZZ", 1), between: true, want: "4:1: terminal.currency", says: "ISO 4217"},
	{name: "time zone", src: strings.Replace(least, "America/Santiago", "America/Sanjago", 1), between: true, want: "5:1: terminal.timezone", says: "IANA"},
	{name: "time of day", src: least + "business_day_starts = \"24:00\"\n", want: "6:1: terminal.business_day_starts", says: "05:00"},
	{name: "time without quotes", src: least + "business_day_starts = 05:00:00\n", want: "6:1: terminal.business_day_starts", says: "in quotes"},
	{name: "duration without unit", src: least + "[orders]\nlead_time = 30\n", want: "7:1: orders.lead_time", says: "45m"},
	{name: "duration of words", src: least + "[orders]\nlead_time = \"half an hour\"\n", want: "7:1: orders.lead_time", says: "45m"},
	{name: "duration too long", src: least + "[orders]\nlead_time = \"25h\"\n", between: true, want: "7:1: orders.lead_time", says: "24h or less"},
	{name: "size", src: least + "[buffer]\nmax_size = \"2 gigs\"\n", want: "7:1: buffer.max_size", says: "2GiB"},
	{name: "size too small", src: least + "[buffer]\nmax_size = \"1kB\"\n", between: true, want: "7:1: buffer.max_size", says: "64MiB or more"},
	{name: "number out of range", src: least + "[uplink]\nwindow = 0\n", want: "7:1: uplink.window", says: "from 1 to 1024"},
	{name: "text for a switch", src: least + "[uplink]\nbatch = \"yes\"\n", want: "7:1: uplink.batch", says: "without quotes"},
	{name: "choice", src: least + "store_orders = \"standin\"\n", want: "6:1: terminal.store_orders", says: "did you mean stand-in?"},
	{name: "broker", src: least + "[uplink]\nbroker = \"mqtts://h\"\n", want: "7:1: uplink.broker", says: "tls://"},
	{name: "user in the broker's address", src: least + "[uplink]\nbroker = \"tls://u:p@h\"\n", between: true, want: "7:1: uplink.broker", says: "password_file"},
	{name: "listen", src: least + "[web]\nlisten = \"localhost\"\n", want: "7:1: web.listen", says: "127.0.0.1:7080"},
	{name: "printer in one bracket", src: least + "[printer]\nname = \"p\"\n", want: "6:2: printer", says: "two brackets"},
	{name: "list for a text", src: least + printerP + "profile = [\"auto\"]\n", want: "9:1: printer[1].profile", says: "text in quotes"},
	{name: "text for a list", src: least + printerP + "fallback = \"q\"\n", want: "9:1: printer[1].fallback", says: "list"},
	{name: "port scheme", src: least + strings.Replace(printerP, "tcp:", "tpc:", 1), between: true, want: "8:1: printer[1].port", says: "did you mean tcp?"},
	{name: "port address", src: least + strings.Replace(printerP, ":9100", "", 1), between: true, want: "8:1: printer[1].port", says: "has no port"},
	{name: "port without a scheme", src: least + strings.Replace(printerP, "tcp://h:9100", "/dev/ttyS0", 1), want: "8:1: printer[1].port", says: "such as tcp://"},
	{name: "profile", src: least + printerP + "profile = \"TM-T20ll\"\n", want: "9:1: printer[1].profile", says: "did you mean TM-T20II?"},
	{name: "paper", src: least + printerP + "profile = \"TM-T88V\"\npaper = \"58mm\"\n", between: true, want: "10:1: printer[1].paper", says: "it takes 80mm"},
	{name: "fallback to nobody", src: least + printerP + "fallback = [\"caja\"]\n", between: true, want: "9:13: printer[1].fallback[1]", says: "there is no printer \"caja\""},
	{name: "fallback to itself", src: least + printerP + "fallback = [\"p\"]\n", between: true, want: "9:1: printer[1].fallback", says: "another printer"},
	{name: "printers share a name", src: least + printerP + strings.Replace(printerQ, `"q"`, `"p"`, 1) + stationP, between: true, want: "10:1: printer[2].name", says: "printer[1]"},
	{name: "printers share a port", src: least + printerP + strings.Replace(printerQ, "//i", "//h", 1) + stationP, between: true, want: "11:1: printer[2].port", says: "printer[1]"},
	{name: "several printers and no station", src: least + printerP + printerQ, between: true, want: "1:1: station", says: "kitchen"},
	{name: "station without printers", src: least + printerP + "[[station]]\nname = \"x\"\n", want: "9:3: station[1].printers", says: "name of a [[printer]]"},
	{name: "station with no printer", src: least + printerP + "[[station]]\nname = \"x\"\nprinters = []\n", want: "11:1: station[1].printers", says: "the list is empty"},
	{name: "station of an unknown printer", src: least + printerP + strings.Replace(stationP, `["p"]`, `["p", "pp"]`, 1), between: true, want: "11:18: station[1].printers[2]", says: "there is no printer \"pp\""},
	{name: "no default station", src: least + printerP + stationP + strings.Replace(stationP, `"x"`, `"y"`, 1), between: true, want: "12:3: station[2].default", says: "default = true"},
	{name: "two default stations", src: least + printerP + stationP + "default = true\n" + strings.Replace(stationP, `"x"`, `"y"`, 1) + "default = true\n", between: true, want: "16:1: station[2].default", says: "exactly one"},
	{name: "copies", src: least + "[tickets]\nreceipt = { copies = 0 }\n", want: "7:13: tickets.receipt.copies", says: "from 1 to 9"},
	{name: "head of many lines", src: least + "[tickets]\nheader = [\"1\", \"2\", \"3\", \"4\", \"5\", \"6\", \"7\", \"8\", \"9\", \"10\", \"11\", \"12\", \"13\"]\n", want: "7:1: tickets.header", says: "at most 12"},
	{name: "head with a break", src: least + "[tickets]\nheader = [\"Bar\", \"Calle\\nLima\"]\n", want: "7:18: tickets.header[2]", says: "one text for each line"},
	{name: "head of nothing", src: least + "[tickets]\nheader = [\" \"]\n", want: "7:11: tickets.header[1]", says: "printable"},
	{name: "unknown kind of ticket", src: least + "[tickets]\ncomandas = {}\n", want: "7:1: tickets.comandas", says: "did you mean comanda?"},
	{name: "what to do with unknown", src: least + "[tickets]\ncomanda = { unknown = \"forget\" }\n", want: "7:13: tickets.comanda.unknown", says: "copy, ask"},
	{name: "comanda to a printer", src: least + printerP + "[tickets]\ncomanda = { printers = [\"p\"] }\n", between: true, want: "10:13: tickets.comanda.printers", says: "[[station]]"},
	{name: "driver", src: least + strings.Replace(deviceD, "register", "registre", 1) + "profile = \"x\"\n", want: "8:1: device[1].driver", says: "did you mean register?"},
	{name: "driver's own need", src: least + deviceD, between: true, want: "6:3: device[1]", says: "needs profile or format"},
	{name: "answer on no display", src: least + deviceD + "profile = \"x\"\nanswer_on = \"d\"\n", between: true, want: "11:1: device[1].answer_on", says: "no display"},
	{name: "scan does", src: least + deviceD + "profile = \"x\"\non_comanda = \"done\"\n", want: "11:1: device[1].on_comanda", says: "use ready, dispatched or off"},
	{name: "driver's option", src: least + deviceD + "profile = \"x\"\nencoding = \"ebcdic\"\n", between: true, want: "11:1: device[1].encoding", says: "not known"},
	{name: "ack", src: least + deviceD + "profile = \"x\"\nack = \"6\"\n", want: "11:1: device[1].ack", says: "such as 06"},
	{name: "kinds", src: least + deviceD + "profile = \"x\"\nkinds = { V = 1 }\n", want: "11:11: device[1].kinds.V", says: "text"},
	{name: "provider", src: least + strings.Replace(justoOne, "justo", "justoo", 1), want: "7:1: integration[1].provider", says: "did you mean justo?"},
	{name: "nickname twice", src: least + justoOne + strings.Replace(justoOne, "Uno", "uno!", 1), between: true, want: "11:1: integration[2].nickname", says: "integration[1]"},
	{name: "certificate without key", src: least + "[uplink]\nbroker = \"tls://h\"\nclient_cert_file = \"x\"\n", between: true, want: "8:1: uplink.client_cert_file", says: "client_key_file"},
	{name: "certificates on a plain line", src: least + "[uplink]\nbroker = \"mqtt://h\"\nca_file = \"x\"\n", between: true, want: "8:1: uplink.ca_file", says: "tls or wss"},
	{name: "text without quotes", src: strings.Replace(least, `"s"`, "lima-01", 1), want: "2:9: ", says: "text stands in quotes"},
	{name: "key twice", src: least + "id = \"u\"\n", want: "6:1: ", says: "keep one"},
	{name: "section twice", src: least + "[web]\n[web]\n", want: "7:2: ", says: "put its keys together"},
	{name: "quote left open", src: least + "locale = \"es\nstore_orders = \"no\"\n", want: "6:13: ", says: "closing quote"},
	{name: "list left open", src: least + printerP + "fallback = [\"q\"\npaper = \"80mm\"\n", want: "10:1: ", says: "closing ]"},
	{name: "not UTF-8", src: least + "locale = \"\xf1\"\n", want: "6:1: ", says: "UTF-8"},
	{name: "UTF-16", src: "\xff\xfe[\x00", want: "1:1: ", says: "UTF-8"},
}

func TestEachFaultIsNamed(t *testing.T) {
	for _, tt := range faultTests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Parse("m.toml", []byte(tt.src), testKnown)
			faults, ok := errors.AsType[*Faults](err)
			if !ok {
				t.Fatalf("got %v", err)
			}
			if len(faults.List) != 1 {
				t.Fatalf("not one fault:\n%v", err)
			}
			if got := faults.List[0].String(); !strings.HasPrefix(got, tt.want) || !strings.Contains(got, tt.says) {
				t.Errorf("got  %s\nwant %s … %s", got, tt.want, tt.says)
			}
			if faults.List[0].Mend == "" && !strings.Contains(faults.List[0].Problem, tt.says) {
				t.Errorf("no mend: %v", faults.List[0])
			}
		})
	}
}

func TestTenFaultsAreTen(t *testing.T) {
	src := `[terminal]
store = "Lima 01"
id = caja-1
locale = "de"
currency = "PEN"
timezone = "America/Lyma"
busines_day_starts = "05:00"

[orders]
lead_time = 30

[[printer]]
name = "cocina"
port = "sreial:///dev/ttyS0"
fallback = ["caha"]

[[printer]]
name = "caja"
port = "tcp://10.0.0.1:9100"
profile = "TM-T20"

[[station]]
name = "barra"
printers = ["caja"]
default = "yes"

[tickets]
comanda = { max_age = "45min" }
`
	want := []int{2, 3, 4, 6, 7, 10, 14, 15, 20, 25, 28}
	_, err := Parse("m.toml", []byte(src), testKnown)
	faults, ok := errors.AsType[*Faults](err)
	if !ok {
		t.Fatal(err)
	}
	var lines []int
	for _, fault := range faults.List {
		lines = append(lines, fault.Line)
	}
	if !slices.Equal(lines, want) {
		t.Errorf("faults at lines %v, want %v:\n%v", lines, want, err)
	}
	if got := strings.Count(err.Error(), "\nm.toml:"); got != len(want)-1 {
		t.Errorf("%d lines of text:\n%v", got+1, err)
	}
}

func TestFaultBehindFaultOfSyntax(t *testing.T) {
	src := least + "[web\nlisten = \"x:y\"\n[uplink]\nbroker = tls://h\nwindow = 0\n[buffer]\nmax_size = 2GiB\nkeep_sent = \"a\"\n"
	_, err := Parse("m.toml", []byte(src), testKnown)
	faults, ok := errors.AsType[*Faults](err)
	if !ok {
		t.Fatal(err)
	}
	var lines []int
	for _, fault := range faults.List {
		lines = append(lines, fault.Line)
	}
	if want := []int{6, 9, 10, 12, 13}; !slices.Equal(lines, want) {
		t.Errorf("faults at lines %v, want %v:\n%v", lines, want, err)
	}
}

func TestSecretFiles(t *testing.T) {
	folder := t.TempDir()
	write := func(name, content string, mode os.FileMode) string {
		t.Helper()
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte(content), mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	write("good", "s3cret\n", 0o600)
	write("empty", "\n", 0o600)
	write("open", "s3cret\n", 0o644)
	load := func(t *testing.T, section string) (*Config, error) {
		t.Helper()
		return Load(write("m.toml", least+section, 0o644), testKnown)
	}
	uplink := "[uplink]\nusername = \"u\"\npassword_file = "
	for _, tt := range []struct{ name, section, says string }{
		{"absent", uplink + `"nowhere"`, "there is no file"},
		{"empty", uplink + `"empty"`, "is empty"},
		{"a folder", uplink + `"."`, "is not a file"},
		{"api without token", justoOne + `via = "api"`, "MOSTRADOR_JUSTO_UNO_TOKEN"},
		{"no certificate", "[uplink]\nbroker = \"tls://h\"\nca_file = \"good\"\n", "BEGIN CERTIFICATE"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := load(t, tt.section); err == nil || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("got %v, want %s", err, tt.says)
			}
		})
	}
	t.Run("read at use", func(t *testing.T) {
		cfg, err := load(t, uplink+`"good"`)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := cfg.Uplink.Password(); got != "s3cret" || err != nil {
			t.Errorf("%q %v", got, err)
		}
		t.Setenv("MOSTRADOR_UPLINK_PASSWORD", "other")
		if got, err := cfg.Uplink.Password(); got != "other" || err != nil {
			t.Errorf("%q %v", got, err)
		}
	})
	t.Run("readable for all", func(t *testing.T) {
		cfg, err := load(t, uplink+`"open"`)
		if err != nil {
			t.Fatal(err)
		}
		if len(cfg.Warnings) != 1 || !strings.Contains(cfg.Warnings[0].Mend, "chmod 600") {
			t.Errorf("%v", cfg.Warnings)
		}
	})
}

func TestCertificateAndKeyBelongTogether(t *testing.T) {
	folder := t.TempDir()
	writeKeyPair(t, folder, "a")
	writeKeyPair(t, folder, "b")
	for _, tt := range []struct {
		key, says string
	}{{"a.key", ""}, {"b.key", "does not match"}, {"c.key", "there is no file"}} {
		path := filepath.Join(folder, "m.toml")
		src := least + "[uplink]\nbroker = \"tls://h\"\nca_file = \"a.crt\"\nclient_cert_file = \"a.crt\"\nclient_key_file = \"" + tt.key + "\"\n"
		if err := os.WriteFile(path, []byte(src), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := Load(path, testKnown)
		if tt.says == "" && err != nil || tt.says != "" && (err == nil || !strings.Contains(err.Error(), tt.says)) {
			t.Errorf("%s: got %v, want %q", tt.key, err, tt.says)
		}
	}
}

func writeKeyPair(t *testing.T, folder, name string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{SerialNumber: big.NewInt(1)}, &x509.Certificate{}, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for file, block := range map[string]*pem.Block{
		name + ".crt": {Type: "CERTIFICATE", Bytes: cert},
		name + ".key": {Type: "PRIVATE KEY", Bytes: der},
	} {
		if err := os.WriteFile(filepath.Join(folder, file), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func TestNoFile(t *testing.T) {
	_, err := Load(filepath.Join(t.TempDir(), "none.toml"), testKnown)
	if !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}
