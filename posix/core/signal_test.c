/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include <posix/signal.h>

#include <base/errno.h>
#include <posix/arch.h>
#include <posix/calls.h>
#include <posix/end.h>
#include <posix/memory.h>
#include <posix/request.h>
#include <posix/task.h>
#include <posix/trace.h>
#include <posix/wait.h>
#include <stdlib.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define CALL_PC 0x1000 /* behind the call instruction, which has two bytes */
#define CALL_NUMBER 7

struct library library;

static struct {
    struct frame frame;
    char text[FRAME_PAGE];
} pages __attribute__((aligned(FRAME_PAGE)));
static struct task task;
static struct group group;
static struct process_info_page info;
static struct process_signal_page signals;
static int pushed[8];
static uint64_t pushed_masks[8];
static unsigned push_count;
static bool stack_is_bad;
static jmp_buf ended;
static int ended_by;

void *memory_allocate_zeroed(size_t count, size_t size)
{
    return calloc(count, size);
}

void memory_release(void *piece)
{
    free(piece);
}

void lock_acquire(struct lock *lock)
{
    assert_int_equal(lock->word++, 0);
}

void lock_release(struct lock *lock)
{
    lock->word--;
}

void trace_signal(struct task *traced, const struct process_signal *signal)
{
    (void)traced;
    (void)signal;
}

void end_by_signal(struct task *dying, int number)
{
    (void)dying;
    ended_by = number;
    longjmp(ended, 1);
}

bool arch_signal_push(struct task *to, const struct signal_call *call)
{
    (void)to;
    pushed[push_count] = call->number;
    pushed_masks[push_count++] = call->mask;
    return !stack_is_bad;
}

void message_copy_text(struct message *message, struct frame *frame, const void *bytes, size_t size)
{
    memcpy(frame_text(frame), bytes, size);
    message_set_text(message, size);
}

/* The process server: the lowest of the pending signals. */
int request_process(struct task *asking, struct message *message)
{
    if (message_label(message->information) != PROCESS_TAKE_SIGNAL)
        return 0;
    uint64_t takeable = info.pending & ~message->words[0];
    if (takeable == 0)
        return -LINUX_EAGAIN;
    struct process_signal signal = {.number = __builtin_ctzll(takeable) + 1};
    info.pending &= ~SIGNAL_BIT(signal.number);
    message_begin(message, 0);
    message_copy_text(message, asking->frame, &signal, sizeof(signal));
    return 0;
}

static int set_up(void **state)
{
    (void)state;
    memset(&task, 0, sizeof(task));
    memset(&group, 0, sizeof(group));
    memset(&info, 0, sizeof(info));
    memset(&signals, 0, sizeof(signals));
    memset(&pages, 0, sizeof(pages));
    group.info = &info;
    group.signals = &signals;
    task.group = &group;
    task.frame = &pages.frame;
    task.actions = signal_actions_create();
    task.frame->registers.pc = CALL_PC;
    push_count = 0;
    stack_is_bad = false;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    signal_actions_release(task.actions);
    return 0;
}

static void handle(int number, uint64_t flags)
{
    task.actions->actions[number] = (struct signal_action){.handler = 0x4000, .flags = flags};
}

static void deliver(int64_t result)
{
    arch_call_set_result(task.frame, result);
    signal_deliver(&task, result, CALL_NUMBER);
}

static void repeats_a_call_if_the_handler_says_so(void **state)
{
    (void)state;
    handle(LINUX_SIGUSR1, LINUX_SA_RESTART);
    info.pending = SIGNAL_BIT(LINUX_SIGUSR1);
    deliver(-POSIX_RESTART);
    assert_int_equal(push_count, 1);
    assert_int_equal(task.frame->registers.pc, CALL_PC - 2);
    assert_int_equal(task.frame->registers.rax, CALL_NUMBER);
    assert_true(task.load_all);
}

static void ends_a_call_without_restart(void **state)
{
    (void)state;
    handle(LINUX_SIGUSR1, 0);
    info.pending = SIGNAL_BIT(LINUX_SIGUSR1);
    deliver(-POSIX_RESTART);
    assert_int_equal(task.frame->registers.pc, CALL_PC);
    assert_int_equal((int64_t)task.frame->registers.rax, -LINUX_EINTR);
}

static void never_repeats_what_a_handler_ends(void **state)
{
    (void)state;
    handle(LINUX_SIGUSR1, LINUX_SA_RESTART);
    info.pending = SIGNAL_BIT(LINUX_SIGUSR1);
    deliver(-POSIX_RESTART_UNLESS_HANDLED);
    assert_int_equal((int64_t)task.frame->registers.rax, -LINUX_EINTR);
}

static void goes_on_when_no_handler_runs(void **state)
{
    (void)state;
    deliver(-POSIX_RESTART_UNLESS_HANDLED);
    assert_int_equal(task.frame->registers.pc, CALL_PC - 2);
    assert_int_equal(task.frame->registers.rax, CALL_NUMBER);
    deliver(-POSIX_RESTART_RESUME);
    assert_int_equal(task.frame->registers.rax, LINUX_CALL_RESTART_SYSCALL);
    assert_int_equal(push_count, 0);
}

