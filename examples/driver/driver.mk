# SPDX-License-Identifier: GPL-2.0-only
#
# Included by the makefile of a driver outside the kernel tree that uses ddt: where
# its headers are, and the versions of its symbols in the kernel that is built for.
ddt-dir := $(dir $(lastword $(MAKEFILE_LIST)))
ccflags-y += -I$(ddt-dir)include
KBUILD_EXTRA_SYMBOLS += $(firstword $(wildcard \
	/var/lib/dkms/ddt/kernel-$(KERNELRELEASE)-*/Module.symvers \
	$(ddt-dir)$(KERNELRELEASE)/Module.symvers))
