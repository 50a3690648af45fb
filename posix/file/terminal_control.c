/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * ioctl of terminals: settings and size at the tty server, sessions and groups
 * at the process server.
 */
#include "terminal.h"

#include <base/errno.h>
#include <base/text.h>
#include <posix/copy.h>
#include <posix/linux/ioctl.h>
#include <posix/linux/signal.h>
#include <posix/request.h>
#include <posix/signal.h>
#include <posix/task.h>
#include <posix/wait.h>
#include <protocols/tty.h>

/* Of struct tty_settings: TCGETS and TCSETS have no speeds, TCGETS2 and TCSETS2 have all of it. */
#define TERMIOS_SIZE 36
#define TERMIOS2_SIZE sizeof(struct tty_settings)

/* A request whose reply's text goes to the program. */
static int64_t fetch(struct task *task, struct file *file, uint32_t label, uint64_t address,
                     size_t size)
{
    struct message message;

    message_begin(&message, label);
    int error = terminal_request(task, file, &message);
    if (error != 0)
        return error;
    if (message_text_length(message.information) < size)
        return -LINUX_EIO;
    return copy_to_program(address, frame_text(task->frame), size);
}

/* A request that a background group is stopped for. */
static int64_t change(struct task *task, struct file *file, struct message *message)
{
    int error = terminal_request(task, file, message);
    return error == -LINUX_EBUSY ? terminal_background(task, file, LINUX_SIGTTOU) : error;
}

/* The caller's group as a request carries it: 0 for who ignores or blocks SIGTTOU. */
static uint32_t asking_group(struct task *task, const struct file *file)
{
    bool ignored = task->actions->actions[LINUX_SIGTTOU].handler == LINUX_SIG_IGN ||
                   (task_mask(task) & SIGNAL_BIT(LINUX_SIGTTOU)) != 0;
    return ignored ? 0 : terminal_group(task, file);
}

static int64_t set_settings(struct task *task, struct file *file, uint32_t when, uint64_t address,
                            size_t size)
{
    struct tty_settings settings;
    struct message message;

    int64_t error = fetch(task, file, TTY_GET_SETTINGS, address, 0);
    if (error != 0)
        return error;
    memcpy(&settings, frame_text(task->frame), sizeof(settings));
    error = copy_from_program(&settings, address, size);
    if (error != 0)
        return error;
    message_begin(&message, TTY_SET_SETTINGS);
    message.words[0] = when;
    message.words[2] = asking_group(task, file);
    message_copy_text(&message, task->frame, &settings, sizeof(settings));
    return change(task, file, &message);
}

static int64_t set_size(struct task *task, struct file *file, uint64_t address)
{
    struct tty_size size;
    struct message message;

    int error = copy_from_program(&size, address, sizeof(size));
    if (error != 0)
        return error;
    message_begin(&message, TTY_SET_SIZE);
    message_copy_text(&message, task->frame, &size, sizeof(size));
    return terminal_request(task, file, &message);
}

static int64_t flush(struct task *task, struct file *file, uint64_t what)
{
    struct message message;

    if (what > 2)
        return -LINUX_EINVAL;
    message_begin(&message, TTY_FLUSH);
    message.words[0] = what + 1;
    message.words[2] = asking_group(task, file);
    return change(task, file, &message);
}

static int64_t control_flow(struct task *task, struct file *file, uint64_t what)
{
    struct message message;

    message_begin(&message, TTY_FLOW);
    message.words[0] = what;
    message.words[2] = asking_group(task, file);
    return change(task, file, &message);
}

/* tcdrain: look again every millisecond until nothing is left to be written. */
static int64_t drain(struct task *task, struct file *file)
{
    struct message message;

    for (;;) {
        message_begin(&message, TTY_STATE);
        int error = terminal_request(task, file, &message);
        if (error != 0 || message.words[3] == 0)
            return error;
        int64_t fired = wait_for(task, file->handles[TERMINAL_EVENT], TTY_HUNG_UP,
                                 wait_deadline(UINT64_C(1000000)));
        if (fired != 0)
            return fired < 0 ? fired : -LINUX_EIO;
    }
}

/* One word of STATE for the program. */
static int64_t fetch_state(struct task *task, struct file *file, unsigned word, uint64_t address)
{
    struct message message;

    message_begin(&message, TTY_STATE);
    int error = terminal_request(task, file, &message);
    if (error != 0)
        return error;
    uint32_t value = (uint32_t)message.words[word];
    return copy_to_program(address, &value, sizeof(value));
}

