/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Exec in two halves. The first makes a kernel process with everything in it;
 * whatever fails there is an error to the caller, which lives on. The second
 * begins when the old program is ended: the pid, its pages and its observation
 * go over to the new one. Nothing can fail there.
 *
 * A set-id file is believed only when its own file server says so: the session
 * that came with the request is renewed by the root's control session, which
 * refuses sessions of anybody else's making. Then nothing that the old program
 * chose decides what runs: the block is copied, the file is opened again, and
 * root and working directory are sessions of our own.
 */
#include "exec.h"

#include <base/errno.h>
#include <base/heap.h>
#include <base/text.h>
#include <trellis/native.h>

#include "accounts.h"
#include "affinity.h"
#include "credentials.h"
#include "effects.h"
#include "end.h"
#include "mounts.h"
#include "program.h"
#include "server.h"
#include "signal.h"
#include "timer.h"

#define SET_ID_BITS 06000

struct exec {
    struct process *process;
    struct thread *caller;
    handle_t block, executable; /* from the request, ours to close */
    char name[PROCESS_COMM];
    char *path;
    struct posix_start start;
    bool set_id;
    struct fs_attributes file; /* set_id */
    struct program program;
    struct kernel_process *kernel; /* the new one */
    struct thread *thread;         /* its first, suspended; in no process yet */
    struct allowances *counted;    /* of another user than before: a pid of these; or NULL */
};

static void close_request(struct exec *exec)
{
    server_close(exec->block);
    server_close(exec->executable);
    release(exec->path);
}

/* Names and handles out of the message; text: name, NUL, path. */
static int take_request(struct exec *exec, const struct message *message)
{
    struct frame *frame = ipc_frame();
    const char *text = frame_text(frame);
    size_t length = message_text_length(message->information);
    unsigned count = message_handle_count(message->information);
    size_t name = strnlen(text, length);

    exec->block = count > 0 ? frame->handles[0].handle : HANDLE_NONE;
    exec->executable = count > 1 ? frame->handles[1].handle : HANDLE_NONE;
    for (unsigned i = 2; i < count; i++)
        server_close(frame->handles[i].handle);
    if (count == 0 || name == length)
        return LINUX_EINVAL;
    memcpy(exec->name, text, name < PROCESS_COMM - 1 ? name : PROCESS_COMM - 1);
    size_t path = strnlen(text + name + 1, length - name - 1);
    exec->path = allocate_zeroed(1, path + 1);
    if (exec->path == NULL)
        return LINUX_ENOMEM;
    memcpy(exec->path, text + name + 1, path);
    return 0;
}

static int read_start(struct exec *exec)
{
    struct memory_information information;
    int64_t read = native_memory_read(exec->block, 0, &exec->start, sizeof(exec->start));

    if (read != sizeof(exec->start) || native_memory_inspect(exec->block, &information) < 0)
        return LINUX_EINVAL;
    if (exec->start.magic != POSIX_START_MAGIC || exec->start.size < sizeof(exec->start) ||
        exec->start.size > POSIX_START_MAX || exec->start.size > information.size)
        return LINUX_EINVAL;
    return 0;
}

/* A block that the old program cannot write any more. */
static int copy_block(struct exec *exec)
{
    char piece[2048];
    int64_t copy = native_memory_create(server.account, exec->start.size, 0);

    if (copy < 0)
        return LINUX_ENOMEM;
    for (uint64_t at = 0; at < exec->start.size; at += sizeof(piece)) {
        uint64_t left = exec->start.size - at;
        uint64_t length = left < sizeof(piece) ? left : sizeof(piece);
        if (native_memory_read(exec->block, at, piece, length) != (int64_t)length ||
            native_memory_write((handle_t)copy, at, piece, length) != (int64_t)length) {
            server_close((handle_t)copy);
            return LINUX_ENOMEM;
        }
    }
    server_close(exec->block);
    exec->block = (handle_t)copy;
    return read_start(exec);
}

