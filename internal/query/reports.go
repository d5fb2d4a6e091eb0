package query

import "time"

// StoredReport is a weekly report as the store keeps it; Body is its JSON.
type StoredReport struct {
	Week   string
	MadeAt time.Time
	Body   []byte
}

// DeliveryState is how far a delivery of a report has come.
type DeliveryState string

// The states. One that was begun and never ended may have arrived.
const (
	DeliveryBegun  DeliveryState = "begun"
	DeliverySent   DeliveryState = "sent"
	DeliveryFailed DeliveryState = "failed"
)

// Delivery is one note about the delivery of a report to a recipient.
type Delivery struct {
	Week      string
	Recipient string
	At        time.Time
	State     DeliveryState
	// Problem says why it failed, without secrets.
	Problem string
}

// ClaimState tells whether a process is at work on the report of a week.
type ClaimState string

// The states.
const (
	ClaimHeld     ClaimState = "held"
	ClaimReleased ClaimState = "released"
)

// Claim is one note of a process that wants to work on the report of a week. The
// store stamps it.
type Claim struct {
	Week, Claimant string
	State          ClaimState
}
