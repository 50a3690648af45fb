/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* Where boot/ hands over. */
#pragma once

#include <kernel/init.h>
#include <kernel/status.h>
#include <trellis/boot_info.h>

/*
 * On the first CPU: interrupts off, all RAM but BOOT_MEMORY_RESERVED in the
 * direct map, the image with its own protections, the stack as start.S made
 * it. `boot` and `init` are in the image and stay.
 */
_Noreturn void kernel_main(struct boot_info *boot, const struct init_image *init);

/* On each other CPU, when arch_cpu_start has it running. */
struct cpu;
_Noreturn void kernel_main_secondary(struct cpu *cpu);

/* While starting: panic, saying what it was, unless OK. */
void must_succeed(enum status status, const char *what);
