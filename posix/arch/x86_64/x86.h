/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * x86-64: what the files of this folder share.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Labels of entry.S and copy.S; link.ld's bounds of the code. */
void arch_start(void);
void arch_reflect(void);
void arch_interrupt(void);
void arch_fault(void);
extern const char arch_restart_low[], arch_restart_high[], arch_restart[];
extern const char arch_copy_low[], arch_copy_high[], arch_copy_resume[];
extern const char library_text_low[], library_text_high[];
extern const char library_vdso[];

/* For entry.S. */
extern const uint32_t x86_number_frame_resume, x86_number_thread_end;

/* Vector state to and from the program's memory; other than 0: a fault. */
size_t x86_save_vector(void *area, uint32_t components);
size_t x86_load_vector(const void *area, uint32_t components);
