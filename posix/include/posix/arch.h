/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * What each architecture supplies to the library. posix/arch/task.h, call.h and
 * counter.h hold what is inline.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <posix/arch/call.h>
#include <posix/arch/counter.h>
#include <posix/arch/task.h>
#include <posix/linux/signal.h>
#include <trellis/frame.h>

struct signal_action;
struct task;

/* Labels of entry.S and copy.S, which personality_describe names to the kernel. */
extern const char arch_reflect[], arch_interrupt[], arch_fault[];
extern const char arch_restart_low[], arch_restart_high[], arch_restart[];
extern const char arch_copy_low[], arch_copy_high[], arch_copy_resume[];
/* Of link.ld: the bounds of the code; the vDSO behind it. */
extern const char library_text_low[], library_text_high[], library_vdso[], library_vdso_end[];

/* Whether a program may go on there: below the library, or in the vDSO, where signals interrupt it too. */
static inline bool library_lets_resume(uint64_t pc)
{
    return pc < USER_LIBRARY || (pc >= (uint64_t)library_vdso && pc < (uint64_t)library_vdso_end);
}

/* Native calls that entry.S makes. */
extern const uint32_t arch_number_frame_resume, arch_number_thread_end;

/* Where a new task begins, on its own stack; the task and the frame are its arguments. */
_Noreturn void arch_task_start(void);
/* Leave for the program with every register of the frame. */
_Noreturn void arch_enter_program(struct frame *frame);
/* Call `function`, which must not return, on another stack. */
_Noreturn void arch_run_on_stack(uint64_t sp, void (*function)(void *argument), void *argument);
/*
 * End the thread. *vacant becomes 1 first: from then on nothing of its stack is
 * used. `address`, if not 0, is a word of the program that the kernel clears and wakes.
 */
_Noreturn void arch_thread_vanish(uint32_t *vacant, uint64_t address);

/* Copies that a fault ends; how many bytes, or for the last two whether anything, was not done. */
size_t arch_copy(void *to, const void *from, size_t size);
size_t arch_zero(void *to, size_t size);
size_t arch_load_word(const void *from, uint32_t *value);
/* If the word at `at` is *value, store `desired`; *value becomes what was there. */
size_t arch_exchange_word(void *at, uint32_t *value, uint32_t desired);

/* The value of AT_PLATFORM (NULL: there is none) and uname's machine. */
const char *arch_platform(void);
const char *arch_machine_name(void);

/* What a handler is to be called with. */
struct signal_call {
    int number;
    const struct signal_action *action;
    const struct linux_siginfo *information;
    uint64_t mask;        /* to be restored behind the handler */
    bool on_signal_stack; /* begin at signal_stack_top */
    uint64_t signal_stack_top;
    struct linux_stack stack; /* uc_stack */
};

/* Build the frame of a handler and have the program continue in it. False: its stack is not writable. */
bool arch_signal_push(struct task *task, const struct signal_call *call);
/* rt_sigreturn: load the registers; what else the frame holds. False: there is no frame. */
bool arch_signal_pop(struct task *task, uint64_t *mask, struct linux_stack *stack);
/* The least size of a signal stack (AT_MINSIGSTKSZ). */
uint64_t arch_signal_frame_size(void);
/* The calling thread's thread pointer: its program may set it without a call. */
uint64_t arch_thread_pointer(const struct task *task);
/* The thread pointer with which the calling thread, whose frame has these registers, goes on. */
void arch_set_thread_pointer(struct frame_registers *registers, uint64_t value);
/* Make the registers those of a program's start: pc, sp and nothing else. */
void arch_registers_begin(struct frame_registers *registers, uint64_t pc, uint64_t sp);
