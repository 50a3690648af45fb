/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * What tests need that C cannot say: the first instructions of a thread, and a
 * personality of a few instructions, as small as a library can be. Each
 * architecture has its own, in arch/.
 */
#pragma once

#include <stdint.h>

#include <trellis/frame.h>

/* A thread's entry: calls test_thread_main(argument, frame) on its stack. */
void stub_thread_entry(void);

/* The library's text: what is between is never interrupted. */
extern const char stub_text_low[], stub_text_high[];

/* Reflect entry: the call's result is its number plus one. */
void stub_reflect(void);
/* The number of frame_resume, where that is the way back. */
extern const uint32_t stub_resume_number;
/* Interrupt and fault entries: stub_entered(frame) on the stack that frame->stack_top names. */
void stub_interrupt(void);
void stub_fault(void);
/* Set by the test; ends with frame_resume. */
extern void (*stub_entered)(struct frame *frame);

/* The word at an address. A fault entry may go on at stub_load_after with another result. */
uint64_t stub_load(uint64_t address);
extern const char stub_load_after[];

/* Copies bytes; 1 if that faulted. What may fault is the copy range. */
uint64_t stub_copy(void *to, const void *from, uint64_t size);
extern const char stub_copy_low[], stub_copy_high[];
void stub_copy_resume(void);

/* Spins in the restart range until *flag is not 0: 0 then, 1 if the restart entry was taken. */
uint64_t stub_spin(const volatile uint32_t *flag);
extern const char stub_restart_low[], stub_restart_high[];
void stub_restart_entry(void);

/* A call with any number, the stack pointer and callee-saved registers checked: ~0 if one changed. */
uint64_t stub_call(uint64_t number);
