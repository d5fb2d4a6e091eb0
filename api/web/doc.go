// Package web is the built-in pages of Faultline: server-rendered HTML and SVG
// that a commander reads at night, on whatever screen is at hand.
//
// Pages are complete without JavaScript; one small script keeps them current.
// Everything is embedded and served from the same origin, so that the strict
// content security policy needs no exception. Every picture has a table twin,
// nothing is told by colour alone, and every moment is in UTC with a relative
// twin beside it.
//
// The package reads through the ports of ports.go and decides nothing about
// access: the API mounts its Routes behind the same layers as its own and hands
// each request the Visitor that made it.
package web
