/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * What CPUs ask of one another (kernel/arch/shared/ask.c). The architecture calls cpu_serve in
 * arch_cpu_relax and wherever arch_cpu_poke has a CPU come.
 */
#pragma once

#include <stdint.h>

/* Have serve(argument) called on those CPUs, which are not this one, with interrupts off; returns
 * when all have. Any locks may be held, so it takes none and asks for nothing. */
void cpu_ask(uint64_t cpus, void (*serve)(void *argument), void *argument);
/* Do what others have asked of this CPU. */
void cpu_serve(void);

/* Where a poke is how a CPU is stopped (kernel/arch/shared/stop.c), this is called in its place, and
 * the architecture has the other: nothing is done any more. */
void cpu_poked(void);
_Noreturn void cpu_stand_still(void);
