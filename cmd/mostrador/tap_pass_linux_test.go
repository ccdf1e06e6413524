package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"mostrador/drivers"
	"mostrador/drivers/drivertest"
	"mostrador/drivers/tap"
)

// openPort opens a port as the daemon does.
func openPort(t testing.TB, address string) drivers.Port {
	t.Helper()
	port, err := opener(schemes())(address)(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// runTap runs a tap until the test ends; it collects the receipts.
func runTap(t testing.TB, pos drivers.Port, s tap.Settings) (receipts func() []drivers.Receipt) {
	t.Helper()
	s.Decoder = genericDecoder
	device, err := tap.New(s)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	var mu sync.Mutex
	var all []drivers.Receipt
	running.Go(func() {
		device.Listen(ctx, pos, nil, func(h drivers.Heard) error {
			mu.Lock()
			defer mu.Unlock()
			if h.Receipt != nil {
				all = append(all, *h.Receipt)
			}
			return nil
		})
	})
	t.Cleanup(func() { stop(); running.Wait(); pos.Close() })
	return func() []drivers.Receipt {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(all)
	}
}

// tapEnds are a POS and a printer with something between them.
type tapEnds struct{ pos, printer io.ReadWriter }

// tapOnNetwork returns both ends of a TCP tap.
func tapOnNetwork(t testing.TB) (tapEnds, func() []drivers.Receipt) {
	t.Helper()
	printer, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer printer.Close()
	acceptor := openPort(t, "listen://127.0.0.1:0")
	receipts := runTap(t, acceptor, tap.Settings{
		PerConnection: true,
		Printer: func(ctx context.Context) (drivers.Port, error) {
			return opener(schemes())("tcp://" + printer.Addr().String())(ctx)
		},
	})
	return tapJoined(t, acceptor.(interface{ Addr() net.Addr }).Addr().String(), printer), receipts
}

// tapJoined connects to an address that leads to the printer.
func tapJoined(t testing.TB, address string, printer net.Listener) tapEnds {
	t.Helper()
	pos, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	far, err := printer.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { pos.Close(); far.Close() })
	return tapEnds{pos, far}
}

// tapOnLine returns both ends of a serial tap.
func tapOnLine(t testing.TB) (tapEnds, func() []drivers.Receipt) {
	t.Helper()
	pos, printer := drivertest.NewPTY(t), drivertest.NewPTY(t)
	receipts := runTap(t, openPort(t, pos.Address("serial")+"?baud=9600"), tap.Settings{
		Ahead: stallBytes,
		Printer: func(ctx context.Context) (drivers.Port, error) {
			return opener(schemes())(printer.Address("serial") + "?baud=9600")(ctx)
		},
	})
	return tapEnds{pos, printer}, receipts
}

// pass sends a stream from one end and compares what comes out at the other.
func pass(t *testing.T, from io.Writer, to io.Reader, stream []byte) {
	t.Helper()
	go from.Write(stream)
	got := make([]byte, len(stream))
	if n, err := io.ReadFull(to, got); err != nil {
		t.Fatalf("%d of %d bytes came through: %v", n, len(stream), err)
	}
	if !bytes.Equal(got, stream) {
		at := 0
		for got[at] == stream[at] {
			at++
		}
		t.Errorf("byte %d of %d is %#x, was %#x", at, len(stream), got[at], stream[at])
	}
}

// foreignStreams are what other programs made: the npm packages, and filters of
// CUPS, which print pictures.
func foreignStreams(t *testing.T) (names []string, streams [][]byte) {
	t.Helper()
	till := &posTill{random: rand.New(rand.NewPCG(1, 2)), priced: true}
	var made []madeReceipt
	for range 3 {
		made = append(made, till.sell(tillNames))
	}
	for peer, printed := range printByPeers(t, made) {
		for _, stream := range printed {
			names, streams = append(names, peer), append(streams, stream)
		}
	}
	for _, filter := range []string{"rastertoepson"} {
		names, streams = append(names, filter), append(streams, printByFilter(t, filter))
	}
	return names, streams
}

// printByFilter prints a page of CUPS raster with one of the filters that Debian
// has.
func printByFilter(t *testing.T, filter string) []byte {
	t.Helper()
	dir := t.TempDir()
	ppd, raster := filepath.Join(dir, "p.ppd"), filepath.Join(dir, "page.ras")
	for name, content := range map[string][]byte{ppd: []byte(filterPPD), raster: cupsRaster(360, 240)} {
		if err := os.WriteFile(name, content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command("/usr/lib/cups/filter/"+filter, "1", "user", "title", "1", "", raster)
	cmd.Env = append(os.Environ(), "PPD="+ppd)
	said := new(bytes.Buffer)
	cmd.Stderr = said
	out, err := cmd.Output()
	if err != nil || len(out) == 0 {
		t.Fatalf("%s printed %d bytes: %v: run packaging/install-tools (make tools), which installs it\n%s", filter, len(out), err, said)
	}
	return out
}

const filterPPD = `*PPD-Adobe: "4.3"
*FormatVersion: "4.3"
*LanguageEncoding: ISOLatin1
*LanguageVersion: English
*Manufacturer: "Test"
*ModelName: "Test"
*NickName: "Test"
*PCFileName: "TEST.PPD"
*Product: "(Test)"
*PSVersion: "(3010.000) 0"
*cupsVersion: 1.4
*cupsModelNumber: 0
`

// cupsRaster is one page of black dots in CUPS' raster format, version 3
// (cups/raster.h: the header has 1796 bytes; integers are in the machine's order).
func cupsRaster(width, height int) []byte {
	header := make([]byte, 1796)
	set := func(at int, values ...uint32) {
		for i, v := range values {
			binary.NativeEndian.PutUint32(header[at+4*i:], v)
		}
	}
	set(276, 180, 180) // HWResolution
	set(340, 1)        // NumCopies
	set(352, uint32(width*72/60), uint32(height))
	set(372, uint32(width), uint32(height))
	set(384, 1, 1, uint32(width/8), 0, 3) // bits a colour and pixel, bytes a line, order, K
	set(420, 1)                           // cupsNumColors
	var b bytes.Buffer
	b.Write(binary.NativeEndian.AppendUint32(nil, 0x52615333)) // RaS3
	b.Write(header)
	for y := range height {
		for x := range width / 8 {
			b.WriteByte(byte(x * y))
		}
	}
	return b.Bytes()
}

// Bytes out are bytes in, both ways, whoever made them, and every paper of them
// is seen.
func TestTapPassesWhatOthersPrint(t *testing.T) {
	names, streams := foreignStreams(t)
	random := rand.New(rand.NewPCG(3, 4))
	noise := make([]byte, 64<<10)
	for i := range noise {
		noise[i] = byte(random.Uint32())
	}
	for kind, make := range map[string]func(testing.TB) (tapEnds, func() []drivers.Receipt){"network": tapOnNetwork, "line": tapOnLine} {
		t.Run(kind, func(t *testing.T) {
			w, receipts := make(t)
			for i, stream := range append(streams, noise) {
				pass(t, w.pos, w.printer, stream)
				pass(t, w.printer, w.pos, noise[:200])
				if i < len(names) {
					t.Logf("%s: %d bytes", names[i], len(stream))
				}
			}
			for deadline := time.Now().Add(30 * time.Second); len(receipts()) < 9; time.Sleep(5 * time.Millisecond) {
				if time.Now().After(deadline) {
					t.Fatalf("the tap saw %d papers, want those of the npm packages", len(receipts()))
				}
			}
			for _, r := range receipts()[:9] {
				if !bytes.Contains([]byte(r.Text), []byte("BOLETA DE VENTA B001-")) {
					t.Errorf("a paper reads:\n%s", r.Text)
				}
			}
		})
	}
}

// A printer on a line is unplugged in the middle of a receipt: what the POS says
// meanwhile waits, and comes out when it is back.
func TestTapKeepsForAnUnpluggedPrinter(t *testing.T) {
	w, receipts := tapOnLine(t)
	printer := w.printer.(*drivertest.PTY)
	whole := demoBoleta(7, time.Date(2026, 3, 14, 13, 5, 0, 0, time.UTC))
	half := len(whole) / 2
	pass(t, w.pos, printer, whole[:half])
	if err := printer.Unplug(); err != nil {
		t.Fatal(err)
	}
	if _, err := w.pos.Write(whole[half:]); err != nil {
		t.Fatal(err)
	}
	waitUntil(t, "the receipt is seen without the printer", func() bool { return len(receipts()) == 1 })
	if err := printer.Plug(); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, len(whole)-half)
	if n, err := io.ReadFull(printer, got); err != nil || !bytes.Equal(got, whole[half:]) {
		t.Errorf("after %d of %d bytes the printer got %q, %v", half, len(whole), got[:n], err)
	}
	if all := receipts(); len(all) != 1 || all[0].Torn || !bytes.Equal(all[0].Stream, whole) {
		t.Errorf("the receipt is seen as %+v", all)
	}
}

// A printer that takes nothing stops the POS: no more is kept than the tap and
// the buffers of two lines hold, and nothing of it is lost.
func TestTapStopsThePOSBeforeAStalledPrinter(t *testing.T) {
	const most = stallBytes + 256<<10
	w, _ := tapOnLine(t)
	random := rand.New(rand.NewPCG(5, 6))
	said := make([]byte, 8*most)
	for i := range said {
		said[i] = byte(random.Uint32())
	}
	var taken atomic.Int64
	var writing sync.WaitGroup
	writing.Go(func() {
		for rest := said; len(rest) > 0; {
			n, err := w.pos.Write(rest[:min(4096, len(rest))])
			if taken.Add(int64(n)); err != nil {
				return
			}
			rest = rest[n:]
		}
	})
	before := int64(-1)
	waitUntil(t, "the POS is stopped", func() bool {
		time.Sleep(200 * time.Millisecond)
		now := taken.Load()
		stopped := now >= stallBytes && now == before
		before = now
		return stopped
	})
	if before > most {
		t.Errorf("the POS could say %d bytes, want at most %d", before, most)
	}
	got := make([]byte, len(said))
	if n, err := io.ReadFull(w.printer, got); err != nil || !bytes.Equal(got, said) {
		t.Errorf("the printer got %d of %d bytes, or others: %v", n, len(said), err)
	}
	writing.Wait()
}

// What a driver of the desktop prints is no sale, and is kept with what a person
// needs to see it.
func TestTapKeepsPictures(t *testing.T) {
	p, err := tap.ParseProfile([]byte(demoTapProfile))
	if err != nil {
		t.Fatal(err)
	}
	papers := tap.ReadAll(p, genericDecoder(), printByFilter(t, "rastertoepson"))
	if len(papers) == 0 {
		t.Error("no paper was seen")
	}
	for _, in := range papers {
		if in.Cause == "" || len(in.Lines) > 0 || len(in.Stream) == 0 {
			t.Errorf("a page of dots is read as %q", in.Text)
		}
	}
}

// bareOnNetwork forwards TCP with nothing around it.
func bareOnNetwork(t testing.TB) tapEnds {
	t.Helper()
	printer, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer printer.Close()
	front, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer front.Close()
	go func() {
		a, err := front.Accept()
		if err != nil {
			return
		}
		b, err := net.Dial("tcp", printer.Addr().String())
		if err != nil {
			a.Close()
			return
		}
		go func() { forward(a, b); a.Close() }()
		forward(b, a)
		b.Close()
	}()
	return tapJoined(t, front.Addr().String(), printer)
}

// forward copies piece by piece, without the short cut through the kernel that
// io.Copy takes.
func forward(to io.Writer, from io.Reader) {
	buf := make([]byte, 4096)
	for {
		n, err := from.Read(buf)
		if n > 0 {
			to.Write(buf[:n])
		}
		if err != nil {
			return
		}
	}
}

// bareOnLine forwards between two serial ports with nothing around it.
func bareOnLine(t testing.TB) tapEnds {
	t.Helper()
	pos, printer := drivertest.NewPTY(t), drivertest.NewPTY(t)
	a, b := openPort(t, pos.Address("serial")), openPort(t, printer.Address("serial"))
	var copying sync.WaitGroup
	copying.Go(func() { forward(a, b) })
	copying.Go(func() { forward(b, a) })
	t.Cleanup(func() { a.Close(); b.Close(); copying.Wait() })
	return tapEnds{pos, printer}
}

// tapLatencies measures how long each of n pieces takes from end to end, sorted.
func tapLatencies(t testing.TB, w tapEnds, n, size int) []time.Duration {
	t.Helper()
	piece, got := bytes.Repeat([]byte("x"), size), make([]byte, size)
	all := make([]time.Duration, 0, n)
	for range n {
		began := time.Now()
		if _, err := w.pos.Write(piece); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(w.printer, got); err != nil {
			t.Fatal(err)
		}
		all = append(all, time.Since(began))
	}
	slices.Sort(all)
	return all
}

// TestTapFigures measures what a tap adds, beside forwarding with nothing around
// it, in turns in the same run. make proof writes it into docs/figures.md.
func TestTapFigures(t *testing.T) {
	rounds := 200
	if proof() {
		rounds = 20000
	}
	var rows []figure
	for _, kind := range []struct {
		name, limit string
		size        int
		tap         func(testing.TB) (tapEnds, func() []drivers.Receipt)
		bare        func(testing.TB) tapEnds
	}{
		{"TCP loopback, pieces of 64 bytes", "2 ms", 64, tapOnNetwork, bareOnNetwork},
		{"two ptys, one character", "1.04 ms, a character at 9,600 baud", 1, tapOnLine, bareOnLine},
	} {
		through, _ := kind.tap(t)
		bare := kind.bare(t)
		var tapped, plain []time.Duration
		for range 10 {
			tapped = append(tapped, tapLatencies(t, through, rounds/10, kind.size)...)
			plain = append(plain, tapLatencies(t, bare, rounds/10, kind.size)...)
		}
		slices.Sort(tapped)
		slices.Sort(plain)
		p := func(all []time.Duration, q int) time.Duration { return all[len(all)*q/100].Round(time.Microsecond) }
		rows = append(rows, figure{
			"through a tap, end to end: " + kind.name, kind.limit,
			fmt.Sprintf("p50 %v, p99 %v; bare forwarding p50 %v, p99 %v (× %.2f, × %.2f)", p(tapped, 50), p(tapped, 99), p(plain, 50), p(plain, 99),
				float64(p(tapped, 50))/float64(p(plain, 50)), float64(p(tapped, 99))/float64(p(plain, 99))),
			fmt.Sprintf("%d pieces, in turns with bare forwarding", rounds),
		})
	}
	record(t, "A tap", rows)
}

// waitUntil looks until something is so.
func waitUntil(t *testing.T, what string, so func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !so(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain until %s", what)
		}
	}
}
