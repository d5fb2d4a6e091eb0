// Package app puts Faultline together: it reads settings, builds every
// component by hand, starts them in order and stops them in reverse. It is the
// only package that knows all others; each exported function is what one
// command of the command line does.
package app
