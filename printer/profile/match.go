package profile

import "strings"

// Match finds the profile of a printer that says who made it (GS I 66) and what
// it is (GS I 67): "EPSON" and "TM-T88V". What a maker adds behind a dash or a
// blank (TM-m30II-NT, TM-T88V-i) is another interface of the same model; what is
// written without one (TM-T20X) is another model.
//
// Clones lie: many answer EPSON and TM-T88V, because drivers ask for that. So a
// match is a claim. Take it only for a printer that also answers what the
// profile's Answers name, and narrow its paper to Auto's where nobody has looked
// at the paper; a person who names the model is always right.
func Match(maker, model string) (Profile, bool) {
	model = strings.TrimSpace(model)
	var best Profile
	for _, p := range table() {
		if !made(p.Vendor, maker) || len(p.Name) <= len(best.Name) {
			continue
		}
		for _, name := range append([]string{p.Name}, variants(p.Name)...) {
			if is(name, model) {
				best = p
			}
		}
	}
	return best, best.Name != ""
}

// made reports whether a maker's name is the vendor's, however it is written:
// EPSON, Star, CITIZEN SYSTEMS.
func made(vendor, maker string) bool {
	vendor, maker = strings.ToLower(vendor), strings.ToLower(strings.TrimSpace(maker))
	return vendor != "" && maker != "" && (strings.HasPrefix(vendor, maker) || strings.HasPrefix(maker, vendor))
}

// is reports whether what a printer says it is, is the named model.
func is(name, model string) bool {
	if len(model) < len(name) || !strings.EqualFold(model[:len(name)], name) {
		return false
	}
	return len(model) == len(name) || strings.ContainsRune("- (/", rune(model[len(name)]))
}

// variants are names of the same model with another cover or cutter.
func variants(name string) []string {
	if name == "TM-U220" {
		return []string{"TM-U220A", "TM-U220B", "TM-U220D"}
	}
	return nil
}
