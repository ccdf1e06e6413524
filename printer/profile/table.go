package profile

// table holds every profile that is shipped.
func table() []Profile {
	var all []Profile
	for _, part := range [][]Profile{epsonThermal(), epsonOthers(), citizens(), stars(), makers(), clones(), generics()} {
		all = append(all, part...)
	}
	return all
}

// generics are what a printer is taken for whose model is not here.
func generics() []Profile {
	papers := map[string]Paper{"80mm": {48, 576}, "58mm": {32, 384}}
	return []Profile{
		{
			// What nearly every ESC/POS printer understands: codes are drawn, columns
			// are reached by spaces.
			Name: "generic", Papers: papers,
			Pages:   commonPages(),
			Cut:     CutFeedPartial,
			Answers: Answers{Status: true, Fence: true},
			Sources: []Source{{"Pages Cut Answers", epsonReference}, {"Papers", printerDB + ": what most of its printers print on"}},
		},
		{
			// A clone whose other pages hold nothing that one can rely on.
			Name: "generic-cp437", Papers: papers,
			Pages:   []CodePage{{0, "CP437"}},
			Cut:     CutFeedPartial,
			Answers: Answers{Status: true, Fence: true},
			Sources: []Source{{"Pages", printerDB + ": its profile simple"}, {"Cut Answers", epsonReference}, {"Papers", printerDB + ": what most of its printers print on"}},
		},
	}
}

// The pages that add letters to the others, the preferred first. Numbers are n
// of ESC t n.

// commonPages are the numbers that Epson, Star's emulation and most clones
// share.
func commonPages() []CodePage {
	return []CodePage{{19, "CP858"}, {16, "WPC1252"}, {0, "CP437"}, {2, "CP850"}, {18, "CP852"}, {17, "CP866"}}
}

// with appends pages to those that are common.
func with(more ...CodePage) []CodePage { return append(commonPages(), more...) }

// epsonPages are those of the models since the TM-T20II and TM-T88V.
func epsonPages() []CodePage {
	return with(CodePage{45, "WPC1250"}, CodePage{46, "WPC1251"}, CodePage{47, "WPC1253"}, CodePage{48, "WPC1254"}, CodePage{51, "WPC1257"})
}

// epsonNewPages have the Ukrainian page 44, too.
func epsonNewPages() []CodePage { return append(epsonPages(), CodePage{44, "CP1125"}) }

// citizenPages differ from Epson's: page 2 is 858, not 850.
func citizenPages() []CodePage {
	return []CodePage{{2, "CP858"}, {16, "WPC1252"}, {0, "CP437"}, {6, "CP852"}, {7, "CP866"}}
}

// rongtaPages have Cyrillic on 6 and 7 and Greek on 17.
func rongtaPages() []CodePage {
	return []CodePage{
		{19, "CP858"}, {16, "WPC1252"}, {0, "CP437"}, {2, "CP850"}, {18, "CP852"}, {7, "CP866"},
		{6, "WPC1251"}, {17, "WPC1253"}, {30, "WPC1250"}, {32, "WPC1254"}, {25, "WPC1257"}, {28, "CP855"},
	}
}

// zjiangPages are those of the 58 mm printers of Zjiang and Netum.
func zjiangPages() []CodePage {
	return with(CodePage{72, "WPC1250"}, CodePage{73, "WPC1251"}, CodePage{90, "WPC1253"}, CodePage{91, "WPC1254"}, CodePage{25, "WPC1257"}, CodePage{60, "CP855"})
}

// xprinterPages are those of the 80 mm printers of Xprinter.
func xprinterPages() []CodePage {
	return with(CodePage{23, "WPC1251"}, CodePage{7, "WPC1253"}, CodePage{25, "WPC1257"})
}
