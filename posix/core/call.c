/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * From the entry stubs into C: reflected calls, interruptions, faults.
 *
 * What each returns is whether every register is to be loaded from the frame
 * (a handler, rt_sigreturn) or only those that a call preserves.
 */
#include <posix/call.h>

#include <base/errno.h>
#include <posix/arch.h>
#include <posix/end.h>
#include <posix/personality.h>
#include <posix/signal.h>
#include <posix/task.h>
#include <posix/trace.h>
#include <posix/wait.h>

static int64_t dispatch(struct task *task, uint64_t number, const uint64_t *arguments)
{
    if (number >= call_table_size || call_table[number].handler == NULL) {
        uint64_t index = number < call_table_size ? number : call_table_size;
        __atomic_add_fetch(&call_absent_counts[index], 1, __ATOMIC_RELAXED);
        return -LINUX_ENOSYS;
    }
    return call_table[number].handler(task, arguments);
}

#if TRELLIS_DEBUG
static void check_origin(const struct frame *frame)
{
    struct personality entries;

    personality_describe(&entries);
    if (frame->registers.pc >= entries.text_low && frame->registers.pc < entries.text_high)
        end_broken("a Linux call was made inside the library");
}
#endif

uint64_t call_enter(struct frame *frame)
{
    struct task *task = (struct task *)frame->task;
    uint64_t arguments[CALL_ARGUMENTS];
    uint64_t number = arch_call_number(frame);

#if TRELLIS_DEBUG
    check_origin(frame);
#endif
    task->load_all = false;
    arch_call_arguments(frame, arguments);
    int64_t result = dispatch(task, number, arguments);
    if (library.trace != HANDLE_NONE && !task->load_all)
        trace_call(task, number, arguments, result);
    bool restarts = result <= -POSIX_RESTART && result >= -POSIX_RESTART_RESUME;
    if (!task->load_all && !restarts)
        arch_call_set_result(frame, result);
    if (restarts || __atomic_load_n(&frame->interrupted, __ATOMIC_SEQ_CST) != 0)
        signal_deliver(task, task->load_all ? 0 : result, number);
    return task->load_all;
}

uint64_t call_restart(struct frame *frame)
{
    struct task *task = (struct task *)frame->task;

    signal_deliver(task, 0, 0);
    return task->load_all;
}

void call_interrupted(struct frame *frame)
{
    signal_deliver((struct task *)frame->task, 0, 0);
}

static struct process_signal signal_of_fault(const struct frame *frame)
{
    static const struct {
        uint8_t number, code;
    } causes[] = {
        [FAULT_PAGE_ABSENT] = {LINUX_SIGSEGV, LINUX_SEGV_MAPERR},
        [FAULT_PAGE_ACCESS] = {LINUX_SIGSEGV, LINUX_SEGV_ACCERR},
        [FAULT_PAGE_PAGER] = {LINUX_SIGBUS, LINUX_BUS_ADRERR},
        [FAULT_PAGE_MEMORY] = {LINUX_SIGBUS, LINUX_BUS_ADRERR},
        [FAULT_INSTRUCTION] = {LINUX_SIGILL, LINUX_ILL_ILLOPN},
        [FAULT_ARITHMETIC] = {LINUX_SIGFPE, LINUX_FPE_INTDIV},
        [FAULT_FLOAT] = {LINUX_SIGFPE, LINUX_FPE_FLTINV},
        [FAULT_BREAKPOINT] = {LINUX_SIGTRAP, LINUX_TRAP_BRKPT},
        [FAULT_STEP] = {LINUX_SIGTRAP, LINUX_TRAP_TRACE},
        [FAULT_ALIGNMENT] = {LINUX_SIGBUS, LINUX_BUS_ADRALN},
        [FAULT_OTHER] = {LINUX_SIGSEGV, LINUX_SI_KERNEL},
    };
    uint64_t kind = frame->fault_kind <= FAULT_OTHER ? frame->fault_kind : FAULT_OTHER;
    return (struct process_signal){
        .number = causes[kind].number,
        .code = causes[kind].code,
        .value = kind <= FAULT_PAGE_MEMORY ? frame->fault_address : frame->registers.pc,
    };
}

void call_faulted(struct frame *frame)
{
    struct task *task = (struct task *)frame->task;
    struct process_signal signal = signal_of_fault(frame);

    if (library.trace != HANDLE_NONE)
        trace_signal(task, &signal);
    signal_force(task, &signal);
}
