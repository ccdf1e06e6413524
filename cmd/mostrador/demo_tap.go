package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"mostrador/printer/profile"
	"mostrador/printer/virtual"
	"mostrador/store"
)

// A demoTap is a POS that prints over the network, the printer that it believes
// to print on, and what the configuration says of the tap between them.
type demoTap struct {
	dir     string
	port    int // that the tap listens on
	printer net.Listener
}

// startDemoTap finds two free ports and writes the profile that reads the POS's
// receipts.
func startDemoTap(dir string) (*demoTap, error) {
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("tap: %w", err)
	}
	d := &demoTap{dir: dir, port: free.Addr().(*net.TCPAddr).Port}
	if d.printer, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		free.Close()
		return nil, fmt.Errorf("tap: %w", err)
	}
	free.Close()
	return d, os.WriteFile(d.profileFile(), []byte(demoTapProfile), 0o644)
}

func (d *demoTap) profileFile() string { return filepath.Join(d.dir, "mostrador.tap") }

// config is the tap's part of the configuration.
func (d *demoTap) config() string {
	return fmt.Sprintf(`
[[device]]
name = "mostrador"
driver = "tap"
port = "listen://127.0.0.1:%d"
printer_port = "tcp://%s"
profile_file = %q
`, d.port, d.printer.Addr(), d.profileFile())
}

const demoTapProfile = `# As mostrador tap learn would write it.
decimal: .
decimals: 2
currency: S/
amounts: aligned
date: DD/MM/YYYY
open: BOLETA {receipt}
open: {date} {time}
item: {quantity} {name} {price} {amount}
total: TOTAL S/ {amount}
payment EFECTIVO: EFECTIVO {amount}
change: VUELTO {amount}
`

// run is the printer behind the tap, and the POS that prints now and then, until
// ctx ends.
func (d *demoTap) run(ctx context.Context, every time.Duration) {
	model, _ := profile.Lookup("TM-T20II")
	printer := virtual.New(model, model.Papers["80mm"], virtual.Options{})
	defer printer.Close()
	printing := make(chan struct{})
	go func() {
		defer close(printing)
		printer.Serve(ctx, d.printer)
	}()
	for n := 1; ctx.Err() == nil; n++ {
		select {
		case <-time.After(every):
			d.print(ctx, demoBoleta(n, time.Now()))
		case <-ctx.Done():
		}
	}
	<-printing
}

// stop takes the printer off the network; a second time it does nothing.
func (d *demoTap) stop() { d.printer.Close() }

// narrate tells each sale that the tap has read, until ctx ends.
func (d *demoTap) narrate(ctx context.Context, st *store.Store, out *calm) {
	changed, stop := st.Watch(store.TopicSales)
	defer stop()
	told, money := uint64(0), store.NewMoneyFormat("es-PE")
	for {
		err := st.View(func(tx *store.Tx) error {
			newest := told
			for s, err := range tx.Sales() {
				if err != nil || s.Seq <= told {
					told = newest
					return err
				}
				newest = max(newest, s.Seq)
				if s.Source == "tap/mostrador" {
					out.say("  ⇢ recibo %s leído al pasar: %d líneas, %s", printable(s.Receipt), len(s.Lines), money.Format(s.Total, s.Currency))
				}
			}
			told = newest
			return nil
		})
		if err != nil {
			out.say("  %v", err)
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return
		}
	}
}

// print sends one receipt to where the POS believes its printer to be. A tap that
// does not listen yet loses it, as a printer would.
func (d *demoTap) print(ctx context.Context, receipt []byte) {
	dialer := net.Dialer{Timeout: time.Second}
	conn, err := dialer.DialContext(ctx, "tcp", fmt.Sprintf("127.0.0.1:%d", d.port))
	if err != nil {
		return
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(5 * time.Second))
	conn.Write(receipt)
}

// demoBoleta is a receipt as a small POS prints it.
func demoBoleta(n int, now time.Time) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "\x1b@\x1ba\x01LA BRASA DE NUSTA\nBOLETA B001-%07d\n\x1ba\x00%s\n%s\n", n, now.Format("02/01/2006 15:04"), strings.Repeat("-", 42))
	total := 0
	for i, dish := range []string{"LOMO SALTADO", "CHICHA MORADA", "PICARONES"}[:1+n%3] {
		quantity, cents := 1+(n+i)%2, 900+650*i
		fmt.Fprintf(&b, "%-3d %-18s %9.2f %9.2f\n", quantity, dish, float64(cents)/100, float64(quantity*cents)/100)
		total += quantity * cents
	}
	given := (total/1000 + 1) * 1000
	fmt.Fprintf(&b, "%s\nTOTAL S/ %33.2f\nEFECTIVO %33.2f\nVUELTO %35.2f\n\n\x1dV\x42\x03", strings.Repeat("-", 42),
		float64(total)/100, float64(given)/100, float64(given-total)/100)
	return b.Bytes()
}
