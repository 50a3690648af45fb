/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* What the tty server tells: programs to start, signals from terminals. */
#pragma once

#include "clone.h"

/* Ask for its stream and observe it. False, with a log line, if that fails. */
_Bool terminal_attach(void);
/* KEY_TERMINAL fired: take what is there. */
void terminal_messages(void);
/* OPEN_TERMINAL: the console or a new pseudo-terminal, which counts for the caller's user. */
enum answer terminal_open(struct thread *caller, struct message *message);
