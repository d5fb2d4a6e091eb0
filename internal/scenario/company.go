package scenario

import (
	"strings"

	"github.com/faultline/faultline/correlate"
)

// company is a fictional company: its services with tier and team, and who
// calls whom.
type company struct {
	name     string
	services []correlate.Service
	edges    []correlate.Edge
}

// newCompany reads two tables: "team: service/tier service/tier ..." lines, and
// "caller > callee callee ..." lines. A callee with a suffix ~ is called
// asynchronously, with = it is a store, with ! shared infrastructure.
func newCompany(name, services, calls string) company {
	c := company{name: name}
	for line := range strings.Lines(services) {
		team, list, _ := strings.Cut(strings.TrimSpace(line), ":")
		for item := range strings.FieldsSeq(list) {
			service, tier, _ := strings.Cut(item, "/")
			c.services = append(c.services, correlate.Service{
				Name: service, Tier: int(tier[0] - '0'), Team: team,
				Environment: correlate.DefaultEnvironment, Lifecycle: "production",
			})
		}
	}
	kinds := map[string]correlate.EdgeKind{"~": correlate.EdgeAsync, "=": correlate.EdgeData, "!": correlate.EdgeSharedInfra}
	for line := range strings.Lines(calls) {
		caller, list, _ := strings.Cut(strings.TrimSpace(line), ">")
		for callee := range strings.FieldsSeq(list) {
			kind, known := kinds[callee[len(callee)-1:]]
			if known {
				callee = callee[:len(callee)-1]
			} else {
				kind = correlate.EdgeSync
			}
			c.edges = append(c.edges, correlate.Edge{Caller: strings.TrimSpace(caller), Callee: callee, Kind: kind})
		}
	}
	return c
}

// topology is the snapshot that the company's catalogue sends.
func (c *company) topology() correlate.Topology {
	return correlate.Topology{Source: "catalog", Services: c.services, Edges: c.edges}
}

// shop is an online retailer of sixty-two services.
func shop() company {
	return newCompany("shop", `
storefront: storefront-web/1 storefront-api/1 mobile-gateway/1 edge-router/1 session/1 ab-testing/3 cms/3 image-resizer/3
search: search-api/1 search-index/2 search-ranker/2 suggest/3 catalog-feed/3
catalog: catalog-api/1 catalog-db/1 pricing/1 pricing-cache/1 promotions/2 inventory/1 inventory-db/1 product-media/3
checkout: cart/1 cart-store/1 checkout/1 tax/2 shipping-quotes/2 address-check/3 order-intake/1 order-db/1 order-events/2
payments: payments/1 payments-ledger/1 fraud-score/2 card-vault/1 wallet/2 refunds/2
fulfilment: warehouse/2 picking/3 shipping-labels/3 returns/3 carrier-gateway/2 stock-sync/3
customers: accounts/1 accounts-db/1 login/1 loyalty/2 notifications/2 email-sender/3 push-sender/3 reviews/3
assistant: assistant-gateway/2 assistant-orchestrator/2 assistant-guard/2 assistant-memory/3 model-serving/2
data: recommendations/2 feature-store/2 clickstream/3 reporting/4 data-lake/4
platform: config-service/1 message-bus/1
`, `
edge-router > storefront-web mobile-gateway storefront-api
storefront-web > storefront-api session cms image-resizer ab-testing
mobile-gateway > storefront-api session login
storefront-api > catalog-api search-api cart checkout pricing recommendations accounts reviews promotions assistant-gateway
search-api > search-index search-ranker suggest pricing
search-ranker > feature-store
catalog-feed > catalog-api search-index~
catalog-api > catalog-db= pricing inventory product-media
pricing > pricing-cache= promotions config-service!
promotions > catalog-db= config-service!
inventory > inventory-db= message-bus!
cart > cart-store= pricing inventory promotions
checkout > cart pricing tax shipping-quotes address-check payments order-intake fraud-score accounts
shipping-quotes > carrier-gateway
order-intake > order-db= order-events~ inventory
order-events > message-bus!
payments > payments-ledger= card-vault fraud-score wallet
fraud-score > feature-store
refunds > payments order-db=
warehouse > inventory picking order-events~
picking > inventory
shipping-labels > carrier-gateway
returns > order-db= refunds
stock-sync > inventory warehouse
accounts > accounts-db= loyalty
login > accounts session
loyalty > accounts-db=
notifications > email-sender push-sender message-bus!
reviews > accounts catalog-api
assistant-gateway > assistant-orchestrator session
assistant-orchestrator > assistant-guard assistant-memory model-serving catalog-api order-intake
assistant-guard > model-serving config-service!
recommendations > feature-store catalog-api
feature-store > clickstream~
clickstream > message-bus!
reporting > data-lake=
data-lake > clickstream~ order-events~
ab-testing > config-service!
session > config-service!
`)
}

// cloud is a cloud provider's billing and console side of forty services.
func cloud() company {
	return newCompany("cloud", `
console: console-web/1 console-api/1 console-search/3 console-assets/3
identity: iam/1 token-service/1 org-directory/2 audit-log/2
billing: billing-api/1 invoice-builder/2 usage-aggregator/1 usage-intake/1 price-book/2 tax-engine/2 credit-ledger/2
cost: cost-explorer/2 cost-query/2 cost-cube/2 cost-forecast/3 budget-alerts/2 cost-export/3 anomaly-detector/3
compute: instance-api/1 scheduler/1 image-store/2 autoscaler/2 metadata/1
storage: object-api/1 object-index/1 block-api/1 snapshot/2
network: load-balancer/1 dns/1 gateway/1 flow-logs/3
platform: env-manager/2 secrets/1 deploy-service/2 metrics-pipeline/2 status-page/2 event-bus/1
`, `
console-web > console-api console-assets console-search
console-api > iam instance-api object-api billing-api cost-explorer org-directory load-balancer
iam > token-service org-directory audit-log~
billing-api > invoice-builder credit-ledger price-book usage-aggregator iam
invoice-builder > usage-aggregator price-book tax-engine
usage-aggregator > usage-intake event-bus!
usage-intake > event-bus!
cost-explorer > cost-query iam
cost-query > cost-cube=
cost-cube > usage-aggregator~ price-book
cost-forecast > cost-query
budget-alerts > cost-query event-bus!
cost-export > cost-cube= object-api
anomaly-detector > cost-query
instance-api > scheduler iam metadata image-store
scheduler > block-api event-bus!
autoscaler > instance-api metrics-pipeline
image-store > object-api
object-api > object-index= iam
block-api > snapshot iam
snapshot > object-api
load-balancer > dns instance-api
gateway > load-balancer
flow-logs > object-api
env-manager > secrets deploy-service instance-api
deploy-service > secrets object-api
status-page > metrics-pipeline
metrics-pipeline > event-bus!
`)
}
