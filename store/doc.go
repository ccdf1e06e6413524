// Package store is the agent's memory: the records and the one bbolt file they
// live in. It knows no rules beyond its records: what an order needs, when a
// ticket prints and when an event may go are decided elsewhere. What one part
// has committed here, the store tells the next, so that every step resumes
// after a crash.
//
// Callers change it in transactions (Update; UpdateVital for orders and tickets)
// that share their flush to disk with whoever comes at the same time, read it in
// others (View, ViewDurable), and hear of changes by Watch. How a transaction gets
// to disk stands in journal.go, and what is done after a kill or a power cut in
// replay.go; the rules when space runs out in space.go and held.go; what a new
// version may change about the file in migrate.go.
package store
