# Flags for go test, such as -race.
FLAGS ?=

.PHONY: run build release man test terraform-test terraform-lifecycle check fuzz bench

# Everything needed to see a flip: no account, no root.
run: build
	@echo cache-v1.corp.internal > example/quickstart/aliases/cache
	build/coredns -conf example/quickstart/Corefile

# Flags for go build, and what it makes.
BUILD ?=
OUTPUT ?= build/coredns

build:
	go build $(BUILD) -ldflags '-s -w' -o $(OUTPUT) ./cmd/coredns

# What a release has, in build/release: VERSION is its tag.
release:
	scripts/release $(VERSION)

man:
	scripts/man

test:
	scripts/test $(FLAGS)

terraform-test:
	scripts/terraform-test $(FLAGS)

# How often an upgrade with all ways to flip is gone through.
CYCLES ?= 2

terraform-lifecycle:
	scripts/terraform-test -run '^TestLifecycle$$' -timeout 60m $(FLAGS) -lifecycles=$(CYCLES)

check:
	scripts/check

# How long each target is fuzzed.
TIME ?= 20s

fuzz:
	scripts/fuzz $(TIME)

# What tests measure of flips, the benchmarks, and whole servers under dnsperf.
bench:
	scripts/test -count 1 -run '^TestFlips'
	go test -run '^$$' -bench Swaps -benchtime 15x .
	go test -run '^$$' -bench 'Hit|Miss|Cores' -benchtime 1000x ./bench/
	go test -run '^$$' -bench Scale -benchtime 3x ./bench/
	go run ./bench/process
