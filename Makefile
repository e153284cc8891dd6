# `make` lists the targets.

.DEFAULT_GOAL := help
.PHONY: help run test lint fuzz soak bench bench-short bench-peers bench-more cover deploy-check page-check

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

run: ## try it: an endpoint, a fleet and the consumer in one process
	go run ./cmd/korestream dev

test: ## every test, with the race detector
	go test -race ./...

lint: ## vet, staticcheck and formatting
	go vet ./...
	go tool staticcheck ./...
	cd bench && go vet ./...
	cd deploy/check && go vet ./...
	cd internal/page/browser && go vet ./...
	cd bench/peers/vmware && go vet ./... && go vet -modfile newest.mod ./...
	@test -z "$$(go tool gofumpt -l .)" || { go tool gofumpt -d .; exit 1; }

fuzz: ## every fuzz target for FUZZTIME (20s), or those of FUZZPKGS
	@bash .ci/fuzz

soak: ## simulate SIM_SCHEDULES (10000) schedules of trouble; SIM_SEED=n plays one alone
	@SIM_SCHEDULES=$${SIM_SCHEDULES:-10000} go test -v -timeout 4h -run 'TestSimulation$$' ./consumer > simulation.log 2>&1 \
		|| { grep -vE '^=== |--- PASS: TestSimulation/' simulation.log; exit 1; }
	@grep 'simulation:' simulation.log; rm simulation.log

bench: ## benchmarks of the packages
	go test -run '^$$' -bench . ./...

bench-short: ## what korestream costs beside the floor; fails above MOST (2.5) floors, never on time
	cd bench && go run . short -most $${MOST:-2.5}

bench-peers: ## korestream beside its peers, about 12 minutes alone on two cores; writes docs/benchmarks.md
	cd bench && go run . peers

bench-more: ## latency, idle cost, a backlog and hand-over, about 7 minutes; goes into the same document
	cd bench && go run . more

cover: ## coverage of consumer, checkpoint and event; fails below 90 %
	@for pkg in consumer checkpoint event; do \
		SIM_SCHEDULES=5 go test -cover ./$$pkg | awk -v pkg=$$pkg '{ for (i = 1; i <= NF; i++) if ($$i == "coverage:") c = $$(i+1) } \
			END { printf "%-12s %s\n", pkg, c; exit !(c + 0 >= 90) }' || exit 1; \
	done

deploy-check: ## image, Helm chart, ECS templates, alert rules and dashboard; UPDATE=-update writes the chart's README
	cd deploy/check && go test -count=1 . $(UPDATE)

page-check: ## the status page in Chromium: no break at 360 and 1440 px, live, no error; SCREENSHOTS=folder keeps pictures
	cd internal/page/browser && go test -count=1 .
