package store

import (
	"crypto/sha256"
	"encoding/binary"
)

// The buckets of the file. Numbers are 8 bytes, big-endian, so that they sort.
const (
	bucketMeta      = "meta"         // schema, identity, epoch, boots, floor
	bucketOrders    = "orders"       // seq -> Order, its latest revision
	bucketRevisions = "orders.past"  // seq, revision -> Order as it was last in that revision
	bucketOrderIDs  = "orders.id"    // ID -> seq
	bucketOrderKeys = "orders.key"   // OrderKey -> seq
	bucketHeld      = "orders.held"  // HeldUntil, seq -> nothing
	bucketJobs      = "jobs"         // seq -> Job
	bucketJobIDs    = "jobs.id"      // ID -> seq
	bucketJobOrders = "jobs.order"   // Order, seq -> nothing
	bucketJobStates = "jobs.state"   // State, seq -> nothing
	bucketWaiting   = "jobs.waiting" // Printer, seq -> nothing, of queued jobs
	bucketSales     = "sales"        // seq -> Sale
	bucketSaleKeys  = "sales.key"    // Source, SourceID -> seq
	bucketUnread    = "unread"       // seq -> UnreadReceipt
	bucketRaw       = "raw"          // id -> payload as it came
	bucketLog       = "log"          // seq -> Entry
	bucketCursors   = "cursors"      // name -> what its owner put there
	bucketStreams   = "streams"      // stream -> its place in the epoch and what was sent
	bucketAside     = "aside"        // stream, position -> Aside
	outboxPrefix    = "outbox."      // outbox.STREAM: position -> Event
)

// buckets are all of them.
func buckets() []string {
	all := []string{bucketMeta, bucketOrders, bucketRevisions, bucketOrderIDs, bucketOrderKeys, bucketHeld,
		bucketJobs, bucketJobIDs, bucketJobOrders, bucketJobStates, bucketWaiting,
		bucketSales, bucketSaleKeys, bucketUnread, bucketRaw, bucketLog, bucketCursors, bucketStreams, bucketAside}
	for _, s := range Streams() {
		all = append(all, outbox(s))
	}
	return all
}

func outbox(s Stream) string { return outboxPrefix + string(s) }

// fillPercent is how full a page gets before it is split. Buckets whose keys
// only ever grow are filled up; the others leave room for what comes between.
func fillPercent(bucket string) float64 {
	switch bucket {
	case bucketOrderKeys, bucketSaleKeys, bucketJobStates, bucketWaiting, bucketCursors, bucketMeta, bucketStreams, bucketAside:
		return 0.7
	}
	return 1
}

// number is the key of a record that is kept by number.
func number(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

func toNumber(b []byte) uint64 {
	if len(b) != 8 {
		return 0
	}
	return binary.BigEndian.Uint64(b)
}

// maxPlainKey bounds what of a foreign id stands in a key as it is. bbolt takes
// 32 KiB; long keys make poor pages long before.
const maxPlainKey = 256

// composite is a key of several texts, such that no two lists of texts have the
// same key and those with the same beginnings stand together.
func composite(parts ...string) []byte {
	var key []byte
	for _, p := range parts {
		if len(p) > maxPlainKey {
			sum := sha256.Sum256([]byte(p))
			key = append(binary.BigEndian.AppendUint16(key, 0xffff), sum[:]...)
			continue
		}
		key = append(binary.BigEndian.AppendUint16(key, uint16(len(p))), p...)
	}
	return key
}
