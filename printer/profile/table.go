package profile

// The sources of the table. The numbers of the code pages are those of the
// vendors' manuals; escpos-printer-db (CC BY 4.0, see NOTICE) gave the lists of
// pages, corrected where its own notes or the manuals disagree: page 1 is
// Katakana, not CP932, and is left out.
const (
	epsonReference   = "Epson: ESC/POS Command Reference (ESC t, GS V, GS r, GS ( H, GS ( k)"
	epsonT20II       = "Epson: TM-T20II Technical Reference Guide (203 dpi, 576 and 420 dots)"
	epsonT88V        = "Epson: TM-T88V Technical Reference Guide (180 dpi, 512 and 360 dots)"
	citizenReference = "Citizen: Command Reference Rev. 0.23, CT-S310II (ESC t, GS V, GS I)"
	starReference    = "Star Micronics: ESC/POS Mode Command Specifications Rev. 2.50"
	printerDB        = "escpos-printer-db, CC BY 4.0"
	cloneManual      = "58/80 mm thermal printer programming manuals of Zjiang and Xprinter (ESC t, GS v 0)"
)

// table holds every profile that is shipped.
func table() []Profile {
	return []Profile{
		{
			Name: "TM-T20II", Vendor: "Epson",
			Papers: map[string]Paper{"80mm": {Columns: 48, Dots: 576}, "58mm": {Columns: 35, Dots: 420}},
			Pages:  epsonPages(),
			Cut:    CutFeedPartial, Position: true, QR: true, Barcode: true,
			Answers: Answers{Status: true, Fence: true, ProcessID: true},
			Sources: []string{epsonReference, epsonT20II, printerDB},
		},
		{
			Name: "TM-T88V", Vendor: "Epson",
			Papers: map[string]Paper{"80mm": {Columns: 42, Dots: 512}, "58mm": {Columns: 30, Dots: 360}},
			Pages:  epsonPages(),
			Cut:    CutFeedPartial, Position: true, QR: true, Barcode: true,
			Answers: Answers{Status: true, Fence: true, ProcessID: true},
			Sources: []string{epsonReference, epsonT88V, printerDB},
		},
		{
			// The width on 58 mm paper is a memory switch; 384 dots are what 58 mm
			// printers share.
			Name: "CT-S310II", Vendor: "Citizen",
			Papers: map[string]Paper{"80mm": {Columns: 48, Dots: 576}, "58mm": {Columns: 32, Dots: 384}},
			Pages:  citizenPages(),
			Cut:    CutFeedPartial, Position: true, QR: true, Barcode: true,
			Answers: Answers{Status: true, Fence: true},
			Sources: []string{citizenReference},
		},
		{
			Name: "Star-ESCPOS", Vendor: "Star Micronics",
			Papers: map[string]Paper{"80mm": {Columns: 48, Dots: 576}, "58mm": {Columns: 32, Dots: 384}},
			Pages:  commonPages(),
			Cut:    CutFeedPartial, Position: true, QR: true, Barcode: true,
			Answers: Answers{Status: true, Fence: true},
			Sources: []string{starReference, printerDB},
		},
		{
			Name: "XP-N160I", Vendor: "Xprinter",
			Papers: map[string]Paper{"80mm": {Columns: 48, Dots: 576}},
			Pages:  commonPages(),
			Cut:    CutFeedPartial, Position: true, Kanji: true, QR: true, Barcode: true,
			Answers: Answers{Status: true},
			Sources: []string{cloneManual, printerDB},
		},
		{
			// Sold under many names. No cutter, no answers, no QR of its own.
			Name: "POS-5890", Vendor: "Zjiang",
			Papers:  map[string]Paper{"58mm": {Columns: 32, Dots: 384}},
			Pages:   commonPages(),
			Cut:     CutNone,
			Tear:    4,
			Kanji:   true,
			Barcode: true,
			Sources: []string{cloneManual, printerDB},
		},
		{
			// What nearly every ESC/POS printer understands: codes are drawn, columns
			// are reached by spaces.
			Name: "generic", Vendor: "",
			Papers:  map[string]Paper{"80mm": {Columns: 48, Dots: 576}, "58mm": {Columns: 32, Dots: 384}},
			Pages:   commonPages(),
			Cut:     CutFeedPartial,
			Answers: Answers{Status: true, Fence: true},
			Sources: []string{epsonReference, printerDB},
		},
	}
}

// epsonPages are the pages of the TM-T20II and TM-T88V that add letters.
func epsonPages() []CodePage {
	return append(commonPages(),
		CodePage{Number: 45, Encoding: "WPC1250"},
		CodePage{Number: 46, Encoding: "WPC1251"},
		CodePage{Number: 47, Encoding: "WPC1253"},
		CodePage{Number: 48, Encoding: "WPC1254"},
		CodePage{Number: 51, Encoding: "WPC1257"},
	)
}

// commonPages are the numbers that Epson, Star's emulation, Xprinter and the
// 58 mm clones share.
func commonPages() []CodePage {
	return []CodePage{
		{Number: 19, Encoding: "CP858"},
		{Number: 16, Encoding: "WPC1252"},
		{Number: 0, Encoding: "CP437"},
		{Number: 2, Encoding: "CP850"},
		{Number: 18, Encoding: "CP852"},
		{Number: 17, Encoding: "CP866"},
	}
}

// citizenPages differ from Epson's: page 2 is 858, not 850.
func citizenPages() []CodePage {
	return []CodePage{
		{Number: 2, Encoding: "CP858"},
		{Number: 16, Encoding: "WPC1252"},
		{Number: 0, Encoding: "CP437"},
		{Number: 6, Encoding: "CP852"},
		{Number: 7, Encoding: "CP866"},
	}
}
