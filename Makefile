# SPDX-License-Identifier: GPL-2.0-only
#
# For people; what kbuild builds is in Kbuild. `make help` lists the targets, and
# docs/installing.md describes KDIR, BUILD, PREFIX, DESTDIR, KEY and CERT.

makefile := $(realpath $(lastword $(MAKEFILE_LIST)))
ifneq ($(words $(makefile) x)-$(findstring :,$(makefile)),2-)
$(error Kbuild cannot build in a folder with a space or a colon in its path: move this folder)
endif
top := $(patsubst %/,%,$(dir $(makefile)))
ifeq ($(origin O),command line)
$(error O= is not supported: BUILD= names the folder for all output, KDIR= a built kernel tree)
endif

KDIR ?= /lib/modules/$(shell uname -r)/build
PREFIX ?= /usr/local

# All output is in $(BUILD), except that the tool is built beside its sources
# unless BUILD is given.
ifdef BUILD
build := $(abspath $(BUILD))
tooldir := $(build)/ddtctl
else
build := $(top)/build
tooldir := $(top)/tools/ddtctl
endif
ifneq ($(filter $(build) $(build)/%,$(top)),)
$(error BUILD=$(BUILD) is the folder of the sources, or has it in it: name a folder for output alone)
endif
ifneq ($(words $(build) x)-$(findstring :,$(build)),2-)
$(error Kbuild cannot build in a folder with a space or a colon in its path: BUILD=$(BUILD))
endif
ifneq ($(word 2,$(KDIR))$(word 2,$(PREFIX)),)
$(error A space is not supported in KDIR=$(KDIR) or PREFIX=$(PREFIX))
endif

# Not include/config/kernel.release, which on Debian 12 is not what uname -r
# prints. Each kernel's modules have a folder of their own: kernels before 6.13
# build external modules where their sources are, so that folder holds links.
krel := $(shell awk '$$2 == "UTS_RELEASE" { gsub(/"/, "", $$3); print $$3 }' \
	'$(KDIR)/include/generated/utsrelease.h' 2>/dev/null)
ifeq ($(KDIR),/lib/modules/$(shell uname -r)/build)
moddir := $(build)/$(krel)
else
moddir := $(build)/$(krel)-$(firstword $(shell \
	printf '%s' '$(realpath $(KDIR))' | cksum))
endif

kconfig := $(KDIR)/include/config/auto.conf
configs := CONFIG_DDT=m CONFIG_DDT_DRIVE=m CONFIG_DDT_EXAMPLES=m
configs += $(shell grep -qs '^CONFIG_KUNIT=' '$(kconfig)' && \
	echo CONFIG_DDT_KUNIT_TEST=m)
configs += $(if $(DDT_BENCH),CONFIG_DDT_BENCH=m)
configs += $(if $(DDT_TORTURE),CONFIG_DDT_TORTURE=m)
llvm := $(shell grep -qs '^CONFIG_CC_IS_CLANG=y' '$(kconfig)' && echo LLVM=1)

# BTF of a module needs the kernel's own, which most headers lack. Where none is
# made, kbuild need not complain about the version of pahole either.
btf := $(if $(and $(wildcard $(KDIR)/vmlinux),$(shell command -v pahole)),,\
	CONFIG_DEBUG_INFO_BTF_MODULES= PAHOLE_VERSION=$(shell \
	sed -n 's/^CONFIG_PAHOLE_VERSION=//p' '$(kconfig)' 2>/dev/null))

# Recipes that use it begin with +: make does not see the $(MAKE) in it.
kbuild = $(MAKE) -C $(KDIR) M=$(moddir) $(configs) $(llvm) $(btf)

as_root := $(top)/tools/as-root
stage := $(build)/install
manifest := $(PREFIX)/share/ddt/manifest

# Marks a folder given as BUILD= as one that make clean may remove.
mark = $(if $(BUILD),touch $(build)/.ddt-build,:)

.PHONY: all
all: modules tools	## Build the modules and the tools

.PHONY: modules
modules: links		## Build the modules for the running kernel or KDIR=
	+$(kbuild) modules

.PHONY: tools
tools:			## Build the tools
	@$(top)/tools/build-folder --writable $(tooldir)
	@$(mark)
	$(MAKE) -C $(top)/tools/ddtctl O=$(tooldir)

.PHONY: links
links:
	@$(top)/tools/build-folder '$(KDIR)' $(moddir)
	@$(mark)

.PHONY: print-moddir
print-moddir:
	@echo $(moddir)

# What follows needs tools/vm, which runs what is beside the sources; each
# installs the packages it needs.
ifdef BUILD
in_vm := demo test mutants check soak kernels coverage bench vm
ifneq ($(filter $(in_vm),$(MAKECMDGOALS)),)
$(error make $(firstword $(filter $(in_vm),$(MAKECMDGOALS))) builds beside its sources, without BUILD=: clone them to a folder that can be written to)
endif
endif

.PHONY: demo
demo:			## Show the whole pattern in a VM, step by step
	$(top)/tools/demo/run

.PHONY: test
test:			## Run all tests in UML (KERNEL=, FLAVOUR=, SUITE=)
	$(top)/tools/vm/test $(if $(KERNEL),--kernel $(KERNEL)) \
		$(if $(FLAVOUR),--flavour $(FLAVOUR)) \
		$(if $(SUITE),--suite '$(SUITE)')

.PHONY: mutants
mutants:		## Show that the tests find deliberate bugs (NAME=)
	$(top)/tools/packages mutants
	$(top)/tools/mutants $(if $(NAME),'$(NAME)')

