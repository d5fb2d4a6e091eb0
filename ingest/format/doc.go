// Package format turns what other systems send into the contract's changes,
// alerts and topology snapshots. Each format is one file with one decoder:
// a new one is written, listed in NewRegistry and described in
// docs/formats.md. The registry picks the decoder of a message.
//
// A decoder keeps three promises. It never treats a delivery as an event: what
// it makes has the identity of the thing that happened (the deployment, the
// alert episode), so that redeliveries and updates fold onto it. What it
// cannot use is refused with the field and the mend, in the sender's own
// words. And what is valid but says nothing of a change or an alert, such as a
// comment, becomes an empty batch, not an error.
package format
