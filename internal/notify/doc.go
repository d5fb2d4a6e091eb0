// Package notify tells people and other systems about incidents: a Slack
// message for each incident that is kept up to date, with an answer in its
// thread for each material change, and signed webhooks that carry CloudEvents.
// What was told is kept in the store, so that a restart tells nothing twice.
package notify
