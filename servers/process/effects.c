/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include "effects.h"

#include <protocols/tty.h>
#include <trellis/native.h>

#include "limits.h"
#include "pages.h"
#include "power.h"
#include "server.h"
#include "timer.h"

/* A thread that has just ended cannot be interrupted, which is as well. */
void effect_interrupt(struct thread *thread)
{
    (void)native_thread_interrupt(thread->handle);
}

void effect_suspend(struct process *process)
{
    (void)native_process_suspend(process->kernel->process);
}

void effect_resume(struct process *process)
{
    (void)native_process_resume(process->kernel->process);
}

void effect_raise(struct process *process, uint32_t bits)
{
    if (process->child_event != HANDLE_NONE)
        (void)native_event_signal(process->child_event, 0, bits);
}

void effect_release(struct process *process)
{
    struct process_pages pages = {process->info, process->signals};

    if (process->alarm.event != HANDLE_NONE)
        (void)native_unobserve(server.endpoint, key_of(KEY_ALARM, process->pid));
    server_close(process->alarm.event);
    timer_delete_all(process);
    server_close(process->child_event);
    server_close(process->ended_event);
    pages_release(&pages);
}

void effect_set_terminal(uint32_t rdev, uint32_t session, uint32_t group)
{
    struct message message;

    message_begin(&message, TTY_SET_SESSION);
    message.words[0] = rdev;
    message.words[1] = session;
    message.words[2] = group;
    (void)server_call(server.tty, &message);
}

void effect_set_weight(struct process *process)
{
    uint32_t weight = nice_weight(process->info->nice);

    list_for_each (&process->threads, node)
        (void)native_thread_set_weight(container_of_thread(node)->handle, weight);
}

void effect_power(enum process_power power)
{
    power_request(power);
}
