package tap

import (
	"mostrador/drivers"
	"mostrador/printer/escpos"
)

// ReadStream reads the bytes of one paper, as a Receipt's Stream has them, by a
// profile. What comes behind its end is not looked at.
func ReadStream(p *Profile, d *escpos.Decoder, stream []byte) drivers.Receipt {
	papers := papersOf(d, stream)
	if len(papers) == 0 {
		return p.Read(paper{stream: stream})
	}
	return p.Read(papers[0])
}

// ReadAll reads a stream that holds any number of papers, such as a sample.
func ReadAll(p *Profile, d *escpos.Decoder, stream []byte) []drivers.Receipt {
	var all []drivers.Receipt
	for _, of := range papersOf(d, stream) {
		all = append(all, p.Read(of))
	}
	return all
}

// papersOf cuts a whole stream into papers.
func papersOf(d *escpos.Decoder, stream []byte) (papers []paper) {
	s := newSplitter(func() *escpos.Decoder { return d }, func(p paper) { papers = append(papers, p) }, func(escpos.Event) {})
	s.feed(stream)
	s.end()
	return papers
}
