/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * One function for each operation, found by its label. The caller is who the
 * kernel says it is; a handler reads the words as they came and writes those of
 * the reply, and returns the error for its label.
 */
#include "request.h"

#include <base/errno.h>
#include <base/text.h>
#include <trellis/native.h>

#include "affinity.h"
#include "alarm.h"
#include "credentials.h"
#include "end.h"
#include "exec.h"
#include "family.h"
#include "host_name.h"
#include "job.h"
#include "kill.h"
#include "limits.h"
#include "machine_log.h"
#include "mounts.h"
#include "power.h"
#include "program.h"
#include "server.h"
#include "terminal.h"
#include "timer.h"
#include "totals.h"

struct request {
    struct thread *thread;
    struct process *process;
    uint64_t words[MESSAGE_WORDS]; /* as they came */
    size_t text_length;
    unsigned handle_count;
    struct frame *frame;
    /* The reply */
    uint64_t *reply;
    size_t reply_text;
    unsigned reply_handles;
    bool unanswered; /* the caller is gone */
};

static bool take_text(const struct request *request, void *to, size_t size)
{
    if (request->text_length != size)
        return false;
    memcpy(to, frame_text(request->frame), size);
    return true;
}

static void put_text(struct request *request, const void *bytes, size_t size)
{
    memcpy(frame_text(request->frame), bytes, size);
    request->reply_text = size;
}

static void put_handle(struct request *request, handle_t handle, uint32_t rights, uint32_t flags)
{
    request->frame->handles[request->reply_handles++] =
        (struct message_handle){.handle = handle, .rights = rights, .flags = flags};
}

static struct process *target_of(const struct request *request, uint64_t pid)
{
    return pid == 0 ? request->process : process_find((uint32_t)pid);
}

static int serve_exit(struct request *request)
{
    process_terminate(request->process, (int32_t)request->words[0] & 0xffff);
    request->unanswered = true;
    return 0;
}

static int serve_thread_exit(struct request *request)
{
    if (request->process->thread_count == 1)
        return serve_exit(request);
    server_close(request->thread->handle);
    thread_destroy(request->thread);
    return 0;
}

static int serve_wait(struct request *request)
{
    struct wait_request wanted = {.which = (uint32_t)request->words[0],
                                  .id = (uint32_t)request->words[1],
                                  .options = (uint32_t)request->words[2]};
    struct wait_answer answer;

    if ((request->words[3] & 1) == 0)
        wanted.options |= WAIT_EXITED;
    int error = family_wait(request->process, &wanted, &answer);
    if (error != 0)
        return error;
    request->reply[0] = answer.pid;
    request->reply[1] = (uint32_t)answer.status;
    request->reply[2] = answer.uid;
    put_text(request, &answer.usage, sizeof(answer.usage));
    return 0;
}

/* A queued signal's cause is the sender's own tale, but for who sends it and that it is no kernel's. */
static int take_queued(struct request *request, struct process_signal *signal, bool to_self)
{
    if (!take_text(request, signal, sizeof(*signal)))
        return LINUX_EINVAL;
    if (!to_self && (signal->code >= 0 || signal->code == SIGNAL_CODE_THREAD))
        return LINUX_EPERM;
    return 0;
}

static int serve_kill(struct request *request)
{
    struct process_signal signal = {.code = request->words[2] == 0 ? SIGNAL_CODE_USER
                                                                   : SIGNAL_CODE_THREAD};
    struct kill_request wanted = {
        .pid = (int32_t)request->words[0], .tid = (uint32_t)request->words[2], .signal = &signal};
    int error = 0;

    if ((request->words[3] & 1) != 0)
        error = take_queued(request, &signal, (uint32_t)wanted.pid == request->process->pid);
    if (error != 0)
        return error;
    signal.number = (int32_t)request->words[1];
    signal.pid = request->process->pid;
    signal.uid = request->process->info->uid;
    return kill_send(request->process, &wanted);
}

