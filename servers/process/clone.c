/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Fork: the caller waits for our answer while the kernel clones its process, so
 * parent and child wait in the same call and each is answered by itself.
 */
#include "clone.h"

#include <base/errno.h>
#include <base/heap.h>
#include <base/text.h>
#include <trellis/native.h>

#include "accounts.h"
#include "affinity.h"
#include "cpu_clock.h"
#include "effects.h"
#include "end.h"
#include "limits.h"
#include "pages.h"
#include "program.h"
#include "server.h"

/* The header of the signal page, and none of its threads. */
static void copy_signal_page(struct process *child, const struct process *parent)
{
    memcpy(child->signals, parent->signals, offsetof(struct process_signal_page, threads));
}

static bool is_over_limit(const struct process *process)
{
    uint64_t limit = process->info->limits[LIMIT_PROCESSES][0];
    return process->info->uid != 0 && limit != LIMIT_NONE &&
           limits_count_threads(process->info->uid) >= limit;
}

/* A child in the table with pages, that counts for the account. */
static struct process *create_counted(struct process *parent, struct account *account)
{
    struct allowances *allowances = account_allowances(account);
    struct process_pages pages;

    if (!allowance_take(allowances, ALLOWANCE_PIDS))
        return NULL;
    bool has_pages = pages_take(&pages, parent->info->uid == 0);
    struct process *child = has_pages ? process_create(parent, &pages) : NULL;
    if (child == NULL) {
        allowance_give_back(allowances, ALLOWANCE_PIDS);
        if (has_pages)
            pages_release(&pages);
        return NULL;
    }
    child->account = account;
    child->allowances = allowances;
    return child;
}

/* A child in the table with pages, event and account, and nothing that runs. */
static struct process *create_child(struct process *parent, bool sibling)
{
    struct account *account = account_of_user(parent->info->uid);

    if (account == NULL || is_over_limit(parent))
        return NULL;
    struct process *child = create_counted(parent, account);
    int64_t event = child == NULL ? 0 : native_event_create(account_handle(account), 0, 0);
    if (event < 0)
        process_destroy(child);
    if (child == NULL || event < 0)
        return NULL;
    struct process *family = sibling && parent->parent->kernel != NULL ? parent->parent : parent;
    if (family != parent) {
        list_remove(&child->sibling);
        list_push_back(&family->children, &child->sibling);
        child->parent = family;
        child->info->parent = family->pid;
    }
    child->child_event = (handle_t)event;
    child->tokens = parent->tokens;
    child->at = parent->at;
    child->dumpable = parent->dumpable;
    child->traced = parent->traced;
    child->start_ns = server_clock_ns();
    memcpy(child->name, parent->name, sizeof(child->name));
    copy_signal_page(child, parent);
    return child;
}

static bool copy_path(struct process *child, const struct process *parent)
{
    size_t size = parent->path == NULL ? 0 : strlen(parent->path) + 1;

    child->path = size == 0 ? NULL : allocate(size);
    if (child->path != NULL)
        memcpy(child->path, parent->path, size);
    return size == 0 || child->path != NULL;
}

/* A child in a kernel process of its own, which nobody knows yet. */
static void discard(struct process *child)
{
    struct kernel_process *kernel = child->kernel;

    process_destroy(child);
    release(kernel);
}

static void answer(handle_t reply, struct message *message)
{
    /* A parent that has been killed meanwhile does not mind. */
    if (ipc_reply(reply, message) < 0)
        server_close(reply);
}

/* The reply to the child, with its own handles; false: they cannot be given. */
static bool prepare_answer(const struct process *child, struct message *message)
{
    handle_t kernel = child->kernel->process;

    message_begin(message, 0);
    message->information |= MESSAGE_LONG;
    message->words[1] = child->pid;
    message->words[2] = program_give_self(kernel);
    message->words[3] = program_give_child_event(kernel, child->child_event);
    message->words[4] = program_give_account(kernel, child->account);
    return message->words[2] != HANDLE_NONE && message->words[3] != HANDLE_NONE &&
           message->words[4] != HANDLE_NONE;
}

/* The kernel has cloned: make the child complete. False: it must go. */
static bool adopt_clone(struct process *child, const struct process_clone_result *result,
                        struct message *message)
{
    child->kernel->process = result->process;
    struct thread *thread = process_first_thread(child);
    thread->handle = result->thread;
    if (cpu_timer_is_armed(child))
        cpu_clock_watch();
    return pages_map(child, result->process, &child->at) >= 0 && prepare_answer(child, message) &&
           end_observe(child->pid, result->process) >= 0;
}

/* The clone itself, which is answered; on failure nothing is left of the child. */
static int clone_into(struct thread *caller, struct process *child, handle_t reply)
{
    struct process_clone_result result;
    struct message message;

    int64_t done = native_process_clone(caller->process->kernel->process, reply,
                                        account_handle(child->account),
                                        process_identity(child->pid, child->pid), &result);
    if (done < 0) {
        discard(child);
        return server_error(done);
    }
    if (adopt_clone(child, &result, &message)) {
        answer(result.reply, &message);
        return 0;
    }
    (void)native_process_end(result.process, 0);
    server_close(result.reply);
    server_close(result.thread);
    server_close(result.process);
    discard(child);
    return LINUX_ENOMEM;
}

