/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* New processes and threads from old ones: fork, vfork, clone. */
#pragma once

#include <trellis/message.h>

#include "table.h"

/* What becomes of a request. */
enum answer {
    ANSWER_REPLY, /* the message is the reply now */
    ANSWER_NONE,  /* it has been answered, or nobody waits any more */
};

enum answer clone_fork(struct thread *caller, struct message *message);
enum answer clone_thread(struct thread *caller, struct message *message);
