# The targets of this project. "make help" lists them.
SHELL := /bin/bash
BIN := $(CURDIR)/.bin
PULUMI_VERSION := v3.220.0
GOLANGCI_LINT_VERSION := v2.15.0
CDK_VERSION := 2.1148.1
GO_FILES := $(shell git ls-files -co --exclude-standard '*.go')

.PHONY: help
help: ## list the targets
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  %-12s %s\n", $$1, $$2}'

.PHONY: setup
setup: $(BIN)/deployer pulumi ## build the command line, and the Pulumi CLI unless the right one is on PATH

.PHONY: $(BIN)/deployer
$(BIN)/deployer:
	go build -trimpath -ldflags "-s -w" -o $@ ./cmd/deployer

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
	DEPLOYER_E2E=1 go test -count=1 ./shared/provision/... ./localstack/... ./cmd/deployer ./cmd/executor

.PHONY: integration
integration: ## run the adapters' suites against emulators of S3 and DynamoDB (needs python3-venv, a JDK and maven)
	go run ./scripts/integration -- go test -count=1 -run Integration ./shared/objects/s3objects ./shared/lock/dynamotable ./functions ./cmd/deployer

.PHONY: generate
generate: ## write the schemas and the reference again
	go run ./scripts/schema

.PHONY: functions
functions: ## build the Lambda artifact
	GOOS=linux GOARCH=arm64 CGO_ENABLED=0 go build -tags lambda.norpc -trimpath -ldflags '-s -w' -o dist/functions/bootstrap ./functions

.PHONY: synth
synth: functions ## synthesize the CDK application into cdk.out (needs Node 20)
	cd infra && JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION=1 go run .

.PHONY: deploy
deploy: functions ## deploy the CDK application (needs an account and Docker)
	npx --yes aws-cdk@$(CDK_VERSION) deploy --all

.PHONY: destroy
destroy: ## remove the CDK application's stacks
	npx --yes aws-cdk@$(CDK_VERSION) destroy --all

.PHONY: image
image: ## build the executor's image (needs Docker)
	docker build --platform linux/arm64 -f cmd/executor/Dockerfile -t deployer-executor .

.PHONY: test-infra
test-infra: ## test the CDK application (needs Node 20)
	cd infra && go vet ./... && go test ./...

.PHONY: scan
scan: ## scan the CDK application's templates and deploy them into an emulator (needs Node 20 and python3-venv)
	scripts/scan/run

FUZZTIME ?= 60s
.PHONY: fuzz
fuzz: ## fuzz every parser, FUZZTIME each (60s)
	@set -e; for d in $$(git grep -lE '^func Fuzz' -- '*_test.go' | xargs -n1 dirname | sort -u); do \
		for t in $$(grep -hoE '^func Fuzz[A-Za-z0-9]+' $$d/*_test.go | cut -c6-); do \
			go test -run '^$$' -fuzz "^$$t$$" -fuzztime $(FUZZTIME) ./$$d; done; done

.PHONY: bench
bench: ## measure
	go test -run '^$$' -bench . -benchmem ./shared/... ./functions ./localstack/... ./cmd/deployer

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
	cd infra && go mod tidy -diff
	cd scripts/pulumi && go mod tidy -diff

.PHONY: clean
clean: ## remove what was built and the embedded environment's folder
	rm -rf .bin .deployer dist cdk.out
