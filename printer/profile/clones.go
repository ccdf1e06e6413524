package profile

// clones are printers that are sold under many names. What they answer differs
// from one batch to the next, so little is claimed and a probe decides.
func clones() []Profile {
	return append(wideClones(), narrowClones()...)
}

// wideClones print on 80 mm paper and cut.
func wideClones() []Profile {
	papers := map[string]Paper{"80mm": {48, 576}}
	rongta := Answers{Status: true, Fence: true, ProcessID: true, Auto: true, Identity: true}
	xprinter := func(name string, sources ...Source) Profile {
		return Profile{
			Name: name, Vendor: "Xprinter", Papers: papers, DPI: 203, Pages: xprinterPages(),
			Cut: CutFeedPartial, Position: true, Kanji: true, QR: true, Barcode: true, Buzzer: BuzzerClone,
			Answers: Answers{Status: true},
			Sources: append(sources, Source{"Cut Position Kanji QR Barcode Buzzer Answers", cloneManual}),
		}
	}
	return []Profile{
		xprinter("XP-N160I", Source{"Papers DPI Pages", encoderDB + " (XP-N160II)"}),
		xprinter("XP-N160II", Source{"Papers DPI Pages", encoderDB}),
		xprinter("XP-T80Q", Source{"Papers DPI Pages", encoderDB}),
		{
			Name: "POS-8360", Vendor: "", Papers: papers, DPI: 203,
			Pages: with(CodePage{23, "WPC1251"}, CodePage{7, "WPC1253"}, CodePage{25, "WPC1257"}),
			Cut:   CutFeedPartial, Kanji: true,
			Sources: []Source{{"Papers DPI Pages Cut", encoderDB}, {"Kanji", cloneManual}},
		},
		{
			Name: "RP326", Vendor: "Rongta", Papers: papers, DPI: 203, Pages: rongtaPages(),
			Cut: CutFeedPartial, Position: true, Kanji: true, Barcode: true, Buzzer: BuzzerClone, Answers: rongta,
			Sources: []Source{{"Pages Logos", printerDB}, {"Papers DPI Cut Position Kanji Barcode Buzzer Answers", rongtaReference}},
		},
		{
			// 42 columns as delivered.
			Name: "RP332", Vendor: "Rongta", Papers: map[string]Paper{"80mm": {42, 504}}, DPI: 203, Pages: rongtaPages(),
			Cut: CutFeedFull, Kanji: true, QR: true, Barcode: true,
			Sources: []Source{{"Papers DPI Pages Cut QR Barcode Logos", printerDB}, {"Kanji", rongtaReference}},
		},
		{
			Name: "ITPP047", Vendor: "Munbyn", Papers: map[string]Paper{"80mm": {42, 512}}, Pages: commonPages(),
			Cut: CutFeedPartial, QR: true, Barcode: true,
			Sources: []Source{{"Papers Pages Cut QR Barcode", printerDB}},
		},
		{
			Name: "YHD-8390", Vendor: "YHDAA", Papers: papers, DPI: 203,
			Pages: []CodePage{
				{14, "CP858"}, {11, "WPC1252"}, {0, "CP437"}, {2, "CP850"}, {13, "CP852"}, {12, "CP866"}, {18, "WPC1251"}, {20, "WPC1257"},
			},
			Cut: CutFeedPartial, QR: true, Barcode: true,
			Sources: []Source{{"Papers DPI Pages Cut QR Barcode Logos", printerDB}},
		},
	}
}

// narrowClones print on 58 mm paper, or are carried about; none cuts.
func narrowClones() []Profile {
	papers := map[string]Paper{"58mm": {32, 384}}
	return []Profile{
		{
			// No cutter, no answers, no QR of its own.
			Name: "POS-5890", Vendor: "Zjiang", Papers: papers, DPI: 203, Pages: zjiangPages(),
			Cut: CutNone, Tear: 4, Kanji: true, Barcode: true,
			Sources: []Source{{"Pages QR Cut", printerDB}, {"Papers DPI", encoderDB}, {"Tear Kanji Barcode Answers", cloneManual}},
		},
		{
			Name: "NT-5890K", Vendor: "Netum", Papers: papers, Pages: zjiangPages(),
			Cut: CutNone, Tear: 4, Kanji: true, Barcode: true, NoDotFeed: true, SwallowsFeed: true,
			Sources: []Source{
				{"Papers Pages Cut Barcode", printerDB}, {"Tear Kanji", cloneManual},
				{"NoDotFeed SwallowsFeed", cloneUsers},
			},
		},
		{
			// It calls itself POS-58 in its self-test.
			Name: "ZJ-5870", Vendor: "Zjiang", Papers: papers, DPI: 203,
			Pages: []CodePage{{16, "WPC1252"}, {0, "CP437"}, {2, "CP850"}, {18, "CP852"}, {17, "CP866"}},
			Cut:   CutNone, Tear: 4, Kanji: true,
			Sources: []Source{{"Papers DPI Pages Cut QR Barcode Logos", printerDB}, {"Tear Kanji", cloneManual}},
		},
		{
			Name: "58T", Vendor: "Youku", Papers: papers, DPI: 203,
			Pages: []CodePage{
				{19, "CP858"}, {16, "WPC1252"}, {0, "CP437"}, {2, "CP850"}, {18, "CP852"}, {7, "CP866"},
				{6, "WPC1251"}, {30, "WPC1250"}, {32, "WPC1254"}, {25, "WPC1257"}, {28, "CP855"},
			},
			Cut: CutNone, Tear: 4, Kanji: true,
			Sources: []Source{{"Papers DPI Pages Cut", encoderDB}, {"Tear Kanji", cloneManual}},
		},
		{
			Name: "MPT-II", Vendor: "", Papers: map[string]Paper{"80mm": {48, 576}},
			Pages: []CodePage{{2, "CP850"}, {0, "CP437"}, {7, "CP866"}, {6, "WPC1251"}},
			Cut:   CutNone, Tear: 4, Kanji: true,
			Sources: []Source{{"Papers Pages Cut", encoderDB}, {"Tear Kanji", cloneManual}},
		},
		{
			// The printer of a hand-held till.
			Name: "Sunmi-V2", Vendor: "Sunmi", Papers: papers, DPI: 203,
			Pages: with(CodePage{34, "CP855"}, CodePage{15, "ISO8859-7"}),
			Cut:   CutNone, Tear: 4, QR: true, Barcode: true,
			Sources: []Source{{"Papers Pages Cut", printerDB}, {"DPI QR Barcode", encoderDB}, {"Tear", cloneManual}},
		},
	}
}
