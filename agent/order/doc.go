// Package order takes what a channel says of an order, keeps it, and decides
// which tickets it needs: intake, revisions, acceptance, the hold of scheduled
// orders, and the routing of lines to kitchen stations.
//
// Everything that follows from one payload is one transaction: the order, its
// print jobs, its events for the cloud and its line in the transaction log. Who
// prints the jobs and who sends the events find them in the store.
package order
