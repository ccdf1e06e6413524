package virtual_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mostrador/printer/layout"
	"mostrador/printer/virtual"
)

// A scanned code is what was printed and what a scanner has to say of it.
type scanned struct {
	code layout.Code
	want string // its kind and data, as zbarimg names them
}

// codesToScan are codes of every type with random data, over all sizes and levels.
func codesToScan(perType int) []scanned {
	random := rand.New(rand.NewPCG(4, 8))
	text := func(n int, alphabet string) string {
		letters := []rune(alphabet)
		b := make([]rune, n)
		for i := range b {
			b[i] = letters[random.IntN(len(letters))]
		}
		return string(b)
	}
	const digits, upper = "0123456789", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	var printable strings.Builder
	for c := ' '; c <= '~'; c++ {
		printable.WriteRune(c)
	}
	var all []scanned
	for i := range perType {
		bars := layout.Code{Cell: 2 + i%3, Height: 40 + 20*(i%5), HRI: i%2 == 0}
		add := func(kind, data, want string) {
			c := bars
			c.Type, c.Data = kind, data
			all = append(all, scanned{c, want})
		}
		code128 := "x" + text(1+i%8, printable.String()) + "x"
		add("code128", code128, "CODE-128:"+code128)
		number := text(4+2*(i%5), digits)
		add("code128", number, "CODE-128:"+number)
		code39 := text(2+i%6, digits+upper+"-.$/+%")
		add("code39", code39, "CODE-39:"+code39)
		itf := text(6+2*(i%4), digits)
		add("itf", itf, "I2/5:"+itf)
		ean13 := checked(text(12, digits))
		add("ean", ean13, "EAN-13:"+ean13)
		ean8 := checked(text(7, digits))
		add("ean", ean8, "EAN-8:"+ean8)
		upc := checked(text(11, digits))
		add("upc", upc, "EAN-13:0"+upc)
		codabar := "A" + text(4+i%6, digits+"-$:/.+") + "B"
		add("codabar", codabar, "Codabar:"+codabar)
		for _, level := range []string{"l", "m", "q", "h"} {
			alphabet := []string{digits, digits + upper + " $%*+-./:", printable.String(), "áéñü€ßЖї日本語🍕"}[random.IntN(4)]
			qr := "q" + text(random.IntN(150), alphabet) + "q"
			all = append(all, scanned{layout.Code{Type: "qrcode", Data: qr, Cell: 3 + i%6, Level: level}, "QR-Code:" + qr})
		}
	}
	return all
}

// checked appends the check digit of an EAN or UPC.
func checked(digits string) string {
	sum := 0
	for i := range len(digits) {
		weight := 1
		if (len(digits)-i)%2 == 1 {
			weight = 3
		}
		sum += weight * int(digits[i]-'0')
	}
	return digits + fmt.Sprint((10-sum%10)%10)
}

// A scanner reads every code, whether the printer draws it from its native
// command or we draw it for a printer that has none.
func TestEveryCodeIsRead(t *testing.T) {
	perType := 6
	if os.Getenv("MOSTRADOR_PROOF") != "" {
		perType = 150
	}
	dir := t.TempDir()
	for _, model := range [][2]string{{"TM-T20II", "80mm"}, {"generic", "80mm"}} {
		codes := codesToScan(perType)
		files := make([]string, len(codes))
		for i, c := range codes {
			v, p := load(t, model[0], model[1], virtual.Options{})
			v.Write(encode(t, p, 48, text(layout.Run{Text: "Mesa"}), layout.Row{Kind: layout.CodeRow, Align: 1, Code: c.code}, layout.Row{Kind: layout.CutRow}))
			files[i] = filepath.Join(dir, fmt.Sprintf("%s-%05d.png", model[0], i))
			save(t, v.Papers()[0], files[i])
		}
		for i, got := range scan(t, files) {
			if got != codes[i].want {
				t.Errorf("%s, %+v: read %q, want %q", model[0], codes[i].code, got, codes[i].want)
			}
		}
	}
}

// scan reads the one code of each picture, fifty in one process; where one has
// none or more, each by itself. zbarimg's XML would name the picture, but garbles
// bytes beyond ASCII.
func scan(t *testing.T, files []string) []string {
	t.Helper()
	var got []string
	for some := range slices.Chunk(files, 50) {
		lines := scanTogether(t, some)
		if len(lines) != len(some) {
			lines = nil
			for _, file := range some {
				lines = append(lines, strings.Join(scanTogether(t, []string{file}), ", "))
			}
		}
		got = append(got, lines...)
	}
	return got
}

func scanTogether(t *testing.T, files []string) []string {
	t.Helper()
	options := []string{"--quiet", "--nodbus", "-Sqr.binary", "-Sisbn10.disable", "-Sisbn13.disable", "-Sdatabar.disable", "-Sdatabar-exp.disable"}
	cmd := exec.Command("zbarimg", append(options, files...)...)
	out, err := cmd.Output()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) { // it exits with an error where a picture has no code
		t.Fatalf("zbarimg did not answer: %v: run packaging/install-tools (make tools), which installs zbar-tools", err)
	}
	return slices.DeleteFunc(strings.Split(string(out), "\n"), func(line string) bool { return line == "" })
}
