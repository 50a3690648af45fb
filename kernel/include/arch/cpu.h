/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Architecture contract: the CPU and the machine.
 */
#pragma once

#include <arch/cpu_state.h> /* struct arch_cpu */
#include <kernel/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct boot_info;
struct cpu;

/* First thing on each CPU, whose number is set: its tables, traps, features (SMEP, SMAP, NX). */
void arch_cpu_init(struct cpu *cpu);
struct cpu *arch_cpu_current(void); /* may be inline in cpu_state.h */
/* Interrupt controller and clock, once memory works. NULL, or what is needed and the machine lacks. */
const char *arch_machine_init(const struct boot_info *boot) must_check;

/*
 * Start another CPU by its hardware id (boot_info.cpu_ids), one at a time. It calls
 * kernel_main_secondary on a stack of its own, with arch_cpu_init, its interrupt controller
 * and its timer behind it and the kernel's tables loaded. NO_MEMORY; TIMED_OUT if it does not
 * answer; UNSUPPORTED if it cannot be used, for example because its counter disagrees.
 */
enum status arch_cpu_start(struct cpu *cpu, uint64_t hardware_id) must_check;
/* Interrupt another CPU: wherever it is, it soon comes through scheduler_leave_kernel or out of arch_idle. */
void arch_cpu_poke(const struct cpu *cpu);
/* A panic: another CPU does nothing any more, as far as it can be made to. */
void arch_cpu_stop(const struct cpu *cpu);
/* To be called in each turn of a loop that waits for another CPU: what others ask of this one
 * meanwhile is done, so that two may wait for each other. */
void arch_cpu_relax(void);

/* A free-running counter, the same on every CPU, and how often it counts in a second. */
uint64_t arch_counter_read(void);
uint64_t arch_counter_frequency(void);
/* One-shot timer of this CPU, in counter ticks from now; 0: none. It may fire early. */
void arch_timer_set(uint64_t ticks);

/* Interrupt lines: each is off at first, and open once it has been enabled. What comes while it is
 * masked is kept for when it is opened, or interrupts all the same (an edge). */
enum line_state { LINE_OFF, LINE_MASKED, LINE_OPEN };
enum status arch_interrupt_enable(uint32_t line, uint32_t flags) must_check;
void arch_interrupt_set(uint32_t line, enum line_state state);
uint32_t arch_interrupt_lines(void);

/* Early console: works before everything, used alone by a panic. */
void arch_console_put(uint8_t byte);
/* The machine's own generator; false if it has none. */
bool arch_random(uint64_t *value);
/* Port space: how many there are, which is 0 where the architecture has none; of those, 1, 2 or 4 at once. */
uint32_t arch_port_count(void);
uint32_t arch_port_read(uint32_t port, uint32_t width);
void arch_port_write(uint32_t port, uint32_t width, uint32_t value);

enum stop_kind { STOP_ORDERLY = 0x2a, STOP_PANIC = 0x2b, STOP_MEMORY = 0x2c };
_Noreturn void arch_machine_stop(enum stop_kind kind);
_Noreturn void arch_machine_restart(void);
/* Call `line` for each return address on the kernel stack (and the interrupted one). */
void arch_backtrace(void (*line)(uint64_t address));

/* User memory, with fault fixup: bytes not copied. SMAP is opened only inside. */
size_t arch_copy_from_user(void *to, uint64_t from, size_t length);
size_t arch_copy_to_user(uint64_t to, const void *from, size_t length);
