package display

import (
	"bytes"
	"testing"

	"mostrador/drivers"
)

// Whatever is to be shown, a row has as many bytes as columns, none of them is a
// command, and the right side is there whole or not at all.
func FuzzFit(f *testing.F) {
	f.Add("Lomo saltado con arroz", "S/ 38.00", byte(1))
	f.Add("a\x1b@b\x0cc\x1fX\x01", "\u0085\u009b\xff", byte(8))
	f.Add("AJI\u0301 \u20ac 鮨", "½ ²", byte(7))
	f.Fuzz(func(t *testing.T, left, right string, which byte) {
		names := []string{"cp437", "cp850", "cp852", "cp858", "cp860", "cp863", "cp865", "cp866", "windows-1252"}
		p, err := lookup(names[int(which)%len(names)])
		if err != nil {
			t.Fatal(err)
		}
		var rows [Rows][Columns]byte
		blank(&rows)
		err = p.fit(&rows[0], drivers.Line{Left: left, Right: right})
		whole := p.cells(right)
		if (err != nil) != (len(whole) > Columns) {
			t.Fatalf("%q takes %d columns: %v", right, len(whole), err)
		}
		for _, b := range rows[0] {
			if b < ' ' || b == 0x7f {
				t.Errorf("%q and %q send %#x", left, right, b)
			}
		}
		if err == nil && !bytes.HasSuffix(rows[0][:], whole) {
			t.Errorf("%q does not stand at the end of %q", whole, rows[0])
		}
		if err == nil && len(whole) > 0 && len(whole) < Columns && rows[0][Columns-len(whole)-1] != ' ' {
			t.Errorf("%q touches %q in %q", left, right, rows[0])
		}
	})
}
