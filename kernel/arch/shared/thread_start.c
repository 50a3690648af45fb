/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include <arch/thread.h>

#include <kernel/thread.h>

enum status arch_thread_init(struct thread *thread, const struct thread_start *start)
{
    const struct frame_registers registers = {
        .pc = start->pc,
        .sp = start->sp,
        .number = ~UINT64_C(0),
    };
    enum status status = arch_thread_set_registers(thread, &registers);
    if (status != STATUS_OK)
        return status;
    *saved_register(thread, call_arguments[0]) = start->argument;
    *saved_register(thread, call_arguments[1]) = thread->frame_address;
    return arch_thread_set_base(thread, BASE_THREAD_POINTER, start->tls);
}
