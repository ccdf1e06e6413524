package main

// giveToService and handOver: folders have the rights of the one that they are
// in here, and the service runs as the system.
func giveToService(string) error { return nil }

func handOver(string) error { return nil }
