/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include <arch/floating_state.h>

#include <arch/thread.h>
#include <kernel/process.h>
#include <kernel/slab.h>
#include <kernel/thread.h>

bool floating_create(struct thread *thread)
{
    if (thread->arch.floating == NULL)
        thread->arch.floating =
            memory_allocate(thread->process->account, sizeof(*thread->arch.floating));
    return thread->arch.floating != NULL;
}

enum status arch_thread_clone(struct thread *thread, struct thread *from)
{
    if (from->arch.floating != NULL && !floating_create(thread))
        return STATUS_NO_MEMORY;
    struct arch_floating *floating = thread->arch.floating;
    if (floating != NULL)
        *floating = *from->arch.floating;
    thread->arch = from->arch;
    thread->arch.floating = floating;
    return STATUS_OK;
}

void arch_thread_free(struct thread *thread)
{
    struct arch_floating *floating = thread->arch.floating;
    if (floating != NULL)
        memory_free(thread->process->account, floating, sizeof(*floating));
}
