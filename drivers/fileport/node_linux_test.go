package fileport_test

import (
	"errors"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"mostrador/drivers/drivertest"
	"mostrador/drivers/fileport"
)

// A raw terminal stands for a character device that speaks both ways.
func TestCharacterDevice(t *testing.T) {
	drivertest.Port(t, drivertest.PortHarness{
		Scheme: fileport.Scheme(),
		Peer: func(t testing.TB) (drivertest.Peer, *url.URL) {
			peer := drivertest.NewPTY(t)
			return peer, &url.URL{Scheme: "file", Path: peer.Node()}
		},
		Exclusive: true,
	})
}

func TestFIFO(t *testing.T) {
	drivertest.Port(t, drivertest.PortHarness{
		Scheme: fileport.Scheme(),
		Peer: func(t testing.TB) (drivertest.Peer, *url.URL) {
			peer := &fifo{name: filepath.Join(t.TempDir(), "lp0")}
			if err := errors.Join(unix.Mkfifo(peer.name, 0o600), peer.Plug()); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { peer.Unplug() })
			return peer, &url.URL{Scheme: "file", Path: peer.name}
		},
		Exclusive: true,
		OneWay:    true,
		DrainSees: true,
	})
}

// A fifo is a reader that comes and goes at a FIFO.
type fifo struct {
	name   string
	reader *os.File
}

func (f *fifo) Plug() (err error) {
	f.reader, err = os.OpenFile(f.name, os.O_RDONLY|unix.O_NONBLOCK, 0)
	return err
}

func (f *fifo) Unplug() error { return f.reader.Close() }

func (f *fifo) Read(b []byte) (int, error) { return f.reader.Read(b) }

func (f *fifo) Write([]byte) (int, error) { return 0, fs.ErrPermission }
