/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* AArch64: system registers, and what the files of this folder share. */
#pragma once

#include <arch/cpu_state.h>
#include <arch/startup.h>
#include <stdbool.h>
#include <stdint.h>

struct boot_info;
struct cpu;
struct thread;

#define ARM_READ(name)                                                                             \
    ({                                                                                             \
        uint64_t value_;                                                                           \
        __asm__ volatile("mrs %0, " name : "=r"(value_));                                          \
        value_;                                                                                    \
    })
#define ARM_WRITE(name, value)                                                                     \
    __asm__ volatile("msr " name ", %0" : : "r"((uint64_t)(value)) : "memory")

/* A field of an identification register, four bits wide. */
#define ARM_FIELD(name, at) (ARM_READ(name) >> (at)&15)

static inline void arm_synchronize(void)
{
    __asm__ volatile("isb" : : : "memory");
}

/* What entry.S saves of a trap taken in the kernel. */
struct arm_trap {
    uint64_t x[19]; /* x0 to x18 */
    uint64_t x29, x30;
    uint64_t pc, flags;
    uint64_t unused;
};

/* boot/aarch64/start.S: the first CPU's stack. */
extern char boot_stack_top[];

/* entry.S */
extern const char arm_vectors[];

/* traps.c, called by entry.S */
_Noreturn void arm_exception_in_user(void);
_Noreturn void arm_interrupt_in_user(void);
void arm_exception_in_kernel(struct arm_trap *trap);
_Noreturn void arm_fatal(const struct arm_trap *trap);

/* floating.S */
struct arch_floating;
void arm_floating_store(struct arch_floating *state);
void arm_floating_fetch(const struct arch_floating *state);

/* floating.c */
void arm_floating_init(void);
/* Make the state of `thread` the one in the registers; false without memory for it. */
bool arm_floating_load(struct thread *thread);
/* The state in this CPU's registers to memory: another CPU may run its thread next. */
ARCH_COLD void arm_floating_put_away(struct cpu *cpu);

/* gic.c */
/* NULL, or what is missing. */
const char *arm_gic_init(const struct boot_info *boot);
/* Take what is pending on this CPU, one after the other. */
void arm_gic_run(void);

/* clock.c */
/* The line of the timer, which is every CPU's own. */
uint32_t arm_clock_line(void);

/* console.c */
void arm_firmware_init(const struct boot_info *boot);