static int serve_take_signal(struct request *request)
{
    struct process_signal signal;
    int error =
        signal_take(request->thread, request->words[0], (request->words[1] & 1) != 0, &signal);

    if (error == 0)
        put_text(request, &signal, sizeof(signal));
    return error;
}

static int serve_set_group(struct request *request)
{
    if ((int32_t)request->words[1] < 0)
        return LINUX_EINVAL;
    return job_set_group(request->process, (uint32_t)request->words[0],
                         (uint32_t)request->words[1]);
}

static int serve_set_session(struct request *request)
{
    return job_set_session(request->process);
}

static int serve_get_group(struct request *request)
{
    const struct process *target = target_of(request, request->words[0]);

    if (target == NULL)
        return LINUX_ESRCH;
    request->reply[0] = target->info->group;
    request->reply[1] = target->info->session;
    request->reply[2] = target->info->uid;
    return 0;
}

/* Sessions with the credentials as they are now, in the place of those that came. */
static void renew_sessions(struct request *request)
{
    struct fs_credentials credentials;
    handle_t old[MESSAGE_HANDLES], new[MESSAGE_HANDLES];
    unsigned count = request->handle_count;

    credentials_for_files(request->process->info, &credentials);
    for (unsigned i = 0; i < count; i++)
        old[i] = request->frame->handles[i].handle;
    for (unsigned i = 0; i < count; i++) {
        if (mounts_renew(old[i], &credentials, &new[i]) == 0)
            server_close(old[i]);
        else
            new[i] = old[i];
    }
    for (unsigned i = 0; i < count; i++)
        put_handle(request, new[i], RIGHT_SAME, MESSAGE_HANDLE_MOVE);
    request->handle_count = 0;
}

static int serve_set_credentials(struct request *request)
{
    uint32_t groups[FS_GROUPS];
    struct credentials_change change = {
        .call = (uint32_t)request->words[0],
        .ids = {(uint32_t)request->words[1], (uint32_t)request->words[2],
                (uint32_t)request->words[3]},
        .group_count = (uint32_t)(request->text_length / sizeof(uint32_t)),
        .groups = groups,
    };

    if (request->text_length > sizeof(groups))
        return LINUX_EINVAL;
    memcpy(groups, frame_text(request->frame), request->text_length);
    int error = credentials_change(request->process, &change);
    if (error == 0)
        renew_sessions(request);
    return error;
}

static int serve_limit(struct request *request)
{
    struct process *target = target_of(request, request->words[0]);
    uint64_t which = request->words[1];
    uint64_t old[2], limit[2];

    if (target == NULL || target->kernel == NULL)
        return LINUX_ESRCH;
    if (which >= LIMIT_COUNT)
        return LINUX_EINVAL;
    if (!limits_may_change(request->process, target))
        return LINUX_EPERM;
    memcpy(old, target->info->limits[which], sizeof(old));
    if (request->words[2] == 1) {
        if (!take_text(request, limit, sizeof(limit)))
            return LINUX_EINVAL;
        int error = limits_set(request->process, target, (uint32_t)which, limit);
        if (error != 0)
            return error;
    }
    put_text(request, old, sizeof(old));
    return 0;
}

static int serve_priority(struct request *request)
{
    struct nice_request wanted = {.which = (uint32_t)request->words[0],
                                  .who = (uint32_t)request->words[1],
                                  .set = request->words[2] == 1,
                                  .nice = (int32_t)request->words[3]};
    int32_t lowest = 0;
    int error = nice_change(request->process, &wanted, &lowest);

    request->reply[0] = (uint64_t)(int64_t)lowest;
    return error;
}

static int serve_affinity(struct request *request)
{
    return affinity_serve(request->thread, request->words, request->reply);
}

static int serve_usage(struct request *request)
{
    enum { OWN = 0, CHILDREN = 1, THREAD = 2 };
    struct process_usage usage = {0};

    if (request->words[0] > THREAD)
        return LINUX_EINVAL;
    if (request->words[0] == OWN)
        end_measure(request->process, &usage);
    else if (request->words[0] == CHILDREN)
        usage = request->process->children_usage;
    else
        end_measure_thread(request->thread, &usage);
    put_text(request, &usage, sizeof(usage));
    return 0;
}

