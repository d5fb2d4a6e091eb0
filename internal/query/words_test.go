package query

import (
	"slices"
	"strings"
	"testing"
)

// TestWordsThatAreStoredStayAsTheyAre: rows of years hold them, and a new word
// for an old state would lose the old rows without an error.
func TestWordsThatAreStoredStayAsTheyAre(t *testing.T) {
	for want, words := range map[string][]string{
		"open accepted dismissed":            {string(ProposalOpen), string(ProposalAccepted), string(ProposalDismissed)},
		"begun sent failed":                  {string(DeliveryBegun), string(DeliverySent), string(DeliveryFailed)},
		"held released":                      {string(ClaimHeld), string(ClaimReleased)},
		"given_up asked dismissed delivered": {string(NoticeGivenUp), string(NoticeAsked), string(NoticeDismissed), string(NoticeDelivered)},
		"unknown small medium large huge":    {string(SizeUnknown), string(SizeSmall), string(SizeMedium), string(SizeLarge), string(SizeHuge)},
		" rollback during_incident immature": {string(NotApart), string(ApartRollback), string(ApartDuring), string(ApartImmature)},
	} {
		if got := strings.Join(words, " "); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if got := Sizes(); !slices.Equal(got, []Size{"unknown", "small", "medium", "large", "huge"}) {
		t.Errorf("sizes in the order %v", got)
	}
}
