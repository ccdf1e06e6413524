//go:build linux

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"mostrador/agent/web"
	"mostrador/store"
)

// A smallDisk is a file system of its own that holds the daemon's data and a
// file of somebody else's that can take all the space that is left.
type smallDisk struct {
	t   *testing.T
	dir string
}

// diskSize is little more than what the store sets aside for orders: a quarter
// of the smallest max_size.
const diskSize = 40 << 20

// newSmallDisk mounts a file system, in memory or an ext4 in a file.
func newSmallDisk(t *testing.T, kind string) *smallDisk {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("only root can mount a small disk; CI runs this as root")
	}
	d := &smallDisk{t: t, dir: filepath.Join(t.TempDir(), "disk")}
	if err := os.Mkdir(d.dir, 0o755); err != nil {
		t.Fatal(err)
	}
	mount := []string{"-t", "tmpfs", "-o", fmt.Sprintf("size=%d", diskSize), "mostrador-test", d.dir}
	if kind == "ext4" {
		image := filepath.Join(t.TempDir(), "image")
		d.run("truncate", "-s", fmt.Sprint(diskSize), image)
		d.run("mkfs.ext4", "-q", "-m", "0", image)
		mount = []string{"-o", "loop", image, d.dir}
	}
	d.run("mount", mount...)
	t.Cleanup(func() { d.run("umount", d.dir) })
	return d
}

func (d *smallDisk) run(name string, args ...string) {
	d.t.Helper()
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		d.t.Fatalf("%s %v: %v\n%s", name, args, err, out)
	}
}

func (d *smallDisk) filler() string { return filepath.Join(d.dir, "somebody-elses") }

// fill takes all the space that there is now.
func (d *smallDisk) fill() {
	d.t.Helper()
	f, err := os.OpenFile(d.filler(), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		d.t.Fatal(err)
	}
	defer f.Close()
	for _, size := range []int{1 << 20, 4 << 10} {
		for err == nil {
			if _, err = f.Write(make([]byte, size)); err == nil && size < 1<<20 {
				err = f.Sync()
			}
		}
		if !errors.Is(err, unix.ENOSPC) {
			d.t.Fatal(err)
		}
		err = nil
	}
}

// free gives the space back.
func (d *smallDisk) free() {
	d.t.Helper()
	if err := os.Remove(d.filler()); err != nil {
		d.t.Fatal(err)
	}
}

// health asks the daemon how much room its store has.
func (c *counter) health() (h store.Health) {
	c.t.Helper()
	client, err := web.NewClient(c.dataDir)
	if err != nil {
		c.t.Fatal(err)
	}
	var all struct {
		Store store.Health `json:"store"`
	}
	if err := client.Get(c.t.Context(), "/v1/health", &all); err != nil {
		c.t.Fatal(err)
	}
	return all.Store
}

// pubacks are how many messages to the terminal alone the broker knows to be
// taken, all runs of the daemon together. It takes its store's, too.
func (c *counter) pubacks() (n int) {
	down := map[string]bool{} // by what the broker numbers them with at the time
	for line := range strings.Lines(c.broker.Log()) {
		if sent := sentToTill.FindStringSubmatch(line); sent != nil {
			down[sent[1]] = strings.HasPrefix(sent[2], "mostrador/v1/lima-01/caja-1/down/")
		} else if taken := takenByTill.FindStringSubmatch(line); taken != nil && down[taken[1]] {
			n++
		}
	}
	return n
}

// What mosquitto logs of each message to the till.
var (
	sentToTill  = regexp.MustCompile(`Sending PUBLISH to lima-01_caja-1 \(d\d, q\d, r\d, m(\d+), '([^']*)'`)
	takenByTill = regexp.MustCompile(`Received PUBACK from lima-01_caja-1 \(Mid: (\d+),`)
)

// fillUntilMemory fills the disk, and then has orders use up the reserve
// while somebody else takes what it lets go of.
func (c *counter) fillUntilMemory(d *smallDisk, next func() ask) (asks []ask) {
	c.t.Helper()
	d.fill()
	for len(asks) < 2000 {
		k := next()
		asks = append(asks, k)
		c.order(k.payload)
		c.eventually(time.Minute, "the order", func() bool {
			_, _, err := c.try("orders", "show", k.number)
			return err == nil
		})
		if c.health().InMemory {
			c.t.Logf("the store holds in memory from order %d on", len(asks))
			return asks
		}
		d.fill()
	}
	c.t.Fatal("the reserve has no end")
	return nil
}