static int serve_timer(struct request *request)
{
    struct alarm_setting old, wanted = {request->words[0], request->words[1]};
    bool only_ask = (request->words[2] & 1) != 0;
    int error = alarm_set(request->process, request->words[3], only_ask ? NULL : &wanted, &old);

    request->reply[0] = old.left_ns;
    request->reply[1] = old.interval_ns;
    return error;
}

static int serve_clock_timer(struct request *request)
{
    struct process_timer given;
    bool has = take_text(request, &given, sizeof(given));

    return timer_serve(request->process, request->words, has ? &given : NULL, request->reply);
}

static int serve_terminal(struct request *request)
{
    struct terminal_state wanted = {.rdev = (uint32_t)request->words[0],
                                    .group = (uint32_t)request->words[2]};
    struct terminal_state state = {0};

    if (request->words[1] == PROCESS_TERMINAL_BACKGROUND)
        return job_background(request->process, wanted.rdev, wanted.group);
    int error = job_terminal(request->process, (uint32_t)request->words[1], &wanted, &state);
    request->reply[0] = state.session;
    request->reply[1] = state.group;
    return error;
}

static int serve_mount(struct request *request)
{
    struct fs_credentials credentials;
    handle_t session = HANDLE_NONE;

    if (request->words[0] == 0) {
        request->reply_text = mounts_pack(frame_text(request->frame), MESSAGE_TEXT_SIZE);
        return 0;
    }
    credentials_for_files(request->process->info, &credentials);
    int error = mounts_open_root((uint32_t)request->words[0], &credentials, &session);
    if (error == 0)
        put_handle(request, session, RIGHT_SAME, MESSAGE_HANDLE_MOVE);
    return error;
}

static int serve_power(struct request *request)
{
    if (request->process->info->euid != 0)
        return LINUX_EPERM;
    if (request->words[0] > PROCESS_POWER_RESTART)
        return LINUX_EINVAL;
    power_request((enum process_power)request->words[0]);
    return 0;
}

static int serve_set_time(struct request *request)
{
    return totals_set_real_time(request->process->info->euid, request->words[0]);
}

static int serve_log(struct request *request)
{
    return machine_log_serve(request->process->info->euid, request->words, request->reply,
                             frame_text(request->frame), &request->reply_text);
}

static int serve_name(struct request *request)
{
    unsigned which = (unsigned)request->words[0];
    const char *name = host_name_get(which);

    if (name == NULL)
        return LINUX_EINVAL;
    if (request->text_length == 0) {
        put_text(request, name, strlen(name));
        return 0;
    }
    if (request->process->info->euid != 0)
        return LINUX_EPERM;
    return host_name_set(which, frame_text(request->frame), request->text_length) ? 0
                                                                                  : LINUX_EINVAL;
}

static int serve_thread_name(struct request *request)
{
    thread_rename(request->thread, frame_text(request->frame), request->text_length);
    return 0;
}

static int serve_open_pid(struct request *request)
{
    struct process *target = process_find((uint32_t)request->words[0]);

    if (target == NULL || target->pid == PID_INIT)
        return LINUX_ESRCH;
    handle_t event = end_event(target);
    if (event == HANDLE_NONE)
        return LINUX_ENOMEM;
    put_handle(request, event, RIGHT_COPY | RIGHT_MOVE | RIGHT_WAIT | RIGHT_INSPECT, 0);
    return 0;
}

static int serve_totals(struct request *request)
{
    struct process_totals totals;

    totals_get(&totals);
    put_text(request, &totals, sizeof(totals));
    return 0;
}

static int serve_set_dumpable(struct request *request)
{
    if (request->words[0] > 1)
        return LINUX_EINVAL;
    request->process->dumpable = request->words[0] == 1;
    return 0;
}

static int serve_set_family(struct request *request)
{
    enum { SUBREAPER = 1, DEATH_SIGNAL = 2 };

    if (request->words[0] == SUBREAPER) {
        request->process->subreaper = request->words[1] != 0;
        return 0;
    }
    if (request->words[0] != DEATH_SIGNAL || request->words[1] > SIGNAL_LAST)
        return LINUX_EINVAL;
    request->process->death_signal = (uint32_t)request->words[1];
    return 0;
}

