/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * The kernel's log, for root.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* PROCESS_LOG for a user; `text` has room for MESSAGE_TEXT_SIZE. 0 or Linux' error. */
int machine_log_serve(uint32_t euid, const uint64_t *words, uint64_t *reply, char *text,
                      size_t *length);
