/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include <posix/trace.h>

#include <base/text.h>
#include <posix/arch.h>
#include <posix/linux/process.h>
#include <posix/linux/signal.h>
#include <posix/signal.h>
#include <posix/task.h>
#include <posix/wait.h>
#include <trellis/native.h>
#include <trellis/status.h>

/* The reader takes lines as they come; a program that is traced waits for it. */
static void send(const struct trace_line *line)
{
    int64_t result;

    for (;;) {
        result = native_stream_write(library.trace, line->text, line->length, 0);
        if (status_of_result(result) != STATUS_WOULD_BLOCK)
            return;
        if (native_wait_one(library.trace, SIGNAL_WRITABLE | SIGNAL_CLOSED_READ, DEADLINE_NEVER) <
            0)
            (void)native_thread_yield();
    }
}

static void begin(struct trace_line *line, const struct task *task)
{
    line->length = 0;
    trace_add(line, "[%5u] ", task->tid);
}

static void finish(struct trace_line *line)
{
    if (line->length > TRACE_LINE - 1)
        line->length = TRACE_LINE - 1;
    line->text[line->length++] = '\n';
    send(line);
}

void trace_call(struct task *task, uint64_t number, const uint64_t *arguments, int64_t result)
{
    struct trace_line line;

    begin(&line, task);
    trace_add_call(&line, number, arguments, result);
    trace_add(&line, " = ");
    trace_add_result(&line, number, result);
    finish(&line);
}

static void trace_running(struct task *task, const char *result)
{
    struct trace_line line;
    uint64_t arguments[CALL_ARGUMENTS];

    arch_call_arguments(task->frame, arguments);
    begin(&line, task);
    trace_add_call(&line, arch_call_number(task->frame), arguments, 0);
    trace_add(&line, " = %s", result);
    finish(&line);
}

void trace_no_return(struct task *task)
{
    trace_running(task, "?");
}

void trace_success(struct task *task)
{
    trace_running(task, "0");
}

void trace_signal(struct task *task, const struct process_signal *signal)
{
    struct trace_line line;
    struct linux_siginfo information;

    signal_information(&information, signal);
    begin(&line, task);
    trace_add(&line, "--- ");
    trace_add_signal(&line, signal->number);
    trace_add(&line, " ");
    trace_add_siginfo(&line, &information);
    trace_add(&line, " ---");
    finish(&line);
}

void trace_exit(struct task *task, int status)
{
    struct trace_line line;

    begin(&line, task);
    if ((status & 0x7f) == 0) {
        trace_add(&line, "+++ exited with %d +++", status >> 8);
    } else {
        trace_add(&line, "+++ killed by ");
        trace_add_signal(&line, status & 0x7f);
        trace_add(&line, "%s +++", (status & LINUX_STATUS_CORE) != 0 ? " (core dumped)" : "");
    }
    finish(&line);
}
