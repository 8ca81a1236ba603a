# The targets of this project. "make help" lists them.
SHELL := /bin/bash
BIN := $(CURDIR)/.bin
PULUMI_VERSION := v3.220.0
GOLANGCI_LINT_VERSION := v2.15.0
GO_FILES := $(shell git ls-files -co --exclude-standard '*.go')

.PHONY: help
help: ## list the targets
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  %-12s %s\n", $$1, $$2}'

.PHONY: setup
setup: $(BIN)/deployer pulumi ## build the command line, and the Pulumi CLI unless the right one is on PATH

.PHONY: $(BIN)/deployer
$(BIN)/deployer:
	go build -trimpath -o $@ ./cmd/deployer

.PHONY: pulumi
pulumi:
	@if [ "$$(PULUMI_SKIP_UPDATE_CHECK=1 pulumi version 2>/dev/null)" != "$(PULUMI_VERSION)" ]; then $(MAKE) --no-print-directory $(BIN)/pulumi; fi

# From the Go module proxy: nothing is downloaded from elsewhere.
$(BIN)/pulumi: scripts/pulumi/go.mod scripts/pulumi/go.sum
	@echo "Building the Pulumi CLI $(PULUMI_VERSION) once; this takes some minutes."
	cd scripts/pulumi && go build -o $@ -ldflags "-s -w -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=$(PULUMI_VERSION)" \
		github.com/pulumi/pulumi/pkg/v3/cmd/pulumi

.PHONY: demo
demo: setup ## deploy examples/user-platform to staging, on this machine, without an account
	$(BIN)/deployer apply examples/user-platform -e staging --auto-approve

.PHONY: test
test: ## run all tests
	go test ./...

.PHONY: race
race: ## run the tests of what is concurrent under the race detector
	go test -race -short ./shared/bundle ./shared/document ./shared/execution ./shared/lock ./shared/objects ./shared/run ./statemachines ./localstack/asl

.PHONY: e2e
e2e: setup ## run the tests that need the Pulumi CLI, all of them
	DEPLOYER_E2E=1 go test -count=1 ./shared/provision/... ./localstack/... ./cmd/deployer

.PHONY: bench
bench: ## measure
	go test -run '^$$' -bench . -benchmem ./shared/... ./localstack/... ./cmd/deployer

.PHONY: lint
lint: $(BIN)/golangci-lint ## vet, lint, and check the formatting
	go vet ./...
	$(BIN)/golangci-lint run ./...
	@test -z "$$(gofmt -l $(GO_FILES))" || { gofmt -l $(GO_FILES); exit 1; }

$(BIN)/golangci-lint:
	GOBIN=$(BIN) go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_LINT_VERSION)

.PHONY: verify
verify: ## check that what is generated or derived is up to date
	go mod verify
	go mod tidy -diff

.PHONY: clean
clean: ## remove what was built and the embedded environment's folder
	rm -rf .bin .deployer
