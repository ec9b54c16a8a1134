# SPDX-License-Identifier: Apache-2.0
# What people and CI type. Everything else is in meson.build and tools/.
#   make run      install what is missing, build, start `peerage dev` (ARGS='--listen 127.0.0.1:9000 …')
#   make build    leave the binary at build/peerage
#   make check    every test; the last line is `N passed, N failed, N skipped`
#   make soak     the long ones; SHARE=0.1 SEED=7 runs a tenth of them
#   make bench    measurements on this machine
#   make format   clang-format over all sources
#   make install  DESTDIR and PREFIX (/usr/local) as usual
PREFIX ?= /usr/local
DESTDIR ?=
ARGS ?=
SHARE ?= 1
SEED ?= 1
JOBS ?= $(shell nproc 2>/dev/null || echo 2)

.PHONY: run build check soak bench format install setup
.DEFAULT_GOAL := build

setup:
	@tools/setup build

build: setup
	@test -e build/build.ninja || meson setup build >/dev/null
	@ninja -C build -j$(JOBS) peerage

run: build
	@exec build/peerage dev $(ARGS)

check:
	@tools/setup check
	@tools/check

soak:
	@tools/setup check
	@tools/soak --share $(SHARE) --seed $(SEED)

bench:
	@tools/setup bench
	@test -e build/build.ninja || meson setup build >/dev/null
	@ninja -C build -j$(JOBS) peerage bench/h1_bench bench/auth_timing bench/tenancy
	@build/bench/h1_bench
	@build/bench/auth_timing
	@build/bench/tenancy --json build/tenancy.json
	@/usr/bin/python3 bench/list_vs_nginx.py
	@/usr/bin/python3 bench/action_latency.py

format:
	@git ls-files '*.c' '*.h' | xargs clang-format-14 -i

install: build
	install -D -m 0755 build/peerage $(DESTDIR)$(PREFIX)/bin/peerage
	build/peerage man | install -D -m 0644 /dev/stdin $(DESTDIR)$(PREFIX)/share/man/man1/peerage.1
	build/peerage completion bash | install -D -m 0644 /dev/stdin \
	    $(DESTDIR)$(PREFIX)/share/bash-completion/completions/peerage
	build/peerage completion zsh | install -D -m 0644 /dev/stdin $(DESTDIR)$(PREFIX)/share/zsh/site-functions/_peerage
	build/peerage completion fish | install -D -m 0644 /dev/stdin \
	    $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/peerage.fish
	install -D -m 0644 packaging/peerage.service $(DESTDIR)/lib/systemd/system/peerage.service
	sed -i 's|/usr/local/bin|$(PREFIX)/bin|' $(DESTDIR)/lib/systemd/system/peerage.service
	install -D -m 0644 packaging/peerage.sysusers $(DESTDIR)/usr/lib/sysusers.d/peerage.conf
	install -D -m 0644 packaging/peerage.tmpfiles $(DESTDIR)/usr/lib/tmpfiles.d/peerage.conf
	test -e $(DESTDIR)/etc/peerage/peerage.conf || \
	    install -D -m 0644 packaging/peerage.conf $(DESTDIR)/etc/peerage/peerage.conf
	@echo "installed; next: systemd-sysusers, systemd-tmpfiles --create, edit /etc/peerage/peerage.conf, peerage init"
