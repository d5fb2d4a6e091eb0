// Package terminal prints findings for a person at a terminal: aligned, within
// a width, in colour only when asked. Text that came from outside (titles,
// names, evidence) is made harmless first: it can neither move the cursor nor
// reverse the reading order.
package terminal
