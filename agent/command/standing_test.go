package command

import (
	"slices"
	"testing"

	"mostrador/store"
)

func TestStandingPapers(t *testing.T) {
	const comanda, change, void, receipt = store.ComandaTicket, store.ChangeTicket, store.VoidTicket, store.ReceiptTicket
	job := func(seq uint64, kind store.TicketKind, station string, follows, copyOf uint64, state store.JobState) *store.Job {
		return &store.Job{Seq: seq, Kind: kind, Station: station, Copy: 1, Follows: follows, CopyOf: copyOf, State: state}
	}
	tests := []struct {
		name string
		jobs []*store.Job
		want []uint64
	}{
		{"nothing on paper", []*store.Job{job(1, comanda, "bar", 0, 0, store.JobQueued)}, nil},
		{"a comanda and all its changes", []*store.Job{
			job(1, comanda, "bar", 0, 0, store.JobPrinted), job(2, comanda, "grill", 0, 0, store.JobPrinted),
			job(3, change, "bar", 1, 0, store.JobPrinted), job(4, change, "bar", 3, 0, store.JobPrinted),
		}, []uint64{1, 2, 3, 4}},
		{"a comanda that replaces", []*store.Job{
			job(1, comanda, "bar", 0, 0, store.JobUnknown), job(2, comanda, "bar", 1, 0, store.JobPrinted), job(3, change, "bar", 2, 0, store.JobPrinted),
		}, []uint64{2, 3}},
		{"a void", []*store.Job{
			job(1, comanda, "bar", 0, 0, store.JobPrinted), job(2, receipt, "", 0, 0, store.JobPrinted), job(3, void, "bar", 1, 0, store.JobPrinted),
		}, []uint64{2, 3}},
		{"no copies, and nothing that waits", []*store.Job{
			job(1, comanda, "bar", 0, 0, store.JobUnknown), job(2, comanda, "bar", 0, 1, store.JobPrinted), job(3, change, "bar", 1, 0, store.JobQueued),
		}, []uint64{1}},
	}
	for _, tt := range tests {
		if got := standing(tt.jobs); !slices.Equal(got, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}
