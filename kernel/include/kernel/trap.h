/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * What arch entry code calls. Each ends in scheduler_leave_kernel, except for
 * faults of the kernel itself in a copy routine, which arch resolves by its
 * fixup table.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <trellis/frame.h>

/* A call, registers saved in the current thread. A native one's number is looked up in the generated
 * table; another came by the slow path, and without a personality is a BAD_CALL. */
_Noreturn void trap_call(void);
struct trap_fault {
    enum fault_kind kind;
    enum fault_access access;
    uint64_t address;
    uint64_t code; /* the architecture's own */
};
/* An exception in user mode. */
_Noreturn void trap_user_fault(const struct trap_fault *fault);
/* A page fault of the kernel on a user address inside a copy routine: true if the copy is to be tried again. */
bool trap_copy_fault(uint64_t address, enum fault_access access);
/* Interrupts, taken in user mode or in arch_idle. */
void trap_timer(void);
void trap_interrupt(uint32_t line);
