package store

import bolt "go.etcd.io/bbolt"

// View reads what is, also what is held in memory. It waits for those who write
// just then, when what they kept before has not landed yet. It must be short, for a
// reader in the way of a growing file stops all writers, and it must not be used
// within another transaction. Nothing of tx may be kept.
func (s *Store) View(fn func(*Tx) error) error {
	s.state.RLock()
	held := s.held != nil
	s.state.RUnlock()
	if !held {
		return s.ViewDurable(fn)
	}
	// A write transaction can be read by one at a time.
	s.state.Lock()
	if s.held == nil {
		s.state.Unlock() // the writer may wait for it
		return s.ViewDurable(fn)
	}
	defer s.state.Unlock()
	return s.look(s.held.b, fn)
}

// ViewDurable is View of only what is on disk.
func (s *Store) ViewDurable(fn func(*Tx) error) error {
	if err := s.catchUp(); err != nil {
		return err
	}
	s.files.RLock()
	defer s.files.RUnlock()
	b, err := s.db.Begin(false)
	if err != nil {
		return s.named(err)
	}
	defer func() { _ = b.Rollback() }()
	return s.look(b, fn)
}

func (s *Store) look(b *bolt.Tx, fn func(*Tx) error) error {
	tx := &Tx{store: s, b: b}
	defer func() { tx.b = nil }()
	return s.guard(func() error { return fn(tx) })
}
