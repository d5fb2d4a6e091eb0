# Faultline. `make demo` shows an outage explained; `make test` installs what
# the tests need and runs them; `make check` is what a change must pass besides.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help demo serve build engine kafka chromium prometheus deps test test-short test-labelled race pictures fuzz check fmt lint vet generate generated vuln bench eval figures stats-long clean

ARGS ?=
BIN := bin/faultline
FUZZTIME ?= 10s

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

build: ## build the binary
	@scripts/need.sh go
	@go build -o $(BIN) ./cmd/faultline

engine: ## fetch the embedded ClickHouse engine (once)
	@scripts/fetch-chdb.sh

kafka: ## fetch Apache Kafka for the tests (once)
	@scripts/fetch-kafka.sh

chromium: ## make sure that tests find a browser, fetch axe-core (once)
	@scripts/fetch-chromium.sh

prometheus: ## fetch Prometheus for the tests (once)
	@scripts/fetch-prometheus.sh

deps: engine kafka chromium prometheus ## fetch everything that tests need

demo: engine build ## replay a recorded outage through the real pipeline (ARGS="--scenario NAME --exit")
	@$(BIN) demo $(ARGS)

serve: engine build ## run the service on embedded stores
	@$(BIN) serve $(ARGS)

test: deps ## install what tests need, run all tests
	@scripts/need.sh go
	go test -timeout 40m ./...

test-short: ## the quick tests only
	go test -short ./...

test-labelled: ## the tests on labelled data of others (LABELLED=DIR, see CONTRIBUTING.md)
	@[ -n "$(LABELLED)" ] && [ -d "$(LABELLED)" ] || { echo "test-labelled: '$(LABELLED)' is no directory; run make test-labelled LABELLED=DIR, see CONTRIBUTING.md" >&2; exit 1; }
	FAULTLINE_LABELLED="$(abspath $(LABELLED))" go test -tags labelled -run 'OfRealSystems|OfBothModes|KnownShares|PublicCommits|ModelWasTuned' ./ingest/format ./internal/eval ./internal/eval/outages ./internal/provenance

race: deps ## all tests under the race detector
	go test -race -timeout 30m ./...

pictures: chromium ## make the pictures of docs/images anew
	FAULTLINE_IMAGES=1 go test ./api -run 'TestInABrowser/TheDocumentationIsIllustrated' -count=1

fuzz: ## run every fuzz target for FUZZTIME
	@scripts/fuzz.sh $(FUZZTIME)

check: fmt vet lint generated vuln ## format, vet, lint, generated files unchanged, known vulnerabilities

fmt:
	@out="$$(gofmt -l $$(git ls-files '*.go'))"; [ -z "$$out" ] || { echo "not formatted, run gofmt -w:"; echo "$$out"; exit 1; }

vet:
	go vet ./...
	go vet -tags labelled ./ingest/format ./internal/eval ./internal/provenance

lint:
	"$$(scripts/tool.sh golangci-lint)" run ./...

generate: ## write generated files anew
	go generate ./...

generated: ## fail if generated files differ from their sources
	@scripts/generated.sh

vuln: ## known vulnerabilities, where the database is within reach
	@scripts/vuln.sh

bench: deps ## print the performance figures beside their targets
	@scripts/need.sh go
	go run ./internal/bench $(ARGS)

eval: build ## score the rankers on labelled cases (ARGS="--cases FILE")
	@$(BIN) eval $(ARGS)

figures: build ## print a table of docs/evaluation.md anew (TABLE=published, companies, moments, terms, storms, observer or shops)
	@scripts/figures.sh "$(TABLE)"

stats-long: ## simulate the statistics at length: coverage of the intervals, false alarms of weekly looks
	go test -timeout 60m ./internal/stats -run Simulated -v -args -rounds 20000

clean: ## remove what the build made (fetched components stay in the cache)
	rm -rf bin build
