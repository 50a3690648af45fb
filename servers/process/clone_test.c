/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* Fork, vfork, threads and exec while now and then something cannot be had. */
#include <native/archive.h>
#include <native/sweep.h>

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include <base/errno.h>
#include <base/ipc.h>
#include <base/service.h>
#include <protocols/posix_start.h>
#include <trellis/native.h>

#include "accounts.h"
#include "cpu_information.h"
#include "limits.h"
#include "mounts.h"
#include "pages.h"
#include "power.h"
#include "program.h"
#include "request.h"
#include "server.h"
#include "start.h"

#define SET_UID_FILE 0104755
#define BLOCK_SIZE 8192

static struct thread *caller;
static uint32_t file_mode = 0100755;

void cpu_describe(struct output *output, uint32_t cpu, uint32_t count)
{
    (void)output, (void)cpu, (void)count;
}

static void put_file(struct message *message, bool opened)
{
    struct fs_attributes attributes = {.mode = file_mode, .content = FS_CONTENT_MEMORY};

    message_copy_text(message, ipc_frame(), &attributes, sizeof(attributes));
    if (!opened)
        return;
    message->words[0] = FS_OUTCOME_DONE;
    message_add_handle(message, ipc_frame(), fake_make(OBJECT_SESSION, 0), RIGHT_SAME, 0);
    message_add_handle(message, ipc_frame(), fake_make(OBJECT_MEMORY, 4096), RIGHT_SAME, 0);
}

/* The file server, and any other. */
static int64_t serve(handle_t session, struct message *message)
{
    uint32_t label = message_label(message->information);

    (void)session;
    message_begin(message, 0);
    if (label == FS_MINT || label == FS_RENEW)
        message_add_handle(message, ipc_frame(), fake_make(OBJECT_SESSION, 0), RIGHT_SAME, 0);
    else if (label == FS_OPEN || label == FS_ATTRIBUTES)
        put_file(message, label == FS_OPEN);
    return 0;
}

static void start_first(void)
{
    const struct tty_message message = {.kind = TTY_MESSAGE_START, .argument_count = 1};
    const struct start_request request = {
        .message = &message, .strings = "/bin/first", .strings_size = 11};

    start_first_program(&request);
    const struct process *process = process_find(power_first_program());
    assert_non_null(process);
    caller = process_first_thread(process);
    assert_true(caller->handle != HANDLE_NONE);
}

static void set_up(void)
{
    static const char *const programs[] = {"posix"};
    struct process_pages pages;
    handle_t archive = fake_make(OBJECT_MEMORY, FAKE_ARCHIVE_SIZE);

    (void)fake_archive(fake_bytes(archive), programs, 1);
    fake_serve = serve;
    service_adopt("process", fake_self());
    server = (struct server_handles){
        .endpoint = fake_make(OBJECT_ENDPOINT, 0),
        .account = fake_make(OBJECT_ACCOUNT, 0),
        .files = fake_make(OBJECT_SESSION, 0),
        .tty = fake_make(OBJECT_SESSION, 0),
        .tty_open = fake_make(OBJECT_SESSION, 0),
        .time = fake_make(OBJECT_MEMORY, 4096),
        .programs = fake_make(OBJECT_SESSION, 0),
    };
    server.machine = server.account;
    assert_true(pages_init(server.account, service_self()) && pages_take(&pages, true));
    assert_true(table_init(&pages));
    limits_init(pages.info);
    assert_true(program_init(archive));
    start_first();
}

static void set_up_user(void)
{
    set_up();
    caller->process->info->uid = 1000;
}

static bool may_be(int error)
{
    return error == LINUX_ENOMEM || error == LINUX_EAGAIN;
}

static enum answer ask(struct message *message)
{
    message->badge = BADGE_PROGRAM;
    message->identity = process_identity(caller->process->pid, caller->tid);
    return request_serve(message);
}

/* Fork */

static struct message child_reply, parent_reply;

static int fork_once(void)
{
    struct message message;

    fake_reply_count = 0;
    message_begin(&message, PROCESS_FORK);
    message.words[1] = 17;
    if (ask(&message) == ANSWER_REPLY)
        return (int)message_label(message.information);
    parent_reply = fake_replies[fake_reply_count - 1];
    child_reply = fake_replies[0];
    return (int)message_label(parent_reply.information);
}

/* The child has its own process, event and account. */
static void check_fork(void)
{
    const struct process *child = process_find((uint32_t)parent_reply.words[0]);

    assert_int_equal(fake_reply_count, 2);
    assert_non_null(child);
    assert_int_equal(child_reply.words[1], child->pid);
    handle_t kernel = child->kernel->process;
    assert_ptr_equal(fake_object(kernel, child_reply.words[2]), fake_own_object(kernel));
    assert_ptr_equal(fake_object(kernel, child_reply.words[3]),
                     fake_own_object(child->child_event));
    assert_ptr_equal(fake_object(kernel, child_reply.words[4]),
                     fake_own_object(account_handle(child->account)));
}

