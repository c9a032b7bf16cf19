# SPDX-License-Identifier: GPL-2.0-only
#
# For people; what kbuild builds is in Kbuild. `make help` lists the targets.

KDIR ?= /lib/modules/$(shell uname -r)/build
PREFIX ?= /usr/local

# Each kernel's modules have a folder of their own: kernels before 6.13 build
# external modules where their sources are, so that folder holds links to them.
krel := $(shell cat $(KDIR)/include/config/kernel.release 2>/dev/null)
ifeq ($(KDIR),/lib/modules/$(shell uname -r)/build)
moddir := $(CURDIR)/build/$(krel)
else
moddir := $(CURDIR)/build/$(krel)-$(firstword $(shell \
	printf '%s' '$(realpath $(KDIR))' | cksum))
endif

kconfig := $(KDIR)/include/config/auto.conf
configs := CONFIG_DDT=m CONFIG_DDT_DRIVE=m CONFIG_DDT_EXAMPLES=m
configs += $(shell grep -qs '^CONFIG_KUNIT=' $(kconfig) && \
	echo CONFIG_DDT_KUNIT_TEST=m)
configs += $(if $(DDT_BENCH),CONFIG_DDT_BENCH=m)
llvm := $(shell grep -qs '^CONFIG_CC_IS_CLANG=y' $(kconfig) && echo LLVM=1)

kbuild = $(MAKE) -C $(KDIR) M=$(moddir) $(configs) $(llvm)

sudo := $(shell [ "$$(id -u)" = 0 ] || echo sudo)

.PHONY: all
all: modules tools	## Build the modules and the tools

.PHONY: modules
modules: links		## Build the modules for the running kernel or KDIR=
	$(kbuild) modules

.PHONY: tools
tools:			## Build the tools
	$(MAKE) -C tools/ddtctl

.PHONY: links
links:
	@if [ -z "$(krel)" ]; then \
		echo "$(KDIR): no built kernel tree there." >&2; \
		echo "Install the headers: sudo apt-get install" \
			"linux-headers-$$(uname -r), or name a tree:" \
			"make KDIR=/path/to/linux" >&2; \
		exit 1; \
	fi
	@mkdir -p $(moddir)
	@cp -as --remove-destination $(addprefix $(CURDIR)/,\
		Kbuild examples include kunit module) $(moddir)
	@mkdir -p $(moddir)/tools
	@cp -as --remove-destination $(CURDIR)/tools/bench $(moddir)/tools

.PHONY: print-moddir
print-moddir:
	@echo $(moddir)

# What follows needs tools/vm; each installs the packages it needs.

.PHONY: demo
demo:			## Show the whole pattern in a VM, step by step
	tools/demo/run

.PHONY: test
test:			## Run all tests in UML (KERNEL=, FLAVOUR=, SUITE=)
	tools/vm/test $(if $(KERNEL),--kernel $(KERNEL)) \
		$(if $(FLAVOUR),--flavour $(FLAVOUR)) \
		$(if $(SUITE),--suite '$(SUITE)')

.PHONY: mutants
mutants:		## Show that the tests find deliberate bugs
	tools/mutants

.PHONY: check
check:			## Run longer tests: suspend, programs, virtual time
	tools/check/run

.PHONY: coverage
coverage:		## Print which lines of ddt.ko the KUnit suites run
	tools/coverage $(if $(KERNEL),--kernel $(KERNEL))

.PHONY: bench
bench:			## Compare with the kernel's own means (BENCH=quick, KERNEL=)
	tools/bench/run $(if $(filter quick,$(BENCH)),--quick) \
		$(if $(KERNEL),--kernel $(KERNEL))

.PHONY: bench-path
bench-path:		## What a request's way costs, in user space (BENCH=quick)
	tools/bench/path/run $(if $(filter quick,$(BENCH)),--quick) \
		$(if $(KERNEL),--kernel $(KERNEL))

.PHONY: vm
vm:			## A shell in a VM, or RUN='command' (VM=, KERNEL=)
	@tools/vm/run --vm $(or $(VM),uml) $(if $(KERNEL),--kernel $(KERNEL)) \
		$(if $(RUN),-- '$(subst ','\'',$(RUN))')

.PHONY: style
style:			## Check the sources (checkpatch, sparse, W=1, ...)
	tools/style

.PHONY: left-out
left-out:		## Show that what <ddt/nt.h> leaves out says what to use
	tools/left-out $(KDIR)

.PHONY: load
load: modules		## Load the modules into the running kernel
	$(sudo) insmod $(moddir)/ddt.ko
	$(sudo) insmod $(moddir)/ddt_drive.ko $(DRIVE)

.PHONY: unload
unload:			## Unload them
	$(sudo) rmmod ddt_drive ddt

.PHONY: install
install: all		## Install the modules and the tools
	$(sudo) $(kbuild) modules_install
	$(sudo) depmod -a $(krel)
	$(sudo) install -D -m 644 tools/udev/60-ddt.rules \
		$(DESTDIR)/usr/lib/udev/rules.d/60-ddt.rules
	$(sudo) $(MAKE) -C tools/ddtctl install PREFIX=$(PREFIX) \
		DESTDIR=$(DESTDIR)

.PHONY: clean
clean:			## Remove all that was built
	$(RM) -r build
	$(MAKE) -C tools/ddtctl clean

.PHONY: help
help:			## Show this
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | expand -t 12
