package store

// A DeviceState is the data of mostrador.device.v1: how a printer or a POS
// device is now.
type DeviceState struct {
	// Device is its name in the configuration; Kind is printer, register, …
	Device string `json:"device"`
	Kind   string `json:"kind"`
	// State is opening, ready, printing, blocked, paused, absent or failing.
	State string `json:"state"`
	Since Moment `json:"since"`
	// Cause in words, where the state needs one.
	Cause string `json:"cause,omitempty"`
	// Faults of a printer as codes: paper_end, near_end, cover, cutter, offline,
	// error.
	Faults []string `json:"faults,omitempty"`
	// Flaps counts changes of state since the last event that were not told
	// one by one.
	Flaps int `json:"flaps,omitempty"`
}
