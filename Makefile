# The targets of this project. "make help" lists them.
SHELL := /bin/bash
BIN := $(CURDIR)/.bin
PULUMI_VERSION := v3.220.0
GOLANGCI_LINT_VERSION := v2.15.0

.PHONY: help
help: ## list the targets
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sort | awk -F':.*## ' '{printf "  %-10s %s\n", $$1, $$2}'

$(BIN)/pulumi: scripts/pulumi/go.mod scripts/pulumi/go.sum
	cd scripts/pulumi && go build -o $@ -ldflags "-s -w -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=$(PULUMI_VERSION)" \
		github.com/pulumi/pulumi/pkg/v3/cmd/pulumi

$(BIN)/golangci-lint:
	GOBIN=$(BIN) go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_LINT_VERSION)

.PHONY: pulumi
pulumi: $(BIN)/pulumi ## build the Pulumi CLI from the Go module proxy into .bin

.PHONY: test
test: ## run all tests
	go test ./...

.PHONY: lint
lint: $(BIN)/golangci-lint ## vet, lint and check the formatting
	go vet ./...
	$(BIN)/golangci-lint run ./...
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { gofmt -l $$(git ls-files '*.go'); exit 1; }

.PHONY: verify
verify: ## check that what is generated or derived is up to date
	go mod verify
	go mod tidy -diff

.PHONY: clean
clean: ## remove what was built
	rm -rf .bin
