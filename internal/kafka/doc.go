// Package kafka sets up the broker side: settings, TLS and SASL, the dialer
// and transport that every reader and writer shares, topics, and a broker that
// runs inside the process for demonstrations, single machines and tests.
//
// It knows nothing of what the messages hold. The consumer itself is in
// package ingest, which is given what [Client] builds.
package kafka
