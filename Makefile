# Every target sets itself up on a fresh machine: Node 20.19 or later, npm, make and a C compiler.

BUILT := dist/test
INSTALLED := node_modules/.installed
# The programs that ship run so; the last is for the memory.
FUZZ_FLAGS := --disallow-code-generation-from-strings --disable-proto=delete --expose-gc

.PHONY: help run test contract check scenario sim rig bench bench-peers explore spin teeth soak mutate fuzz crash-points bundle types lint tidy format show-frame clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

$(INSTALLED): package.json package-lock.json .npmrc
	npm ci
	@touch $@

run: $(INSTALLED) ## the main job on this machine: two hosts guarded, a hang, a fence, a pulled cable
	@node test/lib/build.mjs
	@node --enable-source-maps $(BUILT)/test-lib-story-main.cjs

test: $(INSTALLED) ## all quick tests; one part of them: make test ONLY=protocol/wire
	@node test/lib/run.mjs $(ONLY)

contract: $(INSTALLED) ## what every driver of a device has to keep, each before its device or a stand-in; real time
	@node test/lib/run.mjs test/contract/$(ONLY)

check: types lint tidy test ## types, lint, style and quick tests: the gate of every commit

types: $(INSTALLED)
	@node_modules/.bin/tsc

lint: $(INSTALLED)
	@node_modules/.bin/biome check --config-path=bundle/lint.json --error-on-warnings .

tidy: $(INSTALLED)
	@node test/lib/build.mjs bundle/tidy/main.ts
	@node --enable-source-maps $(BUILT)/bundle-tidy-main.cjs

format: $(INSTALLED) ## let Biome put the layout right
	@node_modules/.bin/biome check --config-path=bundle/lint.json --write .

scenario: $(INSTALLED) ## real processes in real time, with mosquitto; minutes; ONLY=duel ROUNDS=1000 KILLS=100 SEED=7
	@node test/lib/build.mjs
	@node --enable-source-maps $(BUILT)/test-scenario-run.cjs $(ONLY)

rig: $(INSTALLED) ## board and server as emulated machines with real kernels, GPIO lines and UARTs; minutes; ONLY=panic
	@test/rig/setup/setup.sh
	@node bundle/build.mjs arm64 dist/rig/board >/dev/null
	@node bundle/build.mjs x64 dist/rig/server >/dev/null
	@node test/lib/build.mjs test/rig/main.ts host-shim/cli/main.ts
	@node --enable-source-maps $(BUILT)/test-rig-main.cjs $(ONLY)

sim: $(INSTALLED) ## simulated worlds, two minutes on all cores; SEED=1 RUNS=100 HOURS=1 MAC=real SCENARIO=file TRACE=1
	@node test/lib/build.mjs test/sim/main.ts
	@node --enable-source-maps $(BUILT)/test-sim-main.cjs

teeth: $(INSTALLED) ## is every guard of the safety rules missed when it is gone? PAIRS=1 ONLY=S3 RUNS=1000 JSON=1 SAVE=1
	@node test/lib/build.mjs test/teeth/main.ts
	@node --enable-source-maps $(BUILT)/test-teeth-main.cjs $(if $(PAIRS),--pairs) $(if $(JSON),--json) \
	  $(if $(SAVE),--save) $(ONLY)

mutate: $(INSTALLED) ## Stryker on core and wire: make mutate ONLY=protocol/wire/ticks.ts
	@node test/lib/build.mjs test/teeth/mutate/main.ts test/teeth/mutate/runner.ts
	@node --enable-source-maps $(BUILT)/test-teeth-mutate-main.cjs $(ONLY)

bench: $(INSTALLED) ## what the agent takes, and how it keeps time, against its limits; ONLY=restarts ROUNDS=10000, ONLY=deadtime SECONDS=600
	@node bundle/build.mjs >&2
	@node test/lib/build.mjs test/bench/main.ts test/bench/load.ts test/bench/echo.ts test/bench/hog.ts \
	  test/lib/bench/main.ts firmware-agent/main.ts host-shim/main.ts
	@node --enable-source-maps $(BUILT)/test-bench-main.cjs $(if $(JSON),--json) \
	  $(if $(SECONDS),--seconds=$(SECONDS)) $(if $(FLAGS),--flags="$(FLAGS)") $(ONLY)

bench-peers: $(INSTALLED) ## beside Heartbeat, corosync, Pacemaker, sbd, Node-RED, fence_ipmilan; root; MINUTES=10 ONLY=part JSON=1
	@node bundle/build.mjs >&2
	@node test/lib/build.mjs test/bench/peers/main.ts test/bench/load.ts test/lib/bench/main.ts \
	  firmware-agent/main.ts host-shim/main.ts host-shim/cli/main.ts
	@test/bench/peers/enter.sh $(BUILT)/test-bench-peers-main.cjs $(if $(JSON),--json) \
	  $(if $(MINUTES),--minutes=$(MINUTES)) $(ONLY)

soak: $(INSTALLED) ## does memory grow? an hour of fences, orders, reconnects before agent and shims; MINUTES=60
	@node test/lib/build.mjs test/soak/main.ts test/lib/bench/main.ts firmware-agent/main.ts host-shim/main.ts
	@node --enable-source-maps $(BUILT)/test-soak-main.cjs

explore: $(INSTALLED) ## all that can happen in small worlds of core and sessions; ONLY=power JSON=1 TEETH=1 REPLAY=0,1,2
	@node test/explore/run.mjs $(if $(TEETH),--teeth) $(if $(ONLY),--only=$(ONLY)) \
	  $(if $(JSON),--json) $(if $(REPLAY),--replay=$(REPLAY))

spin: $(INSTALLED) ## handshake and orders against an adversary, all states of two models; needs Debian's spin
	@node test/lib/build.mjs test/explore/spin/main.ts
	@node --enable-source-maps $(BUILT)/test-explore-spin-main.cjs

fuzz: $(INSTALLED) ## bytes that others chose, at every way in; SECONDS=120 ONLY=target SEED=7 JSON=1 KEEP=1 INPUT=file
	@node test/fuzz/build.mjs
	@node $(FUZZ_FLAGS) $(BUILT)/fuzz-counted.cjs $(if $(JSON),--json) $(if $(KEEP),--keep) \
	  $(if $(SECONDS),--seconds=$(SECONDS)) $(if $(ONLY),--only=$(ONLY)) \
	  $(if $(SEED),--seed=$(SEED)) $(if $(INPUT),--input=$(INPUT))

crash-points: $(INSTALLED) ## the agent is killed at every call that changes the world; POINTS=all ONLY=fence LIST=1; strace
	@node test/lib/build.mjs
	@node --enable-source-maps $(BUILT)/test-crash-points-main.cjs $(ONLY)

bundle: $(INSTALLED) ## one file for each program, with its native parts, in dist/bundle; ARCH=arm64 or arm
	@node bundle/build.mjs $(ARCH)

show-frame: $(INSTALLED) ## say in words what a captured frame is; FRAME="HEX [--keys FILE] [--framed] [--json]"
	@node test/lib/build.mjs protocol/tools/main.ts
	@node $(BUILT)/protocol-tools-main.cjs $(FRAME)

clean: ## remove what was built and installed
	rm -rf dist node_modules protocol/native/build