/* Session and group, of the caller's own terminal only. */
static int64_t fetch_own(struct task *task, struct file *file, unsigned word, uint64_t address)
{
    enum { PTMX = 5 << 8 | 2 };
    if (file->rdev != PTMX && task->group->info->terminal != file->rdev)
        return -LINUX_ENOTTY;
    return fetch_state(task, file, word, address);
}

static int job_request(struct task *task, const struct file *file, uint32_t what, uint32_t group)
{
    struct message message;

    message_begin(&message, PROCESS_TERMINAL);
    message.words[0] = file->rdev;
    message.words[1] = what;
    message.words[2] = group;
    return request_process(task, &message);
}

static bool is_background(struct task *task, struct file *file)
{
    struct message message;
    uint32_t group = asking_group(task, file);

    message_begin(&message, TTY_STATE);
    return group != 0 && terminal_request(task, file, &message) == 0 && message.words[1] != 0 &&
           message.words[1] != group;
}

static int64_t set_foreground(struct task *task, struct file *file, uint64_t address)
{
    uint32_t group;

    int error = copy_word_from_program(&group, address);
    if (error != 0)
        return error;
    if (is_background(task, file))
        return terminal_background(task, file, LINUX_SIGTTOU);
    if ((int32_t)group < 0)
        return -LINUX_EINVAL;
    return job_request(task, file, PROCESS_TERMINAL_FOREGROUND, group);
}

static int64_t lock_pair(struct task *task, struct file *file, uint64_t address)
{
    struct message message;
    uint32_t locked;

    int error = copy_word_from_program(&locked, address);
    if (error != 0)
        return error;
    message_begin(&message, TTY_LOCK_PTS);
    message.words[0] = locked != 0;
    return terminal_request(task, file, &message);
}

static int64_t control_settings(struct task *task, struct file *file, uint32_t request,
                                uint64_t argument)
{
    switch (request) {
    case LINUX_TCGETS:
        return fetch(task, file, TTY_GET_SETTINGS, argument, TERMIOS_SIZE);
    case LINUX_TCSETS:
    case LINUX_TCSETSW:
    case LINUX_TCSETSF:
        return set_settings(task, file, request - LINUX_TCSETS, argument, TERMIOS_SIZE);
    case LINUX_TCGETS2:
        return fetch(task, file, TTY_GET_SETTINGS, argument, TERMIOS2_SIZE);
    case LINUX_TCSETS2:
    case LINUX_TCSETSW2:
    case LINUX_TCSETSF2:
        return set_settings(task, file, request - LINUX_TCSETS2, argument, TERMIOS2_SIZE);
    case LINUX_TIOCGWINSZ:
        return fetch(task, file, TTY_GET_SIZE, argument, sizeof(struct tty_size));
    case LINUX_TIOCSWINSZ:
        return set_size(task, file, argument);
    case LINUX_TCFLSH:
        return flush(task, file, argument);
    case LINUX_TCXONC:
        return control_flow(task, file, argument);
    case LINUX_TCSBRK:
    case LINUX_TCSBRKP:
        return drain(task, file);
    default:
        return -LINUX_ENOTTY;
    }
}

int64_t terminal_control(struct task *task, struct file *file, uint32_t request, uint64_t argument)
{
    switch (request) {
    case LINUX_TIOCGPGRP:
        return fetch_own(task, file, 1, argument);
    case LINUX_TIOCGSID:
        return fetch_own(task, file, 0, argument);
    case LINUX_TIOCSPGRP:
        return set_foreground(task, file, argument);
    case LINUX_TIOCSCTTY:
        return job_request(task, file, PROCESS_TERMINAL_ACQUIRE, 0);
    case LINUX_TIOCNOTTY:
        return job_request(task, file, PROCESS_TERMINAL_LEAVE, 0);
    case LINUX_FIONREAD:
        return fetch_state(task, file, 2, argument);
    case LINUX_TIOCOUTQ:
        return fetch_state(task, file, 3, argument);
    case LINUX_TIOCGPTN:
        return fetch_state(task, file, 5, argument);
    case LINUX_TIOCSPTLCK:
        return lock_pair(task, file, argument);
    default:
        return control_settings(task, file, request, argument);
    }
}
