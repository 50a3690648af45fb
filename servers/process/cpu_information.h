/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* What programs are told of the processors; in arch/ARCHITECTURE/cpu_information.c. */
#pragma once

#include <stdint.h>

#include <protocols/process.h>

#include "procfs/output.h"

/* The lines of /proc/cpuinfo about one of `count` processors behind its number, as Linux has them. */
void cpu_describe(struct output *output, uint32_t cpu, uint32_t count);
/* For the auxiliary vector: what this kernel lets programs use of what the processor has. */
void cpu_identify(struct process_hardware *hardware);