static void leaves_a_result_alone(void **state)
{
    (void)state;
    handle(LINUX_SIGUSR1, 0);
    info.pending = SIGNAL_BIT(LINUX_SIGUSR1);
    deliver(42);
    assert_int_equal(task.frame->registers.rax, 42);
    assert_int_equal(task.frame->registers.pc, CALL_PC);
}

static void the_first_handler_decides(void **state)
{
    (void)state;
    handle(LINUX_SIGUSR1, 0);
    handle(LINUX_SIGUSR2, LINUX_SA_RESTART);
    info.pending = SIGNAL_BIT(LINUX_SIGUSR1) | SIGNAL_BIT(LINUX_SIGUSR2);
    deliver(-POSIX_RESTART);
    assert_int_equal(push_count, 2);
    assert_int_equal((int64_t)task.frame->registers.rax, -LINUX_EINTR);
}

static void blocks_as_the_action_says(void **state)
{
    (void)state;
    handle(LINUX_SIGUSR1, LINUX_SA_RESETHAND);
    task.actions->actions[LINUX_SIGUSR1].mask = SIGNAL_BIT(LINUX_SIGUSR2);
    info.pending = SIGNAL_BIT(LINUX_SIGUSR1) | SIGNAL_BIT(LINUX_SIGUSR2);
    deliver(0);
    assert_int_equal(push_count, 1);
    assert_int_equal(task_mask(&task), SIGNAL_BIT(LINUX_SIGUSR1) | SIGNAL_BIT(LINUX_SIGUSR2));
    assert_int_equal(task.actions->actions[LINUX_SIGUSR1].handler, LINUX_SIG_DFL);
    assert_int_equal(signals.disposition[LINUX_SIGUSR1], PROCESS_SIGNAL_DEFAULT);
}

static void gives_the_handler_the_mask_of_before_sigsuspend(void **state)
{
    (void)state;
    handle(LINUX_SIGUSR1, 0);
    info.pending = SIGNAL_BIT(LINUX_SIGUSR1);
    task.saved_mask = SIGNAL_BIT(LINUX_SIGHUP);
    task.restore_mask = true;
    deliver(-POSIX_RESTART_UNLESS_HANDLED);
    assert_int_equal(pushed_masks[0], SIGNAL_BIT(LINUX_SIGHUP));
    assert_false(task.restore_mask);
}

static void cannot_block_what_must_not_be_blocked(void **state)
{
    (void)state;
    signal_set_mask(&task, UINT64_MAX);
    assert_int_equal(task_mask(&task), ~SIGNAL_UNBLOCKABLE);
    info.pending = SIGNAL_BIT(LINUX_SIGUSR1);
    signal_set_mask(&task, 0);
    assert_int_equal(task.frame->interrupted, 1);
}

static void ends_where_no_handler_can_run(void **state)
{
    (void)state;
    const struct process_signal fault = {.number = LINUX_SIGSEGV};
    ended_by = 0;
    if (setjmp(ended) == 0)
        signal_force(&task, &fault);
    assert_int_equal(ended_by, LINUX_SIGSEGV);
    handle(LINUX_SIGSEGV, 0);
    ended_by = 0;
    if (setjmp(ended) == 0)
        signal_force(&task, &fault);
    assert_int_equal(ended_by, 0);
    /* It is blocked now, in its own handler. */
    if (setjmp(ended) == 0)
        signal_force(&task, &fault);
    assert_int_equal(ended_by, LINUX_SIGSEGV);
    signal_set_mask(&task, 0);
    stack_is_bad = true;
    ended_by = 0;
    if (setjmp(ended) == 0)
        signal_force(&task, &fault);
    assert_int_equal(ended_by, LINUX_SIGSEGV);
}

static void describes_signals(void **state)
{
    (void)state;
    struct linux_siginfo information;
    signal_information(&information, &(struct process_signal){.number = LINUX_SIGCHLD,
                                                              .code = LINUX_CLD_EXITED,
                                                              .pid = 9,
                                                              .status = 3});
    assert_int_equal(information.child.pid, 9);
    assert_int_equal(information.child.status, 3);
    signal_information(&information,
                       &(struct process_signal){.number = LINUX_SIGSEGV, .code = 1, .value = 16});
    assert_int_equal(information.fault.address, 16);
    signal_information(&information,
                       &(struct process_signal){
                           .number = LINUX_SIGUSR1, .code = LINUX_SI_QUEUE, .pid = 4, .value = 77});
    assert_int_equal(information.queue.value, 77);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(repeats_a_call_if_the_handler_says_so),
        TEST(ends_a_call_without_restart),
        TEST(never_repeats_what_a_handler_ends),
        TEST(goes_on_when_no_handler_runs),
        TEST(leaves_a_result_alone),
        TEST(the_first_handler_decides),
        TEST(blocks_as_the_action_says),
        TEST(gives_the_handler_the_mask_of_before_sigsuspend),
        TEST(cannot_block_what_must_not_be_blocked),
        TEST(ends_where_no_handler_can_run),
        TEST(describes_signals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
