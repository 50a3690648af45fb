/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Architecture contract: threads. Implemented by arch/NAME; generic code sees
 * struct arch_thread as opaque but for its size. thread_state.h may define
 * some of these functions inline; the declarations here hold all the same.
 */
#pragma once

#include <arch/thread_state.h> /* struct arch_thread: saved user registers, thread pointers, lazy FP state */
#include <kernel/status.h>
#include <stdbool.h>
#include <stdint.h>
#include <trellis/frame.h>
#include <trellis/structures.h>

struct thread;

/* A new thread's registers: interrupts on, the argument, thread->frame_address (set before) as second
 * argument, everything else zero. */
enum status arch_thread_init(struct thread *thread, const struct thread_start *start) must_check;
/* The copy that process_clone makes: all registers, FP state and thread pointers of `from`, which
 * no CPU has loaded. */
enum status arch_thread_clone(struct thread *thread, struct thread *from) must_check;
/* No CPU has it loaded. */
void arch_thread_free(struct thread *thread);

/* Native calls: argument n (0 to 5), and the result. */
uint64_t arch_call_argument(const struct thread *thread, unsigned n);
uint64_t arch_call_number(const struct thread *thread);
void arch_call_set_result(struct thread *thread, int64_t result);
/* Have the call start anew when the thread runs again. */
void arch_call_rewind(struct thread *thread);

/* Messages: words and information in the saved registers. */
uint64_t arch_message_information(const struct thread *thread);
/* Information and the first four words, and with MESSAGE_LONG all eight. */
void arch_message_copy(const struct thread *from, struct thread *to);
void arch_message_set_word(struct thread *thread, unsigned n, uint64_t value);
void arch_message_set_information(struct thread *thread, uint64_t information);
void arch_message_set_source(struct thread *thread, uint64_t badge, uint64_t identity);

/* All user registers, for debuggers and the personality entries; of the current thread, or of one
 * that no CPU has loaded. */
void arch_thread_get_registers(struct thread *thread, struct frame_registers *registers);
/* From a frame: flags and segment state are made safe. INVALID for addresses user mode must not have. */
enum status arch_thread_set_registers(struct thread *thread,
                                      const struct frame_registers *registers) must_check;
uint64_t arch_thread_pc(const struct thread *thread);
/* Continue at pc with the stack pointer at sp, and flags as an entry has them (DF, AC, TF clear). */
void arch_thread_redirect(struct thread *thread, uint64_t pc, uint64_t sp);
/* INVALID for what the architecture does not have, or an address user mode must not have. */
enum thread_base { BASE_THREAD_POINTER, BASE_GS /* x86-64 */ };
enum status arch_thread_set_base(struct thread *thread, uint32_t which, uint64_t value) must_check;

/* Load what belongs to this thread and not to the kernel: thread pointers, frame pointers
 * for the reflect path, FP ownership. Called when the CPU changes threads (`from` may be
 * NULL), and with the same thread twice when its process' personality has changed. `to` NULL:
 * the CPU will idle. Afterwards `from` may be loaded on another CPU, so all of it is saved but
 * what that other CPU can fetch from this one when it is needed; after `to` NULL, everything. */
void arch_thread_switch(struct thread *from, struct thread *to);
/* To user mode with the current thread's registers. */
_Noreturn void arch_return_to_user(struct thread *thread);
/* Take what interrupts there are, having waited for one if the CPU is to `sleep`; return with them off. */
void arch_idle(bool sleep);
