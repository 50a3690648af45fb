/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* What entry code does with a plain message: its words pass by the kernel's C. */
#include <arch/host.h>

#include <kernel/ipc.h>
#include <kernel/thread.h>
#include <trellis/calls.h>
#include <trellis/message.h>

struct thread *host_message(struct thread *self)
{
    const struct arch_thread sent = self->arch;
    struct thread *next = NULL;
    if ((sent.information & ~(MESSAGE_LONG | UINT32_MAX)) != 0)
        return NULL;
    if (sent.number == CALL_IPC_CALL)
        next = ipc_fast_call(sent.arguments[0], self);
    else if (sent.number == CALL_IPC_REPLY_AND_WAIT)
        next = ipc_fast_reply_and_wait(sent.arguments[0], self);
    if (next == NULL)
        return NULL;
    next->arch.result = 0;
    next->arch.information = sent.information;
    for (unsigned n = 0; n < MESSAGE_WORDS; n++)
        next->arch.words[n] =
            (sent.information & MESSAGE_LONG) != 0 || n < MESSAGE_SHORT_WORDS ? sent.words[n] : 0;
    return next;
}
