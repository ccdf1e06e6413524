package profile

// epsonAnswers is what Epson's thermal printers since the TM-T88IV answer.
var epsonAnswers = Answers{Status: true, Fence: true, ProcessID: true, Auto: true, Identity: true}

// epsonThermal are the models of 203 dots an inch, and the TM-T88 since its
// fifth. Whether one has a buzzer of its own depends on the variant sold.
func epsonThermal() []Profile {
	const does = "Pages Cut Letters Graphics Position QR Barcode Logos Answers"
	t20 := map[string]Paper{"80mm": {48, 576}, "58mm": {35, 420}}
	t88 := map[string]Paper{"80mm": {42, 512}, "58mm": {30, 360}}
	base := Profile{
		Vendor: "Epson", Papers: t20, DPI: 203, Pages: epsonNewPages(), Cut: CutFeedPartial,
		Position: true, QR: true, Barcode: true, Logos: true, Answers: epsonAnswers,
	}
	named := func(name string, change func(*Profile), sources ...Source) Profile {
		p := base
		p.Name = name
		if change != nil {
			change(&p)
		}
		p.Sources = append(sources, Source{does, epsonReference})
		return p
	}
	wide := func(p *Profile) { p.Papers = map[string]Paper{"80mm": {48, 576}} }
	return []Profile{
		named("TM-T20", func(p *Profile) { wide(p); p.Pages = commonPages() }, Source{"Papers DPI", epsonT20}),
		named("TM-T20II", func(p *Profile) { p.Buffer, p.Speed = 4096, 100 }, Source{"Papers DPI Buffer Speed", epsonT20II}, Source{"Pages", printerDB}),
		named("TM-T20III", wide, Source{"Papers DPI Pages", printerDB}),
		named("TM-m30", func(p *Profile) { p.Pages = epsonPages() }, Source{"Papers DPI", epsonM30}),
		named("TM-m30II", func(p *Profile) { p.UTF8 = true }, Source{"Papers DPI UTF8", epsonM30}),
		named("TM-m30III", func(p *Profile) { p.UTF8 = true }, Source{"Papers DPI UTF8", epsonM30}, Source{"Papers Pages", printerDB}),
		named("TM-T88V", func(p *Profile) {
			p.Papers, p.DPI, p.Pages, p.Buffer, p.Speed = t88, 180, epsonPages(), 4096, 100
		}, Source{"Papers DPI Buffer Speed", epsonT88V}, Source{"Pages", printerDB}),
		named("TM-T88VI", func(p *Profile) {
			p.Papers, p.DPI, p.Pages, p.UTF8 = t88, 180, epsonPages(), true
		}, Source{"Papers DPI UTF8", epsonT88VI}, Source{"DPI Pages", encoderDB}),
		named("TM-T88VII", func(p *Profile) {
			p.Papers, p.DPI, p.Pages, p.UTF8 = map[string]Paper{"80mm": {42, 512}}, 180, epsonPages(), true
		}, Source{"Papers DPI Pages", encoderDB}, Source{"UTF8", epsonReference}),
		named("TM-T70II", func(p *Profile) {
			p.Papers, p.DPI = map[string]Paper{"80mm": {42, 512}}, 180
		}, Source{"Papers DPI Pages", printerDB}),
	}
}

// epsonOthers are the models before, and the impact printer of the kitchens.
func epsonOthers() []Profile {
	t88 := map[string]Paper{"80mm": {42, 512}}
	return []Profile{
		{
			Name: "TM-T88III", Vendor: "Epson", Papers: t88, DPI: 180, Pages: commonPages(),
			Cut: CutFeedPartial, Cutter: 15, Position: true, Barcode: true, Buffer: 4096,
			Answers: Answers{Status: true, Fence: true, Auto: true, Identity: true},
			Sources: []Source{
				{"DPI Cutter Buffer Answers Logos", epsonT88III},
				{"Papers", printerDB}, {"Pages Cut Letters Graphics Position Barcode", epsonGuide},
			},
		},
		{
			Name: "TM-T88IV", Vendor: "Epson", Papers: t88, DPI: 180, Pages: commonPages(),
			Cut: CutFeedPartial, Position: true, QR: true, Barcode: true, Logos: true, Buffer: 4096,
			Answers: epsonAnswers,
			Sources: []Source{
				{"Buffer", epsonT88IV}, {"Papers DPI", encoderDB},
				{"Pages Cut Letters Graphics Position QR Barcode Logos Answers", epsonGuide},
			},
		},
		{
			// Nine pins and a ribbon. The TM-U220D has no cutter and ignores the cut.
			Name: "TM-U220", Vendor: "Epson", Papers: map[string]Paper{"76mm": {40, 480}}, DPI: 192, Pages: commonPages(),
			Cut: CutFeedPartial, Cutter: 27, Letters: LettersDouble, Graphics: GraphicsColumns, Buffer: 4096, Speed: 19,
			Answers: Answers{Status: true, Fence: true, Auto: true, Identity: true},
			Sources: []Source{
				{"Papers Buffer Speed Pages", epsonU220}, {"DPI", epsonU230 + "; 12 of our dots to a column of 1/16 inch"}, {"Graphics", epsonU230},
				{"Cut Cutter Letters QR Barcode Logos UTF8 Answers", epsonGuide},
			},
		},
	}
}
