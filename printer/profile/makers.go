package profile

// citizens are Citizen's models. The width on 58 mm paper is a memory switch;
// 384 dots are what 58 mm printers share.
func citizens() []Profile {
	papers := map[string]Paper{"80mm": {48, 576}, "58mm": {32, 384}}
	answers := Answers{Status: true, Fence: true, Auto: true, Identity: true}
	const does = "Cut Position QR Barcode Logos Answers"
	return []Profile{
		{
			Name: "CT-S310II", Vendor: "Citizen", Papers: papers, DPI: 203, Pages: citizenPages(),
			Cut: CutFeedPartial, Position: true, QR: true, Barcode: true, Logos: true, Answers: answers,
			Sources: []Source{{"Papers Pages " + does, citizenReference}, {"DPI", encoderDB}},
		},
		{
			Name: "CT-S2000", Vendor: "Citizen", Papers: papers, Pages: citizenPages(),
			Cut: CutFeedPartial, Position: true, QR: true, Barcode: true, Logos: true, Answers: answers,
			Sources: []Source{{"Papers Pages " + does, citizenReference}},
		},
		{
			// Its manual has 850 where the others have 858.
			Name: "CT-E351", Vendor: "Citizen", Papers: papers,
			Pages: []CodePage{{16, "WPC1252"}, {2, "CP850"}, {0, "CP437"}, {6, "CP852"}, {7, "CP866"}},
			Cut:   CutFeedPartial, Position: true, QR: true, Barcode: true, Logos: true, Answers: answers,
			Sources: []Source{{"Papers Pages " + does, citizenE351}},
		},
	}
}

// stars are Star's printers while their switch or setting says ESC/POS; in
// Star's own modes they understand none of this.
func stars() []Profile {
	both := map[string]Paper{"80mm": {48, 576}, "58mm": {32, 384}}
	wide := map[string]Paper{"80mm": {48, 576}}
	star := func(name string, papers map[string]Paper, sources ...Source) Profile {
		return Profile{
			Name: name, Vendor: "Star Micronics", Papers: papers, DPI: 203, Pages: commonPages(),
			Cut: CutFeedPartial, Position: true, QR: true, Barcode: true,
			Answers: Answers{Status: true, Fence: true, Auto: true, Identity: true},
			Sources: append(sources, Source{"Pages Cut Position QR Barcode Answers", starReference}),
		}
	}
	return []Profile{
		star("Star-ESCPOS", both, Source{"Papers DPI", starReference}),
		star("TSP650II", wide, Source{"Papers DPI", encoderDB}),
		star("TSP100IV", wide, Source{"Papers DPI", encoderDB}),
	}
}

// makers are single models of other makers that publish manuals.
func makers() []Profile {
	at203, at180 := map[string]Paper{"80mm": {48, 576}}, map[string]Paper{"80mm": {42, 504}}
	return []Profile{
		{
			Name: "SRP-350", Vendor: "Bixolon", Papers: at180, DPI: 180,
			Pages: []CodePage{{19, "CP858"}, {0, "CP437"}, {2, "CP850"}},
			Cut:   CutFeedPartial, Position: true, Barcode: true,
			Answers: Answers{Status: true, Fence: true, Auto: true, Identity: true},
			Sources: []Source{{"Papers DPI Pages", encoderDB}, {"Cut Position Barcode Answers", bixolonReference}},
		},
		{
			Name: "SRP-350III", Vendor: "Bixolon", Papers: at180, DPI: 180,
			Pages: with(CodePage{28, "WPC1251"}, CodePage{47, "WPC1250"}, CodePage{24, "WPC1253"}, CodePage{25, "WPC1254"}, CodePage{26, "WPC1257"}),
			Cut:   CutFeedPartial, Position: true, QR: true, Barcode: true,
			Answers: Answers{Status: true, Fence: true, Auto: true, Identity: true},
			Sources: []Source{{"Papers DPI Pages", encoderDB}, {"Cut Position QR Barcode Answers", bixolonReference}},
		},
		{
			Name: "FP-1000", Vendor: "Fujitsu", Papers: at203, DPI: 203, Pages: commonPages(), Cut: CutFeedPartial,
			Sources: []Source{{"Papers DPI Pages Cut", encoderDB}},
		},
		{
			Name: "A779", Vendor: "HP", Papers: map[string]Paper{"80mm": {44, 528}}, DPI: 180,
			Pages:   []CodePage{{6, "CP858"}, {8, "WPC1252"}, {0, "CP437"}, {1, "CP850"}, {2, "CP852"}, {7, "CP866"}, {13, "WPC1251"}},
			Cut:     CutFeedPartial,
			Sources: []Source{{"Papers DPI Pages Cut", encoderDB}},
		},
		{
			Name: "TH230", Vendor: "Wincor Nixdorf", Papers: map[string]Paper{"80mm": {44, 576}},
			Pages: []CodePage{
				{6, "CP858"}, {8, "WPC1252"}, {0, "CP437"}, {1, "CP850"}, {2, "CP852"}, {7, "CP866"},
				{17, "WPC1250"}, {16, "WPC1254"}, {28, "WPC1257"},
			},
			Cut: CutFeedPartial, Barcode: true,
			Sources: []Source{{"Papers Pages Cut Barcode QR", printerDB}},
		},
		{
			Name: "RP-F10", Vendor: "Seiko", Papers: map[string]Paper{"80mm": {48, 576}}, DPI: 203,
			Pages: with(CodePage{45, "WPC1250"}, CodePage{46, "WPC1251"}, CodePage{47, "WPC1253"}, CodePage{48, "WPC1254"}, CodePage{34, "CP855"}),
			Cut:   CutFeedPartial, QR: true, Barcode: true,
			Sources: []Source{{"Papers DPI Pages Cut QR Barcode", printerDB}},
		},
	}
}
