package main

import "os"

// proof is set by make proof: the full counts instead of reduced ones.
func proof() bool { return os.Getenv("MOSTRADOR_PROOF") != "" }
