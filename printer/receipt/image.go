package receipt

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"strings"
)

// The bounds of a picture in the markup. What it says of its size is looked at
// before anything of that size is made.
const (
	maxImageSource = 512 << 10 // bytes of base64
	maxImagePixels = 1 << 20   // one as wide as 80 mm paper is 22 cm long
	maxImageSide   = 4096
	maxImageDots   = 4 << 20 // of all pictures of a document, before they are scaled
	widestHead     = 576     // dots of 80 mm paper: wider pictures are scaled down
)

// NewImage makes a picture for paper of a PNG: drawings in black and white stay
// as they are, what has shades is dithered. What is transparent is white. One
// that is wider than 576 dots is scaled down to that.
func NewImage(source []byte) (Image, error) {
	image, _, err := newImage(source, maxImagePixels)
	return image, err
}

// newImage is NewImage where so many dots are left to a document's pictures. It
// tells how many there were to read, even in one that turned out broken: a few
// bytes can hold a picture that takes long to read.
func newImage(source []byte, left int) (image Image, dots int, err error) {
	config, err := png.DecodeConfig(bytes.NewReader(source))
	if err != nil {
		return Image{}, 0, fmt.Errorf("it is no PNG: %w", err)
	}
	w, h := config.Width, config.Height
	switch {
	case w < 1 || h < 1 || w > maxImageSide || h > maxImageSide || w*h > maxImagePixels:
		return Image{}, 0, fmt.Errorf("it has %d × %d dots: %d in all are allowed", w, h, maxImagePixels)
	case w*h > left:
		return Image{}, 0, fmt.Errorf("the pictures of the document have more than %d dots", maxImageDots)
	}
	picture, err := png.Decode(bytes.NewReader(source))
	if err != nil {
		return Image{}, w * h, fmt.Errorf("it is a broken PNG: %w", err)
	}
	g := greyOf(picture)
	shades := g.hasShades()
	if g.width > widestHead {
		g = g.scaled(widestHead)
	}
	return g.image(shades), w * h, nil
}

// imageOf reads the value of the image property, as newImage does.
func imageOf(value string, left int) (image Image, dots int, err error) {
	if len(value) > maxImageSource {
		return Image{}, 0, fmt.Errorf("it has %d bytes of base64: %d are allowed", len(value), maxImageSource)
	}
	value = strings.TrimRight(strings.Join(strings.Fields(value), ""), "=")
	source, err := base64.RawStdEncoding.Strict().DecodeString(value)
	if err != nil {
		return Image{}, 0, errors.New("it is no base64")
	}
	return newImage(source, left)
}

// Narrowed is the picture at most so many dots wide, in its proportions.
func (i Image) Narrowed(dots int) Image {
	if i.Width <= dots || dots < 1 {
		return i
	}
	stride := (i.Width + 7) / 8
	g := grey{width: i.Width, height: i.Height, ink: make([]uint8, i.Width*i.Height)}
	for y := range i.Height {
		for x := range i.Width {
			if i.Bits[y*stride+x/8]&(0x80>>(x%8)) != 0 {
				g.ink[y*i.Width+x] = 255
			}
		}
	}
	return g.scaled(dots).image(i.Shades)
}

// grey is a picture in shades: 0 white, 255 black.
type grey struct {
	width, height int
	ink           []uint8
}

func greyOf(picture image.Image) grey {
	b := picture.Bounds()
	g := grey{width: b.Dx(), height: b.Dy(), ink: make([]uint8, b.Dx()*b.Dy())}
	for y := range g.height {
		for x := range g.width {
			c := color.NRGBA64Model.Convert(picture.At(b.Min.X+x, b.Min.Y+y)).(color.NRGBA64)
			// Rec. 601 luma, as image/color has it, over white.
			light := (19595*uint64(c.R) + 38470*uint64(c.G) + 7471*uint64(c.B)) >> 16
			ink := (0xFFFF - min(light, 0xFFFF)) * uint64(c.A) / 0xFFFF
			g.ink[y*g.width+x] = uint8(ink >> 8)
		}
	}
	return g
}

// hasShades tells a photograph from a drawing: more than a tenth of its dots are
// neither nearly white nor nearly black.
func (g grey) hasShades() bool {
	between := 0
	for _, ink := range g.ink {
		if ink > 48 && ink < 255-48 {
			between++
		}
	}
	return 10*between > len(g.ink)
}

// scaled makes a picture narrower: a dot is the mean of those that it covers.
func (g grey) scaled(width int) grey {
	out := grey{width: width, height: max(g.height*width/g.width, 1)}
	out.ink = make([]uint8, out.width*out.height)
	for y := range out.height {
		top, bottom := y*g.height/out.height, max((y+1)*g.height/out.height, y*g.height/out.height+1)
		for x := range width {
			left, right := x*g.width/width, (x+1)*g.width/width
			sum := 0
			for sy := top; sy < bottom; sy++ {
				for _, ink := range g.ink[sy*g.width+left : sy*g.width+right] {
					sum += int(ink)
				}
			}
			out.ink[y*width+x] = uint8(sum / ((bottom - top) * (right - left)))
		}
	}
	return out
}

// image makes black and white of shades: by the rule of Floyd and Steinberg,
// which hands on to its neighbours what a dot is too dark or too light by, or
// plainly at the middle.
func (g grey) image(shades bool) Image {
	stride := (g.width + 7) / 8
	out := Image{Width: g.width, Height: g.height, Bits: make([]byte, stride*g.height), Shades: shades}
	here, below := make([]int, g.width+2), make([]int, g.width+2)
	for y := range g.height {
		for x := range g.width {
			ink := int(g.ink[y*g.width+x]) + here[x+1]/16
			rest := ink
			if ink >= 128 {
				out.Bits[y*stride+x/8] |= 0x80 >> (x % 8)
				rest -= 255
			}
			if shades {
				here[x+2] += 7 * rest
				below[x] += 3 * rest
				below[x+1] += 5 * rest
				below[x+2] += rest
			}
		}
		here, below = below, here
		clear(below)
	}
	return out
}
