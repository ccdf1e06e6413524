// Package pairing is how a terminal comes by its own credentials, as a protocol
// alone: what a code is, what is asked and answered, and when an answer may be
// believed. Others carry the messages. docs/pairing.md says it in words.
//
// The key is made on the terminal and never leaves it. What is asked carries a
// proof that whoever asks knows the code, what is answered that whoever answers
// does; so a bystander on the topic, and the broker itself, can neither get a
// certificate for a key of their own nor hand one of their own to the terminal.
package pairing