.PHONY: check
check:			## Run longer tests: faults, KCSAN, PREEMPT_RT, suspend, ...
	$(top)/tools/check/run

.PHONY: soak
soak:			## Torture and fuzz for an hour, on two kernels (MINUTES=)
	$(top)/tools/soak/run $(if $(MINUTES),--minutes $(MINUTES))

.PHONY: model
model:			## Check models of the queue's protocols (spin)
	$(top)/tools/model/run

.PHONY: kernels
kernels:		## Build on all supported kernels, boot some (ALL=1: all)
	$(top)/tools/kernels/run $(if $(ALL),--all) \
		$(if $(ONLY),--only '$(ONLY)')

.PHONY: coverage
coverage:		## Print which lines of ddt.ko the KUnit suites run
	$(top)/tools/packages coverage
	$(top)/tools/coverage $(if $(KERNEL),--kernel $(KERNEL))

.PHONY: bench
bench:			## Compare with the kernel's own means (BENCH=quick, KERNEL=)
	$(top)/tools/bench/run $(if $(filter quick,$(BENCH)),--quick) \
		$(if $(KERNEL),--kernel $(KERNEL))

.PHONY: bench-path
bench-path:		## What a request's way costs, in user space (BENCH=quick)
	$(top)/tools/bench/path/run $(if $(filter quick,$(BENCH)),--quick) \
		$(if $(KERNEL),--kernel $(KERNEL))

# The shell gets the command from the environment, and make expands nothing in it.
override RUN := $(value RUN)
export RUN

.PHONY: vm
vm:			## A shell in a VM, or RUN='command' (VM=, KERNEL=)
	@$(top)/tools/vm/run --vm $(or $(VM),uml) \
		$(if $(KERNEL),--kernel $(KERNEL)) $(if $(RUN),-- "$$RUN")

.PHONY: style
style:			## Check the sources (checkpatch, sparse, W=1, ...)
	$(top)/tools/style

.PHONY: fresh
fresh:			## Do what README says on bare Debian roots (CELL=)
	$(top)/tools/fresh/run $(CELL)

.PHONY: left-out
left-out:		## Show that what <ddt/nt.h> leaves out says what to use
	$(top)/tools/left-out $(KDIR)

.PHONY: load
load: modules		## Load the modules into the running kernel
	@$(as_root) insmod $(moddir)/ddt.ko
	@$(as_root) insmod $(moddir)/ddt_drive.ko $(DRIVE)

.PHONY: unload
unload:			## Unload them
	@$(as_root) rmmod ddt_drive ddt

.PHONY: sign
sign: modules		## Sign the modules (KEY=, CERT=; default: DKMS's key)
	@$(top)/tools/sign $(KDIR) '$(KEY)' '$(CERT)' $(moddir)/*.ko

# Everything is put together in $(stage) first: what runs as root only copies.
.PHONY: install
install: all		## Install modules, tools and headers (PREFIX=, DESTDIR=)
	@$(RM) -r $(stage)
	@install -d $(stage)/lib/modules/$(krel)/updates
	@install -m 644 $(moddir)/*.ko $(stage)/lib/modules/$(krel)/updates
	@$(top)/tools/sign --kernel-key $(KDIR) \
		$(stage)/lib/modules/$(krel)/updates/*.ko
	@install -D -m 644 $(moddir)/Module.symvers \
		$(stage)$(PREFIX)/src/ddt/$(krel)/Module.symvers
	@$(MAKE) -s -f $(makefile) stage-files DESTDIR=$(stage)
	@$(MAKE) -s -C $(top)/tools/ddtctl install O=$(tooldir) \
		PREFIX=$(PREFIX) DESTDIR=$(stage)
	@$(as_root) $(top)/tools/install-tree $(stage) '$(DESTDIR)' $(manifest)

# The files that are the same for all kernels; debian/rules uses this too.
.PHONY: stage-files
stage-files:
	@install -d $(DESTDIR)$(PREFIX)/src/ddt/include/ddt
	@install -m 644 $(top)/include/ddt/*.h \
		$(DESTDIR)$(PREFIX)/src/ddt/include/ddt
	@install -m 644 $(top)/examples/driver/driver.mk \
		$(DESTDIR)$(PREFIX)/src/ddt
	@install -D -m 644 $(top)/include/uapi/linux/ddt_drive.h \
		$(DESTDIR)$(PREFIX)/include/linux/ddt_drive.h
	@install -D -m 644 $(top)/tools/udev/60-ddt.rules \
		$(DESTDIR)/usr/lib/udev/rules.d/60-ddt.rules

.PHONY: uninstall
uninstall:		## Remove all that make install made (PREFIX=, DESTDIR=)
	@$(as_root) $(top)/tools/install-tree --remove '$(DESTDIR)' $(manifest)

.PHONY: deb
deb:			## Build the Debian packages, in build/deb
	@$(top)/tools/deb $(build)/deb

.PHONY: clean
clean:			## Remove all that was built
	@[ -z '$(BUILD)' ] || [ ! -d $(build) ] || [ -e $(build)/.ddt-build ] || \
		{ echo "$(build) was not made by make BUILD=: remove it yourself." >&2; exit 1; }
	$(RM) -r $(build)
	$(MAKE) -C $(top)/tools/ddtctl clean O=$(tooldir)
	$(MAKE) -C $(top)/tools/soak clean

.PHONY: help
help:			## Show this
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(makefile) | expand -t 12
