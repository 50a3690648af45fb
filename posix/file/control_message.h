/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Control messages of sendmsg and recvmsg.
 */
#pragma once

#include <posix/linux/socket.h>

#include "passing.h"

/* The files named by SCM_RIGHTS. 0, -EINVAL (malformed), -EBADF, -ETOOMANYREFS, -EFAULT. */
int control_message_take(struct task *task, const struct linux_msghdr *header,
                         struct passed_files *passed);
/*
 * Descriptors for what came, stored as far as the program's buffer reaches; sets
 * control_length and MSG_CTRUNC. The files given out are taken from `passed`.
 */
int control_message_give(struct task *task, struct linux_msghdr *header,
                         struct passed_files *passed, bool close_on_exec);
