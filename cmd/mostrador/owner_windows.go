package main

// giveToService: folders have the rights of the one that they are in here.
func giveToService(string) error { return nil }
