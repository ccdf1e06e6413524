package order

import "mostrador/store"

// rank orders the statuses by how far an order has come (providers.md,
// canonical statuses); cancelled and rejected end it from anywhere.
func rank(s store.Status) int {
	switch s {
	case store.Received:
		return 1
	case store.Accepted:
		return 2
	case store.Preparing:
		return 3
	case store.Ready:
		return 4
	case store.Dispatched:
		return 5
	case store.Completed:
		return 6
	case store.Cancelled, store.Rejected:
		return 7
	}
	return 0
}

// advance returns the status that is true when have was known and got was
// heard: the further one. What has been cancelled or rejected stays so.
func advance(have, got store.Status) store.Status {
	if ended(have) || rank(got) <= rank(have) {
		return have
	}
	return got
}

// ended reports whether nothing of the order is to be made any more.
func ended(s store.Status) bool { return s == store.Cancelled || s == store.Rejected }

// inKitchen reports whether an order of that status needs tickets. One that is
// first heard of when it is already on its way needs none.
func inKitchen(s store.Status) bool {
	return rank(s) >= rank(store.Accepted) && rank(s) <= rank(store.Ready)
}
