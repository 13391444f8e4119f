# Flags for go test, such as -race.
FLAGS ?=

.PHONY: run build test terraform-test check fuzz bench

# Everything needed to see a flip: no account, no network, no root.
run: build
	@echo cache-v1.corp.internal > example/quickstart/aliases/cache
	build/coredns -conf example/quickstart/Corefile

build:
	go build -ldflags '-s -w' -o build/coredns ./cmd/coredns

test:
	scripts/test $(FLAGS)

terraform-test:
	scripts/terraform-test $(FLAGS)

check:
	scripts/check

# How long each target is fuzzed.
TIME ?= 20s

fuzz:
	scripts/fuzz $(TIME)

# What tests measure of flips, the benchmarks, and whole servers under dnsperf.
bench:
	scripts/test -count 1 -run '^TestFlips'
	go test -run '^$$' -bench . -benchmem ./bench/
	go run ./bench/process
