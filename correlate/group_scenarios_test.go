package correlate

import (
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
)

// The shop of the scenarios: three callers of cart, a chain of two below it, a
// far corner, a name service that everything uses, and a gateway that calls
// everything.
var shopCalls = []string{
	"web > cart", "app > cart", "partner > cart", "cart > stock > stock-db",
	"invoice > ledger > ledger-db",
	"web > dns", "invoice > dns", "300 x shard > dns",
	"100 x reader > settings",
	"gateway > web", "gateway > invoice", "gateway > 300 x page",
}

// scenario is a set of alerts, written as alertOf reads them, and the incidents
// that they make, written as picture writes them.
type scenario struct {
	name   string
	alerts []string
	asOf   string
	window *Maintenance
	want   []string
}

// scenarios are the rules of grouping by example.
var scenarios = []scenario{
	{
		"a critical alert alone is an incident",
		[]string{"10:00 cart critical"},
		"10:01", nil,
		[]string{"10:00 open critical cart (1)"},
	},
	{
		"a service and its caller fail minutes apart",
		[]string{"10:00 cart critical", "10:12 web high"},
		"10:15", nil,
		[]string{"10:00 open critical cart web (2)"},
	},
	{
		"the caller fails first: nearness holds in both directions",
		[]string{"10:00 web high", "10:03 cart critical"},
		"10:15", nil,
		[]string{"10:00 open critical cart web (2)"},
	},
	{
		"two callers of one quiet service",
		[]string{"10:00 web high", "10:06 app high"},
		"10:15", nil,
		[]string{"10:00 open high app web (2)"},
	},
	{
		"near in time but not in the topology",
		[]string{"10:00 cart critical", "10:00 ledger critical"},
		"10:15", nil,
		[]string{"10:00 open critical cart (1)", "10:00 open critical ledger (1)"},
	},
	{
		"near in the topology but hours apart",
		[]string{"10:00-10:05 cart critical", "14:00 web critical"},
		"14:15", nil,
		[]string{"10:00 resolved critical cart (1)", "14:00 open critical web (1)"},
	},
	{
		"a later alert joins two incidents; the younger id stays as merged",
		[]string{"10:00 web high", "10:04 stock-db critical", "10:09 cart critical", "10:10 stock high"},
		"10:15", nil,
		[]string{"10:00 open critical cart stock stock-db web (4)", "10:04 stock-db merged into 10:00"},
	},
	{
		"two services that share only the name service are not near",
		[]string{"10:00 web critical", "10:01 invoice critical"},
		"10:15", nil,
		[]string{"10:00 open critical web (1)", "10:01 open critical invoice (1)"},
	},
	{
		"two of a hundred that share a service, at once",
		[]string{"10:00 reader-1 critical", "10:03 reader-2 critical"},
		"10:15", nil,
		[]string{"10:00 open critical reader-1 reader-2 (2)"},
	},
	{
		"two of a hundred that share a service, minutes apart",
		[]string{"10:00 reader-1 critical", "10:04 reader-2 critical"},
		"10:15", nil,
		[]string{"10:00 open critical reader-1 (1)", "10:04 open critical reader-2 (1)"},
	},
	{
		"the name service itself fails",
		[]string{"10:00 dns critical", "10:02 web critical", "10:05 invoice critical"},
		"10:15", nil,
		[]string{"10:00 open critical dns invoice web (3)"},
	},
	{
		"a gateway shows everybody's trouble and joins nobody's",
		[]string{"10:00 web critical", "10:01 gateway critical", "10:02 invoice critical"},
		"10:15", nil,
		[]string{"10:00 open critical gateway web (2)", "10:02 open critical invoice (1)"},
	},
	{
		"flapping is one incident",
		[]string{"10:00-10:02 cart critical", "10:10-10:11 cart critical", "10:25-10:30 cart critical", "10:50 cart critical"},
		"10:55", nil,
		[]string{"10:00 open critical cart (4)"},
	},
	{
		"an incident is quiet before it is resolved",
		[]string{"10:00-10:20 cart critical"},
		"10:30", nil,
		[]string{"10:00 quiet critical cart (1)"},
	},
	{
		"a resolved incident reopens within half an hour",
		[]string{"10:00-10:20 cart critical", "10:45 cart high #other"},
		"10:50", nil,
		[]string{"10:00 open critical cart (2)"},
	},
	{
		"after that it is another one",
		[]string{"10:00-10:20 cart critical", "10:51 cart high #other"},
		"10:55", nil,
		[]string{"10:00 resolved critical cart (1)", "10:51 open high cart (1)"},
	},
	{
		"the same series reopens it however long it fired",
		[]string{"01:00-10:20 cart critical", "10:45 cart critical"},
		"10:50", nil,
		[]string{"01:00 open critical cart (2)"},
	},
	{
		"an alert that nobody clears for hours does not swallow the next incident",
		[]string{"01:00 cart critical #forgotten", "10:00 cart critical"},
		"10:05", nil,
		[]string{"01:00 open critical cart (1)", "10:00 open critical cart (1)"},
	},
	{
		"a new alert while the incident goes on belongs to it",
		[]string{"10:00 cart critical", "13:00 cart high #other", "10:25 web high"},
		"13:05", nil,
		[]string{"10:00 open critical cart web (3)"},
	},
	{
		"a series whose resolve was lost ends when it fires again",
		[]string{"10:00 cart critical", "10:10-10:12 cart critical"},
		"10:40", nil,
		[]string{"10:00 resolved critical cart (2)"},
	},
	{
		"environments never join",
		[]string{"10:00 cart critical", "10:00 cart critical env=staging", "10:01 web critical env=staging"},
		"10:05", nil,
		[]string{"10:00 open critical cart (1)", "10:00 open critical cart web (2)"},
	},
	{
		"a note is no incident",
		[]string{"10:00 cart info"},
		"10:05", nil,
		[]string{},
	},
	{
		"a note joins the incident next to it",
		[]string{"10:00 cart info", "10:02 cart critical"},
		"10:05", nil,
		[]string{"10:02 open critical cart (2)"},
	},
	{
		"a warning alone is an incident of its own",
		[]string{"10:00 cart warning"},
		"10:05", nil,
		[]string{"10:00 open warning cart (1)"},
	},
	{
		"a warning that turns out to be the beginning keeps its incident",
		[]string{"10:00 cart warning", "10:04 cart critical #other", "10:05 web critical"},
		"10:06", nil,
		[]string{"10:00 open critical cart web (3)"},
	},
	{
		"warnings in between do not join two incidents",
		[]string{"10:00 web critical", "10:01 cart warning", "10:01 stock warning", "10:02 stock-db critical"},
		"10:06", nil,
		[]string{"10:00 open critical cart stock web (3)", "10:02 open critical stock-db (1)"},
	},
	{
		"a warning does not keep a critical incident open",
		[]string{"10:00-10:20 cart critical", "10:01 cart warning #disk"},
		"10:40", nil,
		[]string{"10:00 resolved critical cart (2)"},
	},
	{
		"an unsafe assistant beside a slow database is another incident",
		[]string{"10:00 cart critical ai_safety", "10:01 stock critical latency"},
		"10:05", nil,
		[]string{"10:00 open critical cart (1)", "10:01 open critical stock (1)"},
	},
	{
		"unsafe answers and errors of one service are one",
		[]string{"10:00 cart critical ai_safety", "10:01 cart critical #errors"},
		"10:05", nil,
		[]string{"10:00 open critical cart (2)"},
	},
	{
		"alerts of services that no topology knows form incidents",
		[]string{"10:00 orders-per-minute critical business", "10:04 assistant high ai_safety"},
		"10:05", nil,
		[]string{"10:00 open critical orders-per-minute (1)", "10:04 open high assistant (1)"},
	},
	{
		"a declared incident attaches to what goes on",
		[]string{"10:00 cart critical", "10:40 web high declared=P1"},
		"10:45", nil,
		[]string{"10:00 open critical cart web (2)"},
	},
	{
		"one declared incident over services far apart is one",
		[]string{"10:00 cart high declared=P1", "10:30 ledger-db high declared=P1"},
		"10:45", nil,
		[]string{"10:00 open high cart ledger-db (2)"},
	},
	{
		"maintenance mutes what begins in it",
		[]string{"10:00-10:10 cart critical", "10:05 web critical"},
		"10:20",
		&Maintenance{Services: []string{"cart"}, From: dawn.Add(9 * time.Hour), To: dawn.Add(11 * time.Hour)},
		[]string{"10:05 open critical web (1)"},
	},
	{
		"maintenance lets the resolve of an earlier alert through",
		[]string{"08:55-09:10 cart critical"},
		"09:20",
		&Maintenance{From: dawn.Add(9 * time.Hour), To: dawn.Add(11 * time.Hour)},
		[]string{"08:55 quiet critical cart (1)"},
	},
	{
		"what still fires after maintenance counts from its end",
		[]string{"10:00 cart critical"},
		"11:01",
		&Maintenance{From: dawn.Add(9 * time.Hour), To: dawn.Add(11 * time.Hour)},
		[]string{"11:00 open critical cart (1)"},
	},
	{
		"maintenance of staging is none of production",
		[]string{"10:00 cart critical"},
		"10:01",
		&Maintenance{Environment: "staging", From: dawn.Add(9 * time.Hour), To: dawn.Add(11 * time.Hour)},
		[]string{"10:00 open critical cart (1)"},
	},
}

func TestScenarios(t *testing.T) {
	for _, test := range scenarios {
		t.Run(test.name, func(t *testing.T) {
			cfg := DefaultGroupConfig()
			if test.window != nil {
				cfg.Maintenance = []Maintenance{*test.window}
			}
			rows := GroupAlerts(cfg, callsOf(t, shopCalls), alertsOf(t, test.alerts), clock(t, test.asOf))
			if diff := gocmp.Diff(test.want, pictures(rows)); diff != "" {
				t.Errorf("incidents (-want +got):\n%s", diff)
			}
		})
	}
}