// Full disk, as the design has it: sales are refused and not acknowledged,
// orders use the reserve and then memory, and are acknowledged once their
// papers are proven; with space again everything is written by itself.
func TestFullDisk(t *testing.T) {
	for _, kind := range []string{"tmpfs", "ext4"} {
		t.Run(kind, func(t *testing.T) {
			disk := newSmallDisk(t, kind)
			c := newCounter(t, counterOptions{locale: "es-PE", currency: "PEN", copyAll: true, dataDir: filepath.Join(disk.dir, "data")})
			c.start()
			r, _ := seeded(t)
			menu := &kitchenMenu{rand: r, currency: "PEN"}
			next := func() ask { return menu.ask(t, []string{"delivery", "go", "serve"}[r.IntN(3)]) }
			c.register.sell(t, 2)
			asks := c.fillUntilMemory(disk, next)
			c.settled(len(asks), time.Minute)
			c.eventually(time.Minute, "proven papers acknowledged", func() bool { return c.pubacks() == len(asks) })

			c.register.keepSelling(t) // in vain
			c.kitchen.peer.Unplug()
			asks = append(asks, c.orderInMemory(disk, len(asks), func() ask { return c.askFor(next, "parrilla") })...)
			if n := c.pubacks(); n >= len(asks) {
				t.Errorf("%d of %d orders are acknowledged although one is only in memory and has no paper", n, len(asks))
			}
			if n := len(c.register.rung()); n != 2 {
				t.Errorf("%d sales were acknowledged on a full disk", n)
			}
			c.wantLog("held in memory only", "takes only orders and tickets")

			disk.free()
			c.eventually(30*time.Second, "the store to recover", func() bool { h := c.health(); return !h.InMemory && !h.Full })
			c.eventually(30*time.Second, "what was held acknowledged", func() bool { return c.pubacks() == len(asks) })
			c.kitchen.peer.Plug()
			c.eventually(30*time.Second, "sales again", func() bool { return len(c.register.rung()) > 4 })
			sales := c.register.stopSelling()
			c.settled(len(asks), time.Minute)
			for _, k := range asks {
				c.checkPaper(k)
				c.checkPapers(k)
			}
			c.checkCloud(asks, sales)
			for _, kind := range []string{"store.full", "store.memory", "store.space"} {
				c.cloud.Wait(time.Minute, "word of "+kind, func() bool { return len(c.entries(kind)) > 0 })
			}
			c.stop()
		})
	}
}

// orderInMemory gives orders, behind so many that are acknowledged, until one stays
// in memory and is not. What the uplink has sent makes room within the file, so the
// first ones may be written after all.
func (c *counter) orderInMemory(d *smallDisk, before int, next func() ask) (asks []ask) {
	c.t.Helper()
	for range 12 { // fewer than are acknowledged by force
		k := next()
		asks = append(asks, k)
		c.order(k.payload)
		c.eventually(time.Minute, "the order", func() bool { return c.jobsOf(k) > 0 })
		d.fill()
		time.Sleep(recoverEvery + time.Second) // the store has tried to write it
		if c.health().InMemory && c.pubacks() < before+len(asks) {
			return asks
		}
	}
	c.t.Fatal("nothing stays in memory")
	return nil
}

// askFor makes an order that has something to make at a station.
func (c *counter) askFor(next func() ask, station string) ask {
	for {
		if k := next(); len(k.stations()[station]) > 0 {
			return k
		}
	}
}

// jobsOf counts an order's tickets.
func (c *counter) jobsOf(k ask) int {
	out, _, err := c.try("orders", "show", k.number, "--json")
	if err != nil {
		return 0
	}
	var d struct{ Tickets []store.Job }
	if err := json.Unmarshal([]byte(out), &d); err != nil {
		c.t.Fatal(err)
	}
	return len(d.Tickets)
}

