/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * The kernel's log and the end of the machine.
 *
 * Lines go to a ring in memory; until a driver has taken the UART over, and in
 * a panic, also to the early console, as LOG or PANIC frames when the command
 * line has console=framed (protocols/console.h) and as plain text otherwise.
 */
#pragma once

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arch/cpu.h>
#include <trellis/structures.h>

/* %s %d %u %x %p with l, width and zero padding. Adds the newline. */
void log_line(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A driver has taken the UART over: from now on only panics go to the early console,
 * unless it is to be kept (log=uart on the command line). */
void log_release_console(void);
void log_keep_console(void);
/* Where it is, for processes that may read it. */
struct log_memory *log_memory(void);
/* The last of what the console has not had. Takes no lock: for the end of the machine. */
void log_show_rest(void);

/* What a critical process wrote last, for the message about its end. */
struct process;
const char *log_last_words(const struct process *process);

/* Say why, print the registers and a backtrace, stop the machine with the
 * status for a panic. Never returns, takes no locks. */
_Noreturn void panic(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The stack protector's canary; only a function that never returns may change it. */
extern uintptr_t __stack_chk_guard;

/* The machine cannot go on (STOP_PANIC, STOP_MEMORY): a message without backtrace. */
_Noreturn void machine_fail(enum stop_kind kind, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Formatting without the log: cut to the size, NUL-terminated; returns the length. */
size_t format_text(char *buffer, size_t size, const char *format, va_list arguments);
size_t format_line(char *buffer, size_t size, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#define assert(condition)                                                                          \
    do {                                                                                           \
        if (!(condition))                                                                          \
            panic("assertion failed: %s, %s:%d", #condition, __FILE__, __LINE__);                  \
    } while (0)

/* Checks that cost too much for a release build. */
#if TRELLIS_DEBUG
#define debug_assert(condition) assert(condition)
#else
#define debug_assert(condition) ((void)sizeof(condition))
#endif
