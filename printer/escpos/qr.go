package escpos

import (
	"fmt"
	"image"
	"image/color"

	"github.com/boombuler/barcode"
	"rsc.io/qr/coding"
)

// qrSymbol is a QR symbol without its quiet zone.
type qrSymbol struct {
	*coding.Code
	data string
}

// encodeQR makes the smallest symbol that holds the data as bytes, under the
// mask that scanners read best.
func encodeQR(data, level string) (barcode.Barcode, error) {
	l := map[string]coding.Level{"l": coding.L, "m": coding.M, "q": coding.Q, "h": coding.H}[level]
	bytes := coding.String(data)
	version := coding.Version(coding.MinVersion)
	for ; bytes.Bits(version) > version.DataBytes(l)*8; version++ {
		if version == coding.MaxVersion {
			return nil, fmt.Errorf("%d bytes do not fit into a QR code", len(data))
		}
	}
	best, least := (*coding.Code)(nil), 0
	for mask := range coding.Mask(8) {
		plan, err := coding.NewPlan(version, l, mask)
		if err != nil {
			return nil, err
		}
		code, err := plan.Encode(bytes)
		if err != nil {
			return nil, err
		}
		if p := penalty(code); best == nil || p < least {
			best, least = code, p
		}
	}
	return qrSymbol{best, data}, nil
}

// Of what ISO/IEC 18004, 7.8.3, counts against a mask.
const (
	penaltyRun     = 3  // five modules of a colour in a row, and one for each more
	penaltyBlock   = 3  // four of a colour in a square
	penaltyFinder  = 40 // what looks like a finder pattern
	penaltyBalance = 10 // each 5 % that the black ones are off the half
)

func penalty(c *coding.Code) int {
	points, black := 0, 0
	for y := range c.Size {
		points += linePenalty(c.Size, func(x int) bool { return c.Black(x, y) })
		points += linePenalty(c.Size, func(x int) bool { return c.Black(y, x) })
		for x := range c.Size {
			is := c.Black(x, y)
			if is {
				black++
			}
			if x > 0 && y > 0 && c.Black(x-1, y) == is && c.Black(x, y-1) == is && c.Black(x-1, y-1) == is {
				points += penaltyBlock
			}
		}
	}
	all := c.Size * c.Size
	off := max(2*black-all, all-2*black) * 100 / (2 * all) // percent
	return points + off/5*penaltyBalance
}

// linePenalty counts the runs and the finder patterns of a row or a column.
func linePenalty(size int, black func(int) bool) int {
	// The last eleven modules; beyond the edges all are white.
	const window, after, before = 1<<11 - 1, 0b10111010000, 0b00001011101
	points, run, seen := 0, 0, 0
	for i := range size + 4 {
		is := i < size && black(i)
		bit := 0
		if is {
			bit = 1
		}
		switch {
		case i >= size:
		case i > 0 && seen&1 == bit:
			run++
		default:
			run = 1
		}
		if i < size && run == 5 {
			points += penaltyRun
		} else if i < size && run > 5 {
			points++
		}
		seen = (seen<<1 | bit) & window
		if seen == after || seen == before {
			points += penaltyFinder
		}
	}
	return points
}

func (s qrSymbol) Bounds() image.Rectangle { return image.Rect(0, 0, s.Size, s.Size) }
func (s qrSymbol) ColorModel() color.Model { return color.Gray16Model }
func (s qrSymbol) Content() string         { return s.data }

func (s qrSymbol) Metadata() barcode.Metadata {
	return barcode.Metadata{CodeKind: barcode.TypeQR, Dimensions: 2}
}

func (s qrSymbol) At(x, y int) color.Color {
	if s.Black(x, y) {
		return color.Black
	}
	return color.White
}
