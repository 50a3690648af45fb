/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* The first program: pid 2, as the host asked for it. */
#pragma once

#include <stddef.h>

#include <protocols/tty.h>
#include <trellis/message.h>

struct start_request {
    const struct tty_message *message;
    const char *strings; /* arguments, then environment; not checked */
    size_t strings_size;
    handle_t handles[MESSAGE_HANDLES]; /* stay the caller's */
    unsigned handle_count;
};

/* If it cannot be run, the host is told and the machine turned off. */
void start_first_program(const struct start_request *request);
