package virtual

import "mostrador/printer/escpos"

// answer is what the printer says to an event, as its profile does. The faults
// that a printer can have will speak from here.
func (v *Printer) answer(e escpos.Event) []byte {
	if v.options.Silent {
		return nil
	}
	can := v.profile.Answers
	switch {
	case e.Kind == escpos.StatusRequest && can.Status:
		return []byte{status(e.N)}
	case e.Kind == escpos.FenceRequest && can.Fence:
		return fence(e.N)
	case e.Kind == escpos.Identify && can.Status:
		return v.identity(e.N)
	case e.Kind == escpos.AutoStatusRequest && can.Status && e.N != 0:
		return []byte{0x14, 0, 0, 0x0f} // drawer pin 3 high, as with no drawer open
	case e.Kind == escpos.ProcessIDRequest && can.ProcessID:
		return append(append([]byte{0x37, 0x22}, e.Raw...), 0)
	}
	return nil
}

// status answers DLE EOT n of a printer that is well: 1 with drawer pin 3 high.
func status(n int) byte {
	if n == 1 {
		return 0x16
	}
	return 0x12
}

// fence answers GS r n: 1 paper sensors, 2 drawer pin 3.
func fence(n int) []byte {
	switch n {
	case 1:
		return []byte{0x00}
	case 2:
		return []byte{0x01}
	}
	return nil
}

// identity answers GS I n: numbers for 1 to 3, blocks from 65 on.
func (v *Printer) identity(n int) []byte {
	switch n {
	case 1, '1':
		return []byte{0x20}
	case 2, '2', 3, '3':
		return []byte{0x02}
	case 65:
		return block("1.00")
	case 66:
		return block(v.profile.Vendor)
	case 67:
		return block(v.profile.Name)
	case 68:
		return block("VIRTUAL")
	}
	return nil
}

func block(s string) []byte { return append(append([]byte{0x5f}, s...), 0) }