// wantLog wants words in the daemon's own log: upstream the alarms come when
// there is space.
func (c *counter) wantLog(words ...string) {
	c.t.Helper()
	text, err := os.ReadFile(c.log.Name())
	if err != nil {
		c.t.Fatal(err)
	}
	for _, w := range words {
		if !strings.Contains(string(text), w) {
			c.t.Errorf("the log does not say %q", w)
		}
	}
}

// Killed while only memory holds them: what was not acknowledged comes again
// from the broker, and no paper comes out a second time without a mark.
func TestKilledOnAFullDisk(t *testing.T) {
	rounds := 4
	if proof() {
		rounds = 25
	}
	disk := newSmallDisk(t, "ext4")
	c := newCounter(t, counterOptions{locale: "es-PE", currency: "PEN", copyAll: true, paced: true, dataDir: filepath.Join(disk.dir, "data")})
	c.start()
	r, seed := seeded(t)
	menu := &kitchenMenu{rand: r, currency: "PEN"}
	next := func() ask { return menu.ask(t, []string{"delivery", "go", "serve"}[r.IntN(3)]) }
	asks := c.fillUntilMemory(disk, next)
	marks, inMemory := 0, false
	// A copy that was cut off, too, waits for a person, and its order with it.
	unacknowledged := func() int {
		c.actAsPerson()
		return len(asks) - c.pubacks()
	}
	for range rounds {
		// With 16 of them the oldest is acknowledged by force, and a kill loses it:
		// that is the bound of the design, which is not what is looked for here.
		c.eventually(2*time.Minute, "papers", func() bool { return unacknowledged() < 8 })
		for range 1 + r.IntN(3) {
			k := next()
			asks = append(asks, k)
			c.order(k.payload)
		}
		time.Sleep(time.Duration(r.IntN(1500)) * time.Millisecond) // the random moment
		inMemory = c.health().InMemory || inMemory
		c.kill()
		disk.fill()
		c.start()
	}
	c.eventually(2*time.Minute, "all acknowledged, and on paper", func() bool {
		return unacknowledged() <= 0 && !slices.ContainsFunc(asks, func(k ask) bool { return !c.allOnPaper(k) })
	})
	if !inMemory {
		t.Error("the store was not held in memory: the test has shown nothing")
	}
	disk.free()
	c.eventually(30*time.Second, "the store to recover", func() bool { h := c.health(); return !h.InMemory && !h.Full })
	c.eventually(time.Minute, "no ticket under way", func() bool {
		return !slices.ContainsFunc(c.tickets(), func(j store.Job) bool { return j.State == store.JobQueued || j.State == store.JobSending })
	})
	for _, k := range asks {
		c.checkPaper(k)
		c.checkMarks(k)
	}
	for _, p := range append(c.kitchen.Papers(), c.till.Papers()...) {
		if marked(p) {
			marks++
		}
	}
	if t.Failed() {
		return // no figures of what went wrong
	}
	record(t, "Kills on a full disk", []figure{
		{"kill -9 of the daemon while only memory holds the orders", "–", fmt.Sprint(rounds), fmt.Sprintf("ext4 of 40 MB that a test fills; MOSTRADOR_SEED=%d", seed)},
		{"orders, of them lost", "0 lost", fmt.Sprintf("%d, 0", len(asks)), "acknowledged only with their papers proven, else given again by mosquitto"},
		{"papers twice without a mark", "0", "0", fmt.Sprintf("decoded from what the printers got; %d were headed POSIBLE DUPLICADO", marks)},
	})
	last := next()
	c.order(last.payload)
	c.cloud.Wait(30*time.Second, "the last order upstream", func() bool { return c.ordersInCloud()[last.id] > 0 })
	c.cloud.Check()
	c.stop()
}

// allOnPaper: checkPaper would find nothing wrong.
func (c *counter) allOnPaper(k ask) bool {
	for station, texts := range k.stations() {
		p := c.till
		if station == "parrilla" {
			p = c.kitchen
		}
		if !holdsOne(p, k, append(texts, k.comanda...)) {
			return false
		}
	}
	return holdsOne(c.till, k, k.receiptTexts()) && (k.kind != "delivery" || holdsOne(c.till, k, k.slip))
}

func holdsOne(p *paperPrinter, k ask, texts []string) bool {
	for _, paper := range papersOf(p, k.number) {
		if holdsAll(paper, texts) {
			return true
		}
	}
	return false
}
