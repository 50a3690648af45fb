/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * A service's beginning and end: its entry, the handles it was started with,
 * and how it gives up.
 */
#pragma once

#include <protocols/start.h>
#include <trellis/status.h>

/*
 * The program. `start` stays mapped, read-only. When it returns the process
 * ends with code 0.
 */
void service_main(const struct start_block *start);

/*
 * What the first instruction calls, with the thread's start argument. lib/base
 * has the one of services; a program that is started otherwise (init) defines
 * its own and calls service_adopt before anything else of lib/base.
 */
_Noreturn void service_start(const void *argument);
void service_adopt(const char *name, handle_t self);

/* The handle of that name in the start block, or HANDLE_NONE. */
handle_t service_handle(const char *name);
/* As service_handle; the service fails with a message if it is not there. */
handle_t service_need_handle(const char *name);

/* Name in the manifest, and the handle of the own process. */
const char *service_name(void);
handle_t service_self(void);

/* End with code 0. */
_Noreturn void service_end(void);
/* Log why, and end with code 1. text_format's format. */
_Noreturn void service_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The same, for this reason: init and the kernel tell want of memory from other failures. */
_Noreturn void service_fail_status(enum status status, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