static void test_fork(void **state)
{
    const struct fake_sweep sweep = {set_up, fork_once, may_be, check_fork};
    (void)state;
    assert_true(fake_sweep(&sweep) >= 11);
}

/* The user's account is made at the first fork. */
static void test_fork_of_a_new_user(void **state)
{
    const struct fake_sweep sweep = {set_up_user, fork_once, may_be, check_fork};
    (void)state;
    assert_true(fake_sweep(&sweep) >= 14);
}

/* Threads */

static uint32_t thread_flags;
static uint32_t made;

/* As the library does: what an error leaves is closed. */
static int make_thread(void)
{
    const struct process_thread wanted = {.flags = thread_flags, .result = 0x1000};
    struct message message;

    message_begin(&message, PROCESS_THREAD);
    message_copy_text(&message, ipc_frame(), &wanted, sizeof(wanted));
    assert_int_equal(ask(&message), ANSWER_REPLY);
    int error = (int)message_label(message.information);
    if (error != 0)
        fake_close_of(caller->process->kernel->process, message.words[1]);
    made = (uint32_t)message.words[0];
    return error;
}

static void check_thread(void)
{
    const struct thread *thread = thread_find(made);

    assert_non_null(thread);
    assert_true(thread->handle != HANDLE_NONE);
}

static void test_thread(void **state)
{
    const struct fake_sweep sweep = {set_up, make_thread, may_be, check_thread};
    (void)state;
    assert_true(fake_sweep(&sweep) >= 3);
}

static void check_vfork(void)
{
    struct process_thread_result result;

    check_thread();
    memcpy(&result, frame_text(ipc_frame()), sizeof(result));
    const struct process *child = process_find(result.pid);
    assert_non_null(child);
    assert_ptr_equal(child->kernel, caller->process->kernel);
    assert_ptr_equal(fake_object(child->kernel->process, result.child_event),
                     fake_own_object(child->child_event));
}

static void test_vfork(void **state)
{
    const struct fake_sweep sweep = {set_up, make_thread, may_be, check_vfork};
    (void)state;
    thread_flags = PROCESS_THREAD_NEW_PID;
    assert_true(fake_sweep(&sweep) >= 9);
    thread_flags = 0;
}

/* Exec */

static int exec_once(void)
{
    const struct posix_start start = {.magic = POSIX_START_MAGIC, .size = sizeof(start)};
    struct message message;

    message_begin(&message, PROCESS_EXEC);
    message_copy_text(&message, ipc_frame(), "next\0/bin/next", 15);
    handle_t block = fake_make(OBJECT_MEMORY, BLOCK_SIZE);
    memcpy(fake_bytes(block), &start, sizeof(start));
    message_add_handle(&message, ipc_frame(), block, RIGHT_SAME, 0);
    message_add_handle(&message, ipc_frame(), fake_make(OBJECT_SESSION, 0), RIGHT_SAME, 0);
    message.words[0] = (file_mode & 04000) != 0;
    return ask(&message) == ANSWER_NONE ? 0 : (int)message_label(message.information);
}

/* The pid is in a new process, with one thread that has been let go. */
static void check_exec(void)
{
    const struct process *process = process_find(power_first_program());

    assert_int_equal(process->life, LIFE_RUNNING);
    assert_string_equal(process->name, "next");
    assert_string_equal(process->path, "/bin/next");
    assert_int_equal(process->thread_count, 1);
    const struct thread *thread = process_first_thread(process);
    assert_int_equal(thread->tid, process->pid);
    assert_int_equal(fake_suspended(thread->handle), 0);
    assert_non_null(fake_object(process->kernel->process, process->tokens.server));
    assert_non_null(fake_object(process->kernel->process, process->tokens.tty));
    assert_non_null(fake_object(process->kernel->process, process->tokens.time));
    assert_int_equal(process->info->secure, file_mode == SET_UID_FILE);
}

static void test_exec(void **state)
{
    const struct fake_sweep sweep = {set_up, exec_once, may_be, check_exec};
    (void)state;
    assert_true(fake_sweep(&sweep) >= 15);
}

static void set_up_set_id(void)
{
    set_up_user();
    caller->process->info->euid = 1000;
    file_mode = SET_UID_FILE;
}

/* Nothing runs without the rights that its file gives it. */
static void test_exec_set_id(void **state)
{
    const struct fake_sweep sweep = {set_up_set_id, exec_once, may_be, check_exec};
    (void)state;
    file_mode = SET_UID_FILE; /* of this process: set_up runs in others */
    assert_true(fake_sweep(&sweep) >= 30);
    file_mode = 0100755;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fork),   cmocka_unit_test(test_fork_of_a_new_user),
        cmocka_unit_test(test_thread), cmocka_unit_test(test_vfork),
        cmocka_unit_test(test_exec),   cmocka_unit_test(test_exec_set_id),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
