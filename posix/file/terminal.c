/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Terminals. The tty server answers at once; what cannot be done now is waited
 * for here, by the event that came with the session. Reads and writes carry a
 * number that no other request of this thread has, so that one that is repeated
 * after the server's restart is carried out once.
 */
#include "terminal.h"

#include <posix/linux/process.h>
#include <posix/linux/signal.h>
#include <posix/request.h>
#include <posix/signal.h>
#include <posix/task.h>
#include <protocols/tty.h>
#include <trellis/native.h>

#include "path.h"
#include "transfer.h"

#define RDEV_TTY (5u << 8 | 0)
#define RDEV_CONSOLE (5u << 8 | 1)
#define RDEV_PTMX (5u << 8 | 2)
#define RDEV_SERIAL (4u << 8 | 64)
#define PTS_MAJOR 136u
#define NS_PER_MS UINT64_C(1000000)

bool terminal_is_rdev(uint64_t rdev)
{
    return rdev == RDEV_TTY || rdev == RDEV_CONSOLE || rdev == RDEV_PTMX || rdev == RDEV_SERIAL ||
           rdev >> 8 == PTS_MAJOR;
}

int terminal_request(struct task *task, const struct file *file, struct message *message)
{
    return request(task, file->handles[TERMINAL_SESSION], message);
}

uint32_t terminal_group(struct task *task, const struct file *file)
{
    const struct process_info_page *info = task->group->info;
    return info->terminal == file->rdev ? info->group : 0;
}

/* Grows with every request, across exec too: the time, or one more than before. */
static uint64_t next_sequence(void)
{
    static uint64_t last;
    uint64_t before = __atomic_load_n(&last, __ATOMIC_RELAXED), next;

    do {
        uint64_t now = wait_clock_ns();
        next = now > before ? now : before + 1;
    } while (!__atomic_compare_exchange_n(&last, &before, next, false, __ATOMIC_RELAXED,
                                          __ATOMIC_RELAXED));
    return next;
}

/* A node whose terminal there is no more; /dev/tty is nobody's then. */
static int absent(uint32_t rdev)
{
    return rdev == RDEV_TTY ? -LINUX_ENXIO : -LINUX_EIO;
}

/* Whom to ask is in `*server`: the process server says for whom a new terminal or open counts. */
static int choose(struct task *task, uint32_t rdev, struct message *message, handle_t *server)
{
    if (rdev == RDEV_TTY)
        rdev = task->group->info->terminal;
    if (rdev == 0)
        return -LINUX_ENXIO;
    bool is_pts = rdev >> 8 == PTS_MAJOR;
    *server = is_pts ? library.tty : library.process;
    message_begin(message, is_pts ? TTY_OPEN : PROCESS_OPEN_TERMINAL);
    message->words[0] = is_pts              ? TTY_NODE_PTS
                        : rdev == RDEV_PTMX ? TTY_NODE_PTMX
                                            : TTY_NODE_CONSOLE;
    message->words[1] = rdev & 0xff;
    return 0;
}

int terminal_open(struct task *task, uint32_t rdev, uint32_t flags, struct file **file)
{
    struct message message;
    handle_t server;

    int error = choose(task, rdev, &message, &server);
    if (error == 0)
        error = request(task, server, &message);
    if (error != 0)
        return error == -LINUX_ENOENT ? absent(rdev) : error;
    if (message_handle_count(message.information) != 2)
        return -LINUX_EIO;
    handle_t session = task->frame->handles[0].handle;
    handle_t event = task->frame->handles[1].handle;
    *file = file_create(&terminal_operations, flags);
    if (*file == NULL) {
        request_close_handle(session);
        request_close_handle(event);
        return -LINUX_ENOMEM;
    }
    (*file)->handles[TERMINAL_SESSION] = session;
    (*file)->handles[TERMINAL_EVENT] = event;
    (*file)->rdev = message.words[1];
    (*file)->offset_shared = true;
    return 0;
}

void terminal_acquire(struct task *task, const struct file *file)
{
    const struct process_info_page *info = task->group->info;
    struct message message;

    if (info->terminal != 0 || info->session != info->pid || file->rdev == RDEV_PTMX)
        return;
    message_begin(&message, PROCESS_TERMINAL);
    message.words[0] = file->rdev;
    message.words[1] = PROCESS_TERMINAL_ACQUIRE;
    (void)request_process(task, &message);
}

int64_t terminal_background(struct task *task, const struct file *file, int signal)
{
    struct message message;
    bool ignored = task->actions->actions[signal].handler == LINUX_SIG_IGN ||
                   (task_mask(task) & SIGNAL_BIT(signal)) != 0;

    if (ignored)
        return -LINUX_EIO;
    message_begin(&message, PROCESS_TERMINAL);
    message.words[0] = file->rdev;
    message.words[1] = PROCESS_TERMINAL_BACKGROUND;
    message.words[2] = (uint64_t)signal;
    int error = request_process(task, &message);
    if (error != 0)
        return error;
    signal_mark_deliverable(task);
    return -POSIX_RESTART;
}

/* After EAGAIN: 0 to try again, 1 if the time of a read is over, or negative. */
static int64_t wait_until(struct task *task, const struct file *file, uint32_t bit,
                          uint64_t deadline)
{
    if (!file_waits(file))
        return -LINUX_EAGAIN;
    int64_t fired = wait_for(task, file->handles[TERMINAL_EVENT], bit | TTY_HUNG_UP, deadline);
    return fired < 0 ? fired : fired == 0;
}

static int read_once(struct task *task, const struct file *file, size_t length,
                     struct message *message)
{
    message_begin(message, TTY_READ);
    message->words[0] = length;
    message->words[1] = next_sequence();
    message->words[2] = terminal_group(task, file);
    return terminal_request(task, file, message);
}

