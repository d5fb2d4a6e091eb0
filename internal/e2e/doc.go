// Package e2e runs the built binary as its users do: it replays the demo, sends
// events by HTTP and through Kafka, stops and kills the process, and reads what
// comes out. It holds tests only; this file is its place for words.
package e2e
