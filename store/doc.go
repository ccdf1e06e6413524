// Package store is the agent's memory: the records and the one bbolt file they
// live in. It knows no rules beyond its records: what an order needs, when a
// ticket prints and when an event may go are decided elsewhere. What one part
// has committed here, the store tells the next, so that every step resumes
// after a crash.
package store