/* What the file server itself says of the executable. */
static int check_set_id(struct exec *exec)
{
    static const struct fs_credentials nobody_in_the_way = {0};
    struct message message;
    handle_t trusted = HANDLE_NONE;

    if (exec->executable == HANDLE_NONE)
        return 0;
    int error = mounts_renew(exec->executable, &nobody_in_the_way, &trusted);
    if (error != 0) /* nobody's but its maker's: it runs without */
        return error == LINUX_ENOMEM ? error : 0;
    server_close(exec->executable);
    exec->executable = trusted;
    message_begin(&message, FS_ATTRIBUTES);
    error = server_call(trusted, &message);
    if (error != 0)
        return error;
    memcpy(&exec->file, frame_text(ipc_frame()), sizeof(exec->file));
    exec->set_id = (exec->file.mode & SET_ID_BITS) != 0;
    return exec->set_id ? copy_block(exec) : 0;
}

/* As it will be: in a copy, for the old program runs on if something fails. */
static void new_credentials(const struct exec *exec, struct fs_credentials *credentials)
{
    struct process_info_page info = *exec->process->info;
    struct process as_if = {.info = &info};

    credentials_enter_program(&as_if, &exec->file);
    credentials_for_files(&info, credentials);
}

static bool give(const struct exec *exec, handle_t handle, handle_t *token)
{
    *token = program_give(exec->program.kernel_process, handle, RIGHT_SAME, 0);
    return *token != HANDLE_NONE;
}

/* Open the program and the directories anew and put them into the start block. */
static int replace_sessions(struct exec *exec)
{
    struct posix_start *start = &exec->start;
    struct fs_credentials credentials;
    struct opened_file file = {0};
    handle_t root = HANDLE_NONE, own = HANDLE_NONE;

    new_credentials(exec, &credentials);
    int error = mounts_open_root(MOUNT_ROOT, &credentials, &root);
    if (error == 0)
        error = mounts_renew(exec->executable, &credentials, &own);
    if (error == 0)
        error = file_open(own, "", FS_OPEN_EXECUTE | FS_EMPTY_PATH, &file);
    bool given = error == 0 && give(exec, root, &start->root) && give(exec, root, &start->cwd) &&
                 give(exec, file.session, &start->executable) &&
                 give(exec, file.memory, &start->executable_memory);
    start->interpreter = start->interpreter_memory = HANDLE_NONE;
    server_close(root);
    server_close(own);
    file_close(&file);
    if (error == 0 && !given)
        return LINUX_ENOMEM;
    return error;
}

static int prepare_thread(struct exec *exec)
{
    exec->thread = thread_reserve();
    if (exec->thread == NULL)
        return LINUX_ENOMEM;
    int64_t made = program_make_thread(&exec->program, THREAD_SUSPENDED);
    if (made >= 0)
        exec->thread->handle = (handle_t)made;
    return server_error(made);
}

/* The first half. */
static int prepare(struct exec *exec)
{
    struct process *process = exec->process;
    struct account *account = account_of_user(process->info->uid);

    exec->kernel = account == NULL ? NULL : kernel_process_create(HANDLE_NONE, process->pid);
    if (exec->kernel == NULL)
        return LINUX_ENOMEM;
    struct allowances *allowances = account_allowances(account);
    if (allowances != process->allowances) {
        if (!allowance_take(allowances, ALLOWANCE_PIDS))
            return LINUX_EAGAIN;
        exec->counted = allowances;
    }
    int64_t created = native_process_create(account_handle(account), process->kernel->process,
                                            exec->name, strlen(exec->name), 0);
    if (created < 0)
        return server_error(created);
    exec->kernel->process = (handle_t)created;
    exec->program = (struct program){.process = process,
                                     .kernel_process = (handle_t)created,
                                     .block = exec->block,
                                     .start = &exec->start,
                                     .account = account,
                                     .cpus = affinity_of(exec->caller)};
    if (!exec->set_id)
        exec->program.tokens = process->tokens;
    int error = exec->set_id ? replace_sessions(exec) : 0;
    if (error == 0)
        error = program_prepare(&exec->program);
    if (error == 0)
        error = prepare_thread(exec);
    if (error == 0 && end_observe(process->pid, exec->kernel->process) < 0)
        error = LINUX_ENOMEM;
    return error;
}

