# The front door. Everything real is in cmake/, tools/ and tests/.
#   make run [PORT=8080] [DATA=dir] [SITE="--meters N"]   the whole system on this desk; Ctrl-C ends it
#   make test [ONLY="unit chain"]     every layer, with the number of tests in each
#   make package [ARCH="amd64 arm64 armhf"]   Debian packages in build/packages
PORT ?= 8080
DATA ?= $(CURDIR)/build/demo
SITE ?=
ONLY ?=
FILES ?= tests/vectors/vectors.json
JOBS ?= $(shell nproc)

.PHONY: all tools host firmware web asan package run test bench check-source fuzz vectors nightly clean

all: host firmware web

tools:
	@tools/bootstrap

host firmware asan: tools
	@[ -e build/$@/build.ninja ] || cmake --preset $@ >build/$@.log || { cat build/$@.log; false; }
	@cmake --build --preset $@ -j$(JOBS)

web: tools
	@tools/web

package: host web
	@tools/package $(ARCH)

run: all
	@PORT=$(PORT) DATA=$(DATA) SITE='$(SITE)' tools/run

test: all
	@tests/run $(ONLY)

bench: all
	@bench/run $(ONLY)

check-source: host
	@tools/check-source

fuzz: asan
	@tests/fuzz $(ONLY)

vectors: host
	@build/host/bin/wattle-vectors $(FILES)

nightly: all asan
	@tests/nightly

clean:
	rm -rf build web/*/dist
