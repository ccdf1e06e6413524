package store

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
)

// The bounds of raw payloads: of a longer one only the head is kept, and the
// oldest go when all together are more than maxRawTotal.
const (
	maxRaw      = 256 << 10
	maxRawTotal = 64 << 20
)

// A RawPayload is what a channel sent, byte by byte as it came.
type RawPayload struct {
	// Body is the payload, or its first 256 KiB.
	Body []byte `json:"-"`
	// Length is how many bytes came, and SHA256 their hash in hex.
	Length int    `json:"length"`
	SHA256 string `json:"sha256"`
	At     Moment `json:"at"`
}

// PutRaw keeps a payload and returns its number. Of more than 256 KiB it keeps
// the head, the length and the hash; when all payloads come to more than 64 MiB
// the oldest are dropped.
func (tx *Tx) PutRaw(body []byte) (uint64, error) {
	id, err := tx.next(bucketRaw)
	if err != nil {
		return 0, err
	}
	sum := sha256.Sum256(body)
	head, err := json.Marshal(RawPayload{Length: len(body), SHA256: hex.EncodeToString(sum[:]), At: tx.Now()})
	if err != nil {
		return 0, fmt.Errorf("encode a payload's head: %w", err)
	}
	value := append(append(head, '\n'), body[:min(len(body), maxRaw)]...)
	if err := tx.put(bucketRaw, number(id), value); err != nil {
		return 0, err
	}
	return id, tx.boundRaw(len(value))
}

// boundRaw adds to the sum of all payloads and drops the oldest above it.
func (tx *Tx) boundRaw(added int) error {
	total := tx.metaNumber(metaRawBytes) + uint64(added)
	for key, value := range tx.walk(bucketRaw, nil, nil, false) {
		if total <= maxRawTotal {
			break
		}
		total -= min(total, uint64(len(value)))
		if err := tx.delete(bucketRaw, bytes.Clone(key)); err != nil {
			return err
		}
	}
	return tx.setRawTotal(total)
}

func (tx *Tx) setRawTotal(n uint64) error {
	return tx.putSmall(bucketMeta, []byte(metaRawBytes), number(n))
}

// Raw returns a payload that PutRaw has kept, ErrNotFound when it was dropped.
func (tx *Tx) Raw(id uint64) (RawPayload, error) {
	value := tx.get(bucketRaw, number(id))
	head, body, ok := bytes.Cut(value, []byte("\n"))
	if !ok {
		return RawPayload{}, ErrNotFound
	}
	var p RawPayload
	if err := json.Unmarshal(head, &p); err != nil {
		return RawPayload{}, fmt.Errorf("payload %d cannot be read: %w", id, err)
	}
	p.Body = bytes.Clone(body)
	return p, nil
}
