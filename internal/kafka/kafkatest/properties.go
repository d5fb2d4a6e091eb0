package kafkatest

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
)

// properties are the broker's settings: one node that is broker and controller
// in one, a plain listener on the first port, the controller on the second and,
// given a certificate, a listener with TLS and SASL on the third.
func properties(o Options, ports []int) map[string]string {
	p := map[string]string{
		"process.roles":                  "broker,controller",
		"node.id":                        "1",
		"controller.quorum.voters":       "1@" + loopback(ports[1]),
		"controller.listener.names":      "CONTROLLER",
		"inter.broker.listener.name":     "PLAIN",
		"listeners":                      "PLAIN://" + loopback(ports[0]) + ",CONTROLLER://" + loopback(ports[1]),
		"advertised.listeners":           "PLAIN://" + loopback(ports[0]),
		"listener.security.protocol.map": "PLAIN:PLAINTEXT,CONTROLLER:PLAINTEXT,SECURE:SASL_SSL",
		"log.dirs":                       filepath.Join(o.Dir, "log"),
		// Copies of internal topics are for clusters, waiting for more group
		// members is for large groups: neither is for one broker in a test.
		"offsets.topic.replication.factor":                 "1",
		"offsets.topic.num.partitions":                     "4",
		"transaction.state.log.replication.factor":         "1",
		"transaction.state.log.min.isr":                    "1",
		"transaction.state.log.num.partitions":             "4",
		"share.coordinator.state.topic.replication.factor": "1",
		"share.coordinator.state.topic.min.isr":            "1",
		"group.initial.rebalance.delay.ms":                 "0",
		"auto.create.topics.enable":                        "false",
		// A busy machine may hold the broker up for longer than its controller
		// would wait before it takes the partitions away.
		"broker.session.timeout.ms": "120000",
		"num.network.threads":       "2",
		"num.io.threads":            "4",
	}
	if len(o.CertPEM) > 0 {
		secure(p, o, ports[2])
	}
	maps.Copy(p, o.Properties)
	return p
}

// secure adds the listener with TLS and SASL.
func secure(p map[string]string, o Options, port int) {
	p["listeners"] += ",SECURE://" + loopback(port)
	p["advertised.listeners"] += ",SECURE://" + loopback(port)
	const listener = "listener.name.secure."
	p[listener+"ssl.keystore.type"] = "PEM"
	p[listener+"ssl.keystore.certificate.chain"] = string(o.CertPEM)
	p[listener+"ssl.keystore.key"] = string(o.KeyPEM)
	p[listener+"ssl.truststore.type"] = "PEM"
	p[listener+"ssl.truststore.certificates"] = string(o.CAPEM)
	p[listener+"ssl.client.auth"] = "requested"
	p[listener+"sasl.enabled.mechanisms"] = "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512"
	var users strings.Builder
	for _, user := range sortedKeys(o.Users) {
		fmt.Fprintf(&users, " user_%s=%q", user, o.Users[user])
	}
	p[listener+"plain.sasl.jaas.config"] = "org.apache.kafka.common.security.plain.PlainLoginModule required" +
		users.String() + ";"
	for _, mechanism := range []string{"scram-sha-256", "scram-sha-512"} {
		p[listener+mechanism+".sasl.jaas.config"] = "org.apache.kafka.common.security.scram.ScramLoginModule required;"
	}
}

func sortedKeys(m map[string]string) []string { return slices.Sorted(maps.Keys(m)) }