static int64_t terminal_read(struct task *task, struct file *file, const struct transfer *transfer)
{
    uint64_t deadline = DEADLINE_NEVER;
    struct message message;

    for (;;) {
        int error = read_once(task, file, transfer->length, &message);
        if (error == 0)
            break;
        if (error == -LINUX_EBUSY)
            return terminal_background(task, file, LINUX_SIGTTIN);
        if (error != -LINUX_EAGAIN)
            return error;
        if (message.words[0] != 0 && deadline == DEADLINE_NEVER)
            deadline = wait_deadline(message.words[0] * NS_PER_MS);
        int64_t result = wait_until(task, file, TTY_READABLE, deadline);
        if (result != 0)
            return result > 0 ? 0 : result;
    }
    size_t count = message_text_length(message.information);
    if (count > transfer->length)
        return -LINUX_EIO;
    int error = transfer_put(transfer, 0, frame_text(task->frame), count);
    return error != 0 ? error : (int64_t)count;
}

/* One request of at most a message's text. */
static int64_t write_once(struct task *task, const struct file *file,
                          const struct transfer *transfer, size_t done)
{
    struct message message;

    message_begin(&message, TTY_WRITE);
    message.words[1] = next_sequence();
    message.words[2] = terminal_group(task, file);
    int error = transfer_take_text(transfer, done, task->frame, &message);
    if (error == 0)
        error = terminal_request(task, file, &message);
    return error != 0 ? error : (int64_t)message.words[0];
}

/* TOSTOP: who ignores or blocks SIGTTOU may write all the same. */
static int64_t write_refused(struct task *task, const struct file *file)
{
    bool ignored = task->actions->actions[LINUX_SIGTTOU].handler == LINUX_SIG_IGN ||
                   (task_mask(task) & SIGNAL_BIT(LINUX_SIGTTOU)) != 0;
    return ignored ? 0 : terminal_background(task, file, LINUX_SIGTTOU);
}

static int64_t write_all(struct task *task, const struct file *file,
                         const struct transfer *transfer)
{
    size_t done = 0;

    while (done < transfer->length) {
        int64_t count = write_once(task, file, transfer, done);
        if (count > 0)
            done += (size_t)count;
        if (count == -LINUX_EAGAIN)
            count = wait_until(task, file, TTY_WRITABLE, DEADLINE_NEVER);
        if (count < 0)
            return transfer_result(done, count);
    }
    return (int64_t)done;
}

static int64_t terminal_write(struct task *task, struct file *file, const struct transfer *transfer)
{
    struct file unchecked;
    int64_t count = write_all(task, file, transfer);

    if (count != -LINUX_EBUSY)
        return count;
    int64_t refused = write_refused(task, file);
    if (refused != 0)
        return refused;
    unchecked = *file;
    unchecked.rdev = 0; /* as a terminal that is not the caller's */
    return write_all(task, &unchecked, transfer);
}

static void terminal_poll(struct task *task, struct file *file, struct file_interest *interest)
{
    uint32_t signals = file_signals(file->handles[TERMINAL_EVENT]);
    uint32_t wanted = TTY_HUNG_UP;

    (void)task;
    if ((signals & TTY_READABLE) != 0)
        interest->ready |= LINUX_POLLIN | LINUX_POLLRDNORM;
    if ((signals & TTY_WRITABLE) != 0)
        interest->ready |= LINUX_POLLOUT | LINUX_POLLWRNORM;
    if ((signals & TTY_HUNG_UP) != 0)
        interest->ready |= LINUX_POLLHUP;
    if ((interest->events & (LINUX_POLLIN | LINUX_POLLRDNORM)) != 0)
        wanted |= TTY_READABLE;
    if ((interest->events & (LINUX_POLLOUT | LINUX_POLLWRNORM)) != 0)
        wanted |= TTY_WRITABLE;
    file_interest_add(interest, file->handles[TERMINAL_EVENT], wanted);
}

/* The host's own descriptors have no node: they are what /dev/console is. */
static int find_node(struct task *task, struct file *file)
{
    struct path path;
    struct opened opened;
    struct path_request call = {.dirfd = LINUX_AT_FDCWD, .path = &path, .words = {FS_OPEN_PATH}};

    if (file->handles[TERMINAL_NODE] != HANDLE_NONE)
        return 0;
    int error = path_from_string(&path, "/dev/console");
    if (error == 0)
        error = path_open(task, &call, &opened);
    if (error == 0)
        file->handles[TERMINAL_NODE] = opened.session;
    return error < 0 ? error : 0;
}

static int terminal_attributes(struct task *task, struct file *file,
                               struct fs_attributes *attributes)
{
    struct message message;

    int error = find_node(task, file);
    if (error == 0) {
        message_begin(&message, FS_ATTRIBUTES);
        error = request(task, file->handles[TERMINAL_NODE], &message);
    }
    if (error == 0)
        memcpy(attributes, frame_text(task->frame), sizeof(*attributes));
    return error;
}

static int terminal_change(struct task *task, struct file *file, const struct fs_change *change)
{
    struct message message;

    int error = find_node(task, file);
    if (error != 0)
        return error;
    message_begin(&message, FS_CHANGE);
    message_copy_text(&message, task->frame, change, sizeof(*change));
    return request(task, file->handles[TERMINAL_NODE], &message);
}

const struct file_operations terminal_operations = {
    .kind = POSIX_FILE_TERMINAL,
    .read = terminal_read,
    .write = terminal_write,
    .poll = terminal_poll,
    .control = terminal_control,
    .attributes = terminal_attributes,
    .change = terminal_change,
};
