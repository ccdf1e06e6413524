package spool

import (
	"bytes"
	"encoding/base64"
	"image"
	"image/color"
	"image/png"
	"testing"
	"time"

	"mostrador/printer/virtual"
	"mostrador/store"
)

// checkered is a picture as markup.
func checkered(t *testing.T, width, height int) string {
	t.Helper()
	picture := image.NewGray(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			if (x/3+y/5)%2 == 0 {
				picture.SetGray(x, y, color.Gray{Y: 255})
			}
		}
	}
	var out bytes.Buffer
	if err := png.Encode(&out, picture); err != nil {
		t.Fatal(err)
	}
	return "{image:" + base64.StdEncoding.EncodeToString(out.Bytes()) + "}\ntotal"
}

// The picture of a customer's ticket goes into the printer's memory once, over a
// restart too, and is recalled from then on; elsewhere it is drawn.
func TestLogoIsStoredOnce(t *testing.T) {
	inTime(t, []string{"caja"}, nil, func(c *counter) {
		markup, m := checkered(t, 160, 80), c.machines["caja"]
		c.pass(time.Second)
		drawn := c.queue("caja", store.ComandaTicket, markup) // has no logo of the house
		c.pass(10 * time.Second)
		before := m.Received()
		first := c.queue("caja", store.ReceiptTicket, markup)
		c.pass(10 * time.Second)
		defined := m.Received() - before
		c.stop()
		c.boot()
		c.pass(10 * time.Second)
		before = m.Received()
		second := c.queue("caja", store.ReceiptTicket, markup)
		c.pass(10 * time.Second)
		recalled := m.Received() - before
		for _, seq := range []uint64{first, drawn, second} {
			c.wantState(seq, store.JobPrinted)
		}
		size := func(seq uint64) int { return c.job(seq).Attempts[0].Bytes }
		if size(first) != size(second) || size(first) > 200 || size(drawn) < 160*80/8 {
			t.Errorf("tickets of %d, %d and drawn %d bytes", size(first), size(second), size(drawn))
		}
		if defined < 160*80/8 || recalled > 400 {
			t.Errorf("%d bytes with the picture, %d without", defined, recalled)
		}
	})
}

// A printer that is cut off while its memory is written to is freed from that,
// not written to again, and the ticket is drawn.
func TestLogoIsCutOff(t *testing.T) {
	inTime(t, []string{"caja"}, nil, func(c *counter) {
		markup, m := checkered(t, 320, 160), c.machines["caja"]
		c.pass(time.Second)
		m.Break(virtual.Fault{Kind: virtual.Unplug, After: 500, For: 20 * time.Second})
		seq := c.queue("caja", store.ReceiptTicket, markup)
		c.pass(2 * time.Minute)
		j := c.wantState(seq, store.JobPrinted)
		if len(j.Attempts) != 1 || j.Attempts[0].Bytes < 320*160/8 || len(j.Marks) != 0 {
			t.Errorf("ticket %+v", j)
		}
	})
}
