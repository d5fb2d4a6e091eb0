package app

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/faultline/faultline/api"
	"github.com/faultline/faultline/api/client"
)

// completePatience bounds a question that a shell asks while someone types.
const completePatience = 2 * time.Second

// completeLimit is how many incidents a shell offers.
const completeLimit = 30

// IncidentIDs are the newest incidents of a service with a few words each, as a
// shell completes them; none when the service does not answer at once.
func IncidentIDs(ctx context.Context, server, token string) []string {
	ctx, cancel := context.WithTimeout(ctx, completePatience)
	defer cancel()
	service, err := askServiceFor(server, token, completePatience)
	if err != nil {
		return nil
	}
	limit := int64(completeLimit)
	var page api.Page[api.IncidentRecord]
	if err := service.into(&page)(service.ListIncidentsWithResponse(ctx, &client.ListIncidentsParams{Limit: &limit})); err != nil {
		return nil
	}
	var offered []string
	for i := range page.Items {
		in := &page.Items[i]
		title := strings.Map(func(r rune) rune {
			if r < ' ' || r == 0x7f {
				return ' '
			}
			return r
		}, in.Title)
		offered = append(offered, fmt.Sprintf("%s\t%s, %s", in.ID, in.Status, title))
	}
	return offered
}