typedef int (*handler)(struct request *request);

/* Those that answer more than once, or never, stand apart. */
static const handler handlers[] = {
    [PROCESS_THREAD_EXIT] = serve_thread_exit,
    [PROCESS_EXIT] = serve_exit,
    [PROCESS_WAIT] = serve_wait,
    [PROCESS_KILL] = serve_kill,
    [PROCESS_TAKE_SIGNAL] = serve_take_signal,
    [PROCESS_SET_GROUP] = serve_set_group,
    [PROCESS_SET_SESSION] = serve_set_session,
    [PROCESS_GET_GROUP] = serve_get_group,
    [PROCESS_SET_CREDENTIALS] = serve_set_credentials,
    [PROCESS_LIMIT] = serve_limit,
    [PROCESS_PRIORITY] = serve_priority,
    [PROCESS_USAGE] = serve_usage,
    [PROCESS_TIMER] = serve_timer,
    [PROCESS_CLOCK_TIMER] = serve_clock_timer,
    [PROCESS_TERMINAL] = serve_terminal,
    [PROCESS_MOUNT] = serve_mount,
    [PROCESS_POWER] = serve_power,
    [PROCESS_NAME] = serve_name,
    [PROCESS_THREAD_NAME] = serve_thread_name,
    [PROCESS_OPEN_PID] = serve_open_pid,
    [PROCESS_TOTALS] = serve_totals,
    [PROCESS_SET_DUMPABLE] = serve_set_dumpable,
    [PROCESS_SET_FAMILY] = serve_set_family,
    [PROCESS_AFFINITY] = serve_affinity,
    [PROCESS_SET_TIME] = serve_set_time,
    [PROCESS_LOG] = serve_log,
};

static enum answer serve_usual(struct thread *thread, struct message *message, uint32_t label)
{
    struct request request = {
        .thread = thread,
        .process = thread->process,
        .text_length = message_text_length(message->information),
        .handle_count = message_handle_count(message->information),
        .frame = ipc_frame(),
        .reply = message->words,
    };
    handle_t handles[MESSAGE_HANDLES];

    for (unsigned i = 0; i < request.handle_count; i++)
        handles[i] = request.frame->handles[i].handle;
    unsigned came = request.handle_count;
    memcpy(request.words, message->words, sizeof(request.words));
    memset(message->words, 0, sizeof(message->words));
    int error = handlers[label](&request);
    if (request.handle_count != 0) {
        for (unsigned i = 0; i < came; i++)
            server_close(handles[i]);
    }
    if (request.unanswered)
        return ANSWER_NONE;
    message->information =
        message_information((uint32_t)error, request.reply_handles, (unsigned)request.reply_text);
    return ANSWER_REPLY;
}

static enum answer refuse(struct message *message, int error)
{
    for (unsigned i = 0; i < message_handle_count(message->information); i++)
        server_close(ipc_frame()->handles[i].handle);
    message_begin(message, (uint32_t)error);
    return ANSWER_REPLY;
}

enum answer request_serve(struct message *message)
{
    struct thread *thread = thread_find((uint32_t)(message->identity >> 32));
    uint32_t label = message_label(message->information);

    if (thread == NULL || thread->process->pid != (uint32_t)message->identity ||
        !process_is_alive(thread->process))
        return refuse(message, LINUX_ESRCH);
    switch (label) {
    case PROCESS_FORK:
        return clone_fork(thread, message);
    case PROCESS_THREAD:
        return clone_thread(thread, message);
    case PROCESS_EXEC:
        return exec_serve(thread, message);
    case PROCESS_OPEN_TERMINAL:
        return terminal_open(thread, message);
    }
    if (label >= sizeof(handlers) / sizeof(handlers[0]) || handlers[label] == NULL)
        return refuse(message, LINUX_ENOSYS);
    return serve_usual(thread, message, label);
}
