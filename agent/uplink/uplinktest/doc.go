// Package uplinktest is for tests of everything that speaks with the cloud: a
// real mosquitto, a line that can be cut, a consumer that was written against
// docs/mqtt.md, docs/asyncapi.yaml and docs/schemas only and finds what is
// lost, doubled or changed, and the check of any message against its schema.
// Nothing outside tests imports it.
package uplinktest
