package event

// Limits of what one event may hold. They are far above what senders need and
// keep one bad message from harming the others.
const (
	// MaxEventBytes bounds one change or alert, and a vendor's payload. How many
	// of them a message or request may hold is for the broker or the API to say.
	MaxEventBytes = 8 << 20
	// MaxTopologyBytes bounds one topology snapshot, which describes a whole
	// company at once.
	MaxTopologyBytes = 64 << 20
	// MaxDepth bounds the nesting of objects and arrays.
	MaxDepth = 64
	// MaxLabels bounds the labels, and the links of an alert, of one event.
	MaxLabels = 1000
	// MaxExtra bounds the fields of one event that the contract does not know.
	MaxExtra = 10_000
	// MaxIdentifierBytes bounds ids, names of services and the like.
	MaxIdentifierBytes = 1 << 10
	// MaxLineBytes bounds one-line texts such as titles and label values.
	MaxLineBytes = 128 << 10
	// MaxTextBytes bounds texts such as commit messages and descriptions.
	MaxTextBytes = 1 << 20
)
