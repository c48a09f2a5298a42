# Sallyport: every target that a developer needs. "make" alone lists them.
#
# Each works in a fresh clone on a fresh Debian machine with Go. Whatever else
# it needs it installs when it runs as root, or it says exactly what is missing
# and fails.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
SHELL         := bash
.SHELLFLAGS   := -eu -o pipefail -c

GO       ?= go
FUZZTIME ?= 10s
# Packages to test: make test PKG=./internal/store/...
PKG      ?= ./...

# A profile for the compiler: make build PGO=bench/sallyport.pgo, as releases are
# built. It has everything compiled anew, which takes minutes, for a tenth of the time
# of a decision.
PGO      ?= off

VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
LDFLAGS := -s -w -X main.version=$(VERSION)

# Of the programs of the tests nothing is wanted that a debugger reads: linking
# them takes half as long without.
TEST := test -ldflags=-w

.PHONY: help
help: ## Say what each target does
	@grep -E '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sort | awk -F':.*## ' '{printf "  make %-13s %s\n", $$1, $$2}'

.PHONY: demo
demo: build ## Start the demonstration and print what to paste
	@exec bin/sallyport demo $(DEMOFLAGS)

.PHONY: build
build: ## Build bin/sallyport: one static binary
	CGO_ENABLED=0 $(GO) build -pgo='$(PGO)' -ldflags '$(LDFLAGS)' -o bin/sallyport ./cmd/sallyport

.PHONY: need
need: ## Install what the tests run: PostgreSQL, nginx, HAProxy, Caddy, Apache
	@scripts/need postgres nginx haproxy caddy apache

.PHONY: test
test: need build ## Everything, on SQLite and on a real PostgreSQL
	SALLYPORT_BIN='$(CURDIR)/bin/sallyport' CGO_ENABLED=0 $(GO) $(TEST) -timeout 20m $(PKG)

.PHONY: e2e
e2e: build ## The console in a real browser; pictures in test/e2e/screenshots (PAGES="users roles": only these)
	@scripts/need chromium node
	cd test/e2e && npm ci --silent --no-audit --no-fund && SALLYPORT_BIN='$(CURDIR)/bin/sallyport' node --test-reporter=spec run.js $(PAGES)

.PHONY: paints
paints: build ## How soon each page is painted, loaded five times by a browser that has nothing of it yet
	@scripts/need chromium node
	cd test/e2e && npm ci --silent --no-audit --no-fund && SALLYPORT_BIN='$(CURDIR)/bin/sallyport' SALLYPORT_PAINTINGS=5 node --test-reporter=spec --test-name-pattern='first paint' run.js $(PAGES)

.PHONY: pictures
pictures: build ## The pictures of the documentation, taken anew in a real browser (docs/images)
	@scripts/need chromium node
	cd test/e2e && npm ci --silent --no-audit --no-fund && SALLYPORT_BIN='$(CURDIR)/bin/sallyport' node --test-reporter=spec run.js --docs

.PHONY: race
race: need build ## The same under the race detector, in random order
	@scripts/need gcc
	SALLYPORT_BIN='$(CURDIR)/bin/sallyport' CGO_ENABLED=1 $(GO) $(TEST) -race -shuffle=on -timeout 30m $(PKG)

.PHONY: cover
cover: need build ## Tests with a report of what they reach, in bin/cover.html
	SALLYPORT_BIN='$(CURDIR)/bin/sallyport' $(GO) $(TEST) -timeout 20m -coverpkg=./... -coverprofile=bin/cover.out $(PKG)
	$(GO) tool cover -html=bin/cover.out -o bin/cover.html
	@$(GO) tool cover -func=bin/cover.out | tail -n 1

.PHONY: golden
golden: need build ## Rewrite golden files and generated docs; read the diff
	SALLYPORT_UPDATE=1 SALLYPORT_BIN='$(CURDIR)/bin/sallyport' CGO_ENABLED=0 $(GO) $(TEST) -count=1 -timeout 20m $(PKG)
	git status --short

.PHONY: fuzz
fuzz: ## Every fuzz target for FUZZTIME (10s); fails if there is none
	@scripts/fuzz $(FUZZTIME)

.PHONY: bench
bench: build ## Measure, and print the figures of the promises
	$(GO) run ./bench -binary bin/sallyport

.PHONY: pgo
pgo: ## Make bench/sallyport.pgo anew, from the benchmarks
	mkdir -p bench/out/pgo
	for part in decisions decide gateway; do $(GO) run ./bench -only $$part -rounds 1 -profile bench/out/pgo -out bench/out/pgo; done
	$(GO) tool pprof -proto bench/out/pgo/{decisions,decide,gateway}.prof > bench/sallyport.pgo

.PHONY: bench-million
bench-million: build ## The same of a store with a million tokens, and of a million users: 15 minutes, 4 GB of disk
	@scripts/need nginx haproxy redis wrk
	$(GO) run ./bench -only million -tokens 1000000 -peers -binary bin/sallyport -out bench/out/million
	$(GO) run ./bench -only decisions -users 1000000 -out bench/out/million-users

.PHONY: bench-peers
bench-peers: ## Ask other engines and proxies the same questions, beside Sallyport
	@scripts/need nginx haproxy redis wrk
	cd bench/peers && $(GO) run -mod=mod .
	$(GO) run ./bench -only decide -peers -turns 'personal token$$|^nginx|^HAProxy|Redis|asked by wrk' -out bench/out/peers
	@echo "the tables are in bench/out/peers: engines.md, proxies.md"

.PHONY: lint
lint: ## golangci-lint in the pinned version, built if missing
	linter=$$(scripts/golangci-lint); "$$linter" run $(PKG)

.PHONY: fmt
fmt: ## Format everything as lint wants it
	linter=$$(scripts/golangci-lint); "$$linter" fmt

.PHONY: tools
tools: need ## Install everything that any target needs
	@scripts/need gcc git chromium node
	@scripts/golangci-lint

.PHONY: ci
ci: ## What must pass before a change lands
	bash .ci/run

.PHONY: clean
clean: ## Remove what was built here
	rm -rf bin
