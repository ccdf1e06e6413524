package profile

// The sources of the tables.
const (
	// printerDB gave lists of code pages, columns and dots. Corrected where its
	// own notes or the manuals disagree: page 1 is Katakana, not CP932, and is
	// left out; page 18 of the TM-T88III is PC852; widths given as 640 dots or as
	// unknown on 80 mm paper at 203 dpi are 576.
	printerDB = "escpos-printer-db, CC BY 4.0"
	// encoderDB are facts of ReceiptPrinterEncoder, found on real printers: columns
	// and dots per inch (data/printers), code pages (generated/mapping.js).
	encoderDB = "ReceiptPrinterEncoder (Niels Leenheer), data/printers and its code page mapping, MIT"

	// What Epson's manuals say of a command holds for the models that they list
	// under it.
	epsonReference = "Epson: ESC/POS Command Reference (ESC t, GS V, GS r, GS a, GS I, GS ( H, GS ( k, GS ( L, FS ( C)"
	epsonGuide     = "Epson: ESC/POS Application Programming Guide, Paper Roll Printers, Ver. 10.01 and 10.05"
	epsonT20       = "Epson: TM-T20 Technical Reference Guide (203 dpi, 576 dots, 48 columns)"
	epsonT20II     = "Epson: TM-T20II Technical Reference Guide (203 dpi, 576 and 420 dots, 4 kB or 45 bytes, codes at 100 mm/s)"
	epsonT88III    = "Epson: TM-T88III series Specification, 1.7 and 1.8 (15 mm to the cutter, 4 kB or 45 bytes), and its list of GS I and GS ( H"
	epsonT88IV     = "Epson: TM-T88IV User's Manual 410423401 (4 kB or 45 bytes)"
	epsonT88V      = "Epson: TM-T88V Technical Reference Guide (180 dpi, 512 and 360 dots, 4 kB or 45 bytes, codes at 100 mm/s)"
	epsonT88VI     = "Epson: TM-T88VI Technical Reference Guide (180 dpi, 512 dots, Unicode)"
	epsonM30       = "Epson: TM-m30, TM-m30II and TM-m30III Technical Reference Guides (203 dpi, 576 and 420 dots)"
	epsonU220      = "Epson: TM-U220 User's Manual (40 columns of the 7 × 9 font, 4 kB or 40 bytes) and Specification (ESC t, ESC p; 4.7 lines a second)"
	epsonU230      = "Epson: TM-U230 Specification (ESC * of the same mechanism: 200 dots, 8 high)"

	citizenReference = "Citizen: Command Reference Rev. 0.23, CT-S310II and CT-S2000 (ESC t, GS V, GS I, GS ( L function 64)"
	citizenE351      = "Citizen: Command Reference, CT-D150/E351 (GS ( E function 218: code pages; GS ( L function 64)"
	starReference    = "Star Micronics: ESC/POS Mode Command Specifications Rev. 2.50"
	bixolonReference = "Bixolon: SRP-350plusIII and SRP-350II Command Manuals (GS V, GS I, GS a, GS r, GS k)"
	rongtaReference  = "Rongta: RP325/RP326/RP327/RP328 Command Set V1.0 (DLE EOT, GS a, GS r, GS I, ESC B, GS V)"
	cloneUsers       = "reports of people who print with it; no manual says so"
	cloneManual      = "58/80 mm thermal printer programming manuals of Zjiang and Xprinter (ESC t, GS v 0, ESC B)"
)
