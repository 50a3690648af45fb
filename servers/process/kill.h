/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* kill, tgkill and sigqueue: whom a signal is for, and whether it may be sent. */
#pragma once

#include "signal.h"

struct kill_request {
    int32_t pid;                         /* as kill takes it */
    uint32_t tid;                        /* 0: the process */
    const struct process_signal *signal; /* number 0: only look */
};

/* ESRCH, EPERM, EINVAL, EAGAIN. To init: power off (USR1, USR2) and restart (TERM, INT). */
int kill_send(struct process *sender, const struct kill_request *request);