static void abandon(struct exec *exec)
{
    if (exec->kernel != NULL && exec->kernel->process != HANDLE_NONE) {
        (void)native_process_end(exec->kernel->process, 0);
        server_close(exec->kernel->process);
    }
    if (exec->thread != NULL)
        server_close(exec->thread->handle);
    release(exec->thread);
    allowance_give_back(exec->counted, ALLOWANCE_PIDS);
    release(exec->kernel);
}

void exec_reset_signals(struct process *process)
{
    struct process_signal_page *page = process->signals;

    for (unsigned number = 1; number <= SIGNAL_LAST; number++) {
        if (page->disposition[number] != PROCESS_SIGNAL_IGNORE)
            page->disposition[number] = PROCESS_SIGNAL_DEFAULT;
    }
    memset(&page->layout, 0, sizeof(page->layout));
    page->no_child_stop = 0;
    page->no_child_wait = page->disposition[SIGNAL_CHLD] == PROCESS_SIGNAL_IGNORE;
}

/* Pids that still run in what this one leaves (a vfork under way) go with it. */
static void end_others(struct process *process)
{
    list_for_each_safe (&process->kernel->members, node) {
        struct process *other = container_of_process(node, kernel_link);
        if (other != process)
            process_terminate(other, SIGNAL_KILL);
    }
}

static void leave_old(struct process *process)
{
    struct kernel_process *old = process->kernel;

    if (old->observer != process->pid) {
        end_leave_shared(process);
        return;
    }
    end_others(process);
    end_finish_left();
    end_keep_times(process);
    (void)native_process_end(old->process, 0);
    server_close(old->process);
    list_remove(&process->kernel_link);
    release(old);
}

static void end_threads(struct process *process)
{
    list_for_each_safe (&process->threads, node) {
        struct thread *thread = container_of_thread(node);
        server_close(thread->handle);
        thread_destroy(thread);
    }
}

/* What the process is told about itself changes with the program. */
static void enter_program(struct exec *exec)
{
    struct process *process = exec->process;

    info_begin(process);
    process->info->secure = 0;
    info_end(process);
    if (exec->set_id) {
        credentials_enter_program(process, &exec->file);
        process->death_signal = 0;
    }
    process->dumpable = !exec->set_id;
    process->has_run_program = true;
    timer_delete_all(process);
    process->account = exec->program.account;
    if (exec->counted != NULL) {
        allowance_give_back(process->allowances, ALLOWANCE_PIDS);
        process->allowances = exec->counted;
    }
    release(process->path);
    process->path = exec->path;
    exec->path = NULL;
    program_set_name(process, exec->name, strlen(exec->name));
    exec_reset_signals(process);
    if (process->vforked)
        effect_raise(process->parent, PROCESS_VFORK_DONE);
    process->vforked = false;
}

/* The second half: there is no way back. */
static void commit(struct exec *exec)
{
    struct process *process = exec->process;

    signal_inherit(process, exec->caller);
    leave_old(process);
    kernel_process_join(exec->kernel, process);
    process->at = exec->program.at;
    process->tokens = exec->program.tokens;
    end_threads(process);
    enter_program(exec);
    thread_place(exec->thread, process, process->pid, 0);
    process->signals->threads[0].mask = exec->start.blocked;
    (void)native_thread_resume(exec->thread->handle);
    signal_examine(process);
}

enum answer exec_serve(struct thread *caller, struct message *message)
{
    struct exec exec = {.process = caller->process, .caller = caller};
    bool asks_for_set_id = message->words[0] != 0;

    int error = take_request(&exec, message);
    if (error == 0)
        error = read_start(&exec);
    if (error == 0 && asks_for_set_id)
        error = check_set_id(&exec);
    if (error == 0)
        error = prepare(&exec);
    if (error != 0) {
        abandon(&exec);
        close_request(&exec);
        message_begin(message, (uint32_t)error);
        return ANSWER_REPLY;
    }
    commit(&exec);
    close_request(&exec);
    return ANSWER_NONE;
}