static int prepare_child(struct thread *caller, const struct message *message,
                         struct process **result)
{
    bool sibling = (message->words[0] & PROCESS_CLONE_PARENT) != 0;
    struct process *child = create_child(caller->process, sibling);

    if (child == NULL)
        return LINUX_EAGAIN;
    child->exit_signal = (uint32_t)message->words[1];
    struct kernel_process *kernel = kernel_process_create(HANDLE_NONE, child->pid);
    if (kernel != NULL)
        kernel_process_join(kernel, child);
    struct thread *thread = thread_create_at(child, child->pid, caller->slot);
    if (kernel == NULL || thread == NULL || !copy_path(child, caller->process)) {
        discard(child);
        return LINUX_ENOMEM;
    }
    child->signals->threads[caller->slot].mask =
        caller->process->signals->threads[caller->slot].mask;
    *result = child;
    return 0;
}

enum answer clone_fork(struct thread *caller, struct message *message)
{
    struct process *child = NULL;

    int error = prepare_child(caller, message, &child);
    int64_t reply = error != 0 ? 0 : native_reply_take();
    if (reply < 0) {
        discard(child);
        error = LINUX_ENOMEM;
    }
    if (error != 0) {
        message_begin(message, (uint32_t)error);
        return ANSWER_REPLY;
    }
    error = clone_into(caller, child, (handle_t)reply);
    uint32_t pid = error == 0 ? child->pid : 0;
    message_begin(message, (uint32_t)error);
    message->words[0] = pid;
    answer((handle_t)reply, message);
    return ANSWER_NONE;
}

static void undo_thread(struct thread *thread)
{
    struct process *process = thread->process;
    bool is_new = process->vforked && process->thread_count == 1;

    if (!is_new) {
        thread_destroy(thread);
        return;
    }
    pages_unmap(&process->at, process->kernel->process);
    process_destroy(process);
}

/* A new pid in the caller's kernel process, until it execs. */
static int share_kernel_process(struct thread *caller, const struct process_thread *wanted,
                                struct thread **thread, handle_t *child_event)
{
    struct process *parent = caller->process;
    struct process *child = create_child(parent, false);

    if (child == NULL)
        return LINUX_EAGAIN;
    child->exit_signal = wanted->exit_signal;
    child->vforked = true;
    *thread = thread_create_at(child, child->pid, 0);
    child->at = (struct page_addresses){0};
    if (*thread == NULL || pages_map(child, parent->kernel->process, &child->at) < 0) {
        process_destroy(child);
        return LINUX_ENOMEM;
    }
    kernel_process_join(parent->kernel, child);
    if (copy_path(child, parent))
        *child_event = program_give_child_event(parent->kernel->process, child->child_event);
    if (*child_event == HANDLE_NONE) {
        undo_thread(*thread);
        return LINUX_ENOMEM;
    }
    return 0;
}

/* Tell who it is before it runs. */
static int start_thread(const struct thread *caller, struct thread *thread,
                        const struct process_thread *wanted,
                        const struct process_thread_result *result)
{
    handle_t kernel_process = thread->process->kernel->process;
    struct thread_start start = {
        .pc = wanted->pc,
        .sp = wanted->sp,
        .argument = wanted->argument,
        .tls = wanted->tls,
        .identity = process_identity(thread->process->pid, thread->tid),
        .priority = PRIORITY_NORMAL,
        .weight = nice_weight(thread->process->info->nice),
        .cpus = affinity_of(caller),
    };
    int64_t done = wanted->result == 0 ? (int64_t)sizeof(*result)
                                       : native_process_write(kernel_process, wanted->result,
                                                              result, sizeof(*result));
    if (done != sizeof(*result))
        return done < 0 ? server_error(done) : LINUX_EFAULT;
    done = native_thread_create(kernel_process, &start);
    if (done < 0)
        return LINUX_EAGAIN;
    thread->handle = (handle_t)done;
    return 0;
}

enum answer clone_thread(struct thread *caller, struct message *message)
{
    struct process_thread wanted;
    struct process_thread_result result = {0};
    struct thread *thread = NULL;
    int error = 0;

    if (message_text_length(message->information) != sizeof(wanted)) {
        message_begin(message, LINUX_EINVAL);
        return ANSWER_REPLY;
    }
    memcpy(&wanted, frame_text(ipc_frame()), sizeof(wanted));
    if ((wanted.flags & PROCESS_THREAD_NEW_PID) != 0) {
        error = share_kernel_process(caller, &wanted, &thread, &result.child_event);
    } else {
        thread = is_over_limit(caller->process) ? NULL : thread_create(caller->process, 0);
        error = thread == NULL ? LINUX_EAGAIN : 0;
    }
    if (error == 0) {
        thread->process->signals->threads[thread->slot].mask =
            caller->process->signals->threads[caller->slot].mask;
        result.tid = thread->tid;
        result.pid = thread->process->pid;
        result.slot = thread->slot;
        result.info = thread->process->at.info;
        result.signals = thread->process->at.signals;
        error = start_thread(caller, thread, &wanted, &result);
        if (error != 0)
            undo_thread(thread);
    }
    message_begin(message, (uint32_t)error);
    message->words[0] = result.tid;
    message->words[1] = result.child_event; /* after an error the caller's, to close */
    if (error == 0)
        message_copy_text(message, ipc_frame(), &result, sizeof(result));
    return ANSWER_REPLY;
}
