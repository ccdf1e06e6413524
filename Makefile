# Mostrador. `make` shows what there is.

# Bare machines have Go in its own folder and nothing on the path.
export PATH := $(PATH):/usr/local/go/bin

VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS := -s -w -X main.version=$(VERSION)
TARGETS := linux-amd64 linux-arm64 linux-arm windows-amd64
FUZZTIME ?= 10m
FUZZ ?=

.DEFAULT_GOAL := help
.PHONY: help demo test proof every-byte matrix drain intake lab fleet build libusb lint fmt bench tools tree $(addprefix dist-,$(TARGETS))

help: ## Show what there is to make
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ## Try everything on this machine, with nothing but Go; Ctrl-C ends it
	@go build -ldflags '$(LDFLAGS)' -o "dist/demo$$(go env GOEXE)" ./cmd/mostrador
	@"dist/demo$$(go env GOEXE)" demo

# The command's tests take longest, so they begin first.
test: tools tree lint ## Check and test everything; installs what it needs (Debian)
	go test -race -timeout 80m ./cmd/... ./...

proof: tools tree ## Test with full counts and fuzz every parser (hours; FUZZTIME=10m, FUZZ="PACKAGE.FuzzTest …")
	MOSTRADOR_PROOF=1 go test -race -timeout 0 -count=1 ./...
	FUZZTIME=$(FUZZTIME) packaging/fuzz-all $(FUZZ)

every-byte: ## Cut process, line and power at every byte of printing (a quarter of an hour)
	MOSTRADOR_PROOF=1 go test -count=1 -timeout 0 -run 'EveryByte$$' ./agent/spool

matrix: tools ## Hold every broker against every fault; writes the table into docs/uplink.md
	MOSTRADOR_PROOF=1 go test -count=1 -timeout 0 -run 'TestMatrix$$|TestHalfOpenWorstCase|TestFleetComesBack' ./agent/uplink

drain: tools ## Measure the drain beside its peers (a quiet machine); writes the table into docs/uplink.md
	MOSTRADOR_PROOF=1 go test -count=1 -timeout 0 -run 'TestDrain$$|TestBatchFigures$$' ./agent/uplink

intake: tools ## Measure the store beside its peers, and on a slow disk (a quiet machine; root), for docs/figures.md
	MOSTRADOR_PROOF=1 go test -count=1 -timeout 0 -v -run 'TestBench$$|TestBenchOnASlowDisk$$' ./cmd/mostrador

lab: tools tree ## Real USB printers in a virtual machine, and the service under a real systemd (needs root)
	MOSTRADOR_PROOF=1 go test -count=1 -timeout 1h -v -run 'UnderSystemd|USB$$' ./cmd/mostrador

# MOSTRADOR_FLEET says how many, _RATE, _MINUTES, _RAMP, _KILLS, _ACCOUNTS and _SYNC the rest;
# _DISK=1 has the nodes' data on the disk, _PROFILES names a folder for what they do and say.
fleet: tools ## 2,500 terminals on three nodes that are killed, into docs/fleet.md (a quarter of an hour)
	MOSTRADOR_FLEET=$${MOSTRADOR_FLEET:-2500} go test -count=1 -timeout 2h -v -run FleetHolds ./agent/uplink/fleet

build: $(addprefix dist-,$(TARGETS)) ## Build for every platform into dist/
	@ls -l dist

lint: ## Check the form of the code, for Linux and Windows
	@unformatted=$$(gofmt -l agent cmd drivers printer store); \
	if [ -n "$$unformatted" ]; then echo "not formatted (make fmt):"; echo "$$unformatted"; exit 1; fi
	go vet ./...
	GOOS=windows CGO_ENABLED=0 go vet ./...
	CGO_ENABLED=1 go vet -tags libusb ./drivers/... ./cmd/...
	go tool staticcheck ./...

fmt: ## Format the code
	gofmt -w agent cmd drivers printer store

bench: ## Measure what the design promises, beside its peers
	go test -run '^$$' -bench . -benchmem ./...

tools:
	@packaging/install-tools

# Outside of go test, because it takes minutes once. Only root can make the tree;
# the tests say what they need.
tree:
	@if [ "$$(id -u)" -eq 0 ]; then packaging/lab/tree >/dev/null; fi
	@packaging/lab/kernel >/dev/null

dist-linux-amd64 dist-linux-arm64 dist-windows-amd64: dist-%:
	GOOS=$(word 1,$(subst -, ,$*)) GOARCH=$(word 2,$(subst -, ,$*)) CGO_ENABLED=0 \
		go build -trimpath -ldflags '$(LDFLAGS)' -o dist/mostrador-$*$(if $(findstring windows,$*),.exe) ./cmd/mostrador

# With USB printers by libusb, for this machine's own kind of processor: it needs a
# C compiler and libusb-1.0-0-dev, and libusb-1.0-0 where it runs.
libusb: ## Build with USB printers by libusb (usb://) into dist/
	CGO_ENABLED=1 go build -trimpath -tags libusb -ldflags '$(LDFLAGS)' -o "dist/mostrador-$$(go env GOOS)-$$(go env GOARCH)-libusb$$(go env GOEXE)" ./cmd/mostrador

# The oldest terminals: ARMv6, as the first Raspberry Pi.
dist-linux-arm:
	GOOS=linux GOARCH=arm GOARM=6 CGO_ENABLED=0 \
		go build -trimpath -ldflags '$(LDFLAGS)' -o dist/mostrador-linux-arm ./cmd/mostrador
