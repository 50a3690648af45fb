/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* Waiting for children. */
#include <posix/wait.h>

#include <base/errno.h>
#include <base/text.h>
#include <posix/calls.h>
#include <posix/copy.h>
#include <posix/linux/process.h>
#include <posix/pidfd.h>
#include <posix/request.h>
#include <posix/signal.h>
#include <posix/task.h>
#include <posix/usage.h>
#include <trellis/native.h>

#define WAIT4_OPTIONS                                                                              \
    (LINUX_WNOHANG | LINUX_WUNTRACED | LINUX_WCONTINUED | LINUX_WNOTHREAD | LINUX_WALL |           \
     LINUX_WCLONE)
#define WAITID_OPTIONS                                                                             \
    (LINUX_WNOHANG | LINUX_WUNTRACED | LINUX_WEXITED | LINUX_WCONTINUED | LINUX_WNOWAIT |          \
     LINUX_WNOTHREAD | LINUX_WALL | LINUX_WCLONE)

struct child_wait {
    uint64_t type, id;
    uint32_t options;
    bool is_waitid;
};

struct child_report {
    uint32_t pid, uid; /* pid 0: nobody has changed (WNOHANG) */
    int32_t status;
    struct process_usage usage;
};

static int ask(struct task *task, const struct child_wait *wait, struct child_report *report)
{
    struct message message;

    message_begin(&message, PROCESS_WAIT);
    message.words[0] = wait->type;
    message.words[1] = wait->id;
    message.words[2] = wait->options;
    message.words[3] = wait->is_waitid;
    int error = request_process(task, &message);
    if (error != 0)
        return error;
    report->pid = (uint32_t)message.words[0];
    report->status = (int32_t)message.words[1];
    report->uid = (uint32_t)message.words[2];
    if (message_text_length(message.information) == sizeof(report->usage))
        memcpy(&report->usage, frame_text(task->frame), sizeof(report->usage));
    return 0;
}

/* The event is cleared before the server is asked, so that no change is missed. */
static int wait_for_child(struct task *task, const struct child_wait *wait,
                          struct child_report *report)
{
    handle_t event = task->group->child_event;

    memset(report, 0, sizeof(*report));
    for (;;) {
        (void)native_event_signal(event, PROCESS_CHILD_CHANGED, 0);
        int error = ask(task, wait, report);
        if (error != -LINUX_EAGAIN)
            return error;
        if ((wait->options & LINUX_WNOHANG) != 0)
            return 0;
        int64_t waited = wait_for(task, event, PROCESS_CHILD_CHANGED, DEADLINE_NEVER);
        if (waited < 0)
            return (int)waited;
    }
}

static int store_usage(const struct child_report *report, uint64_t address)
{
    return address == 0 ? 0 : usage_store(&report->usage, address);
}

int64_t linux_wait4(struct task *task, const struct wait4_arguments *arguments)
{
    struct child_report report;
    int32_t pid = arguments->pid;
    struct child_wait wait = {.options = arguments->options};

    if ((arguments->options & ~WAIT4_OPTIONS) != 0)
        return -LINUX_EINVAL;
    if (pid == INT32_MIN)
        return -LINUX_ESRCH;
    if (pid > 0) {
        wait.type = LINUX_P_PID;
        wait.id = (uint64_t)pid;
    } else if (pid != -1) {
        wait.type = LINUX_P_PGID;
        wait.id = pid == 0 ? task->group->info->group : (uint64_t) - (int64_t)pid;
    }
    int error = wait_for_child(task, &wait, &report);
    if (error != 0 || report.pid == 0)
        return error;
    if (arguments->status != 0 &&
        copy_to_program(arguments->status, &report.status, sizeof(report.status)) != 0)
        return -LINUX_EFAULT;
    error = store_usage(&report, arguments->usage);
    return error != 0 ? error : report.pid;
}

static void describe(const struct child_report *report, struct linux_siginfo *information)
{
    int32_t status = report->status;

    memset(information, 0, sizeof(*information));
    information->number = LINUX_SIGCHLD;
    information->child.pid = report->pid;
    information->child.uid = report->uid;
    if (status == 0xffff) {
        information->code = LINUX_CLD_CONTINUED;
        information->child.status = LINUX_SIGCONT;
    } else if ((status & 0xff) == 0x7f) {
        information->code = LINUX_CLD_STOPPED;
        information->child.status = status >> 8;
    } else if ((status & 0x7f) != 0) {
        bool dumped = (status & LINUX_STATUS_CORE) != 0;
        information->code = dumped ? LINUX_CLD_DUMPED : LINUX_CLD_KILLED;
        information->child.status = status & 0x7f;
    } else {
        information->code = LINUX_CLD_EXITED;
        information->child.status = status >> 8;
    }
}

static int fill_wait(struct task *task, const struct waitid_arguments *arguments,
                     struct child_wait *wait)
{
    uint32_t events = LINUX_WEXITED | LINUX_WUNTRACED | LINUX_WCONTINUED;

    if ((arguments->options & ~WAITID_OPTIONS) != 0 || (arguments->options & events) == 0)
        return -LINUX_EINVAL;
    *wait = (struct child_wait){
        .type = (uint64_t)arguments->type,
        .id = (uint64_t)(int64_t)arguments->id,
        .options = arguments->options,
        .is_waitid = true,
    };
    if (arguments->type == LINUX_P_PIDFD) {
        int64_t pid = pidfd_pid(task, arguments->id);
        wait->type = LINUX_P_PID;
        wait->id = (uint64_t)pid;
        return pid < 0 ? (int)pid : 0;
    }
    if (arguments->type == LINUX_P_PGID && arguments->id == 0)
        wait->id = task->group->info->group;
    bool known = arguments->type == LINUX_P_ALL ||
                 (arguments->type == LINUX_P_PID && arguments->id > 0) ||
                 (arguments->type == LINUX_P_PGID && arguments->id >= 0);
    return known ? 0 : -LINUX_EINVAL;
}

int64_t linux_waitid(struct task *task, const struct waitid_arguments *arguments)
{
    struct child_report report;
    struct child_wait wait;
    struct linux_siginfo information = {0};
    int error = fill_wait(task, arguments, &wait);

    if (error == 0)
        error = wait_for_child(task, &wait, &report);
    if (error != 0)
        return error;
    if (report.pid != 0)
        describe(&report, &information);
    if (arguments->information != 0 &&
        copy_to_program(arguments->information, &information, sizeof(information)) != 0)
        return -LINUX_EFAULT;
    return store_usage(&report, arguments->usage);
}
