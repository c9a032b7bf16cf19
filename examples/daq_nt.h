/* SPDX-License-Identifier: GPL-2.0-only */
/* daq_nt.h - what daq_nt.c and its Linux side know of each other */
#ifndef _DAQ_NT_H
#define _DAQ_NT_H

#include <ddt/nt.h>

#include "daq.h"

DRIVER_INITIALIZE DaqDriverEntry;
struct daq_hw *DaqFindConverter(void);

#endif /* _DAQ_NT_H */
