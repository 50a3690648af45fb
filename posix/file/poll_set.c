/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * epoll, over a kernel port: each watch observes the handles that its file's poll
 * operation names, by level or, with EPOLLET, by edge. What the port gives out is
 * a hint; the file is asked before anything is reported.
 *
 * A port cannot observe a port: sets in sets are asked at each wait, and waited
 * for beside the own port. A set that fork has handed on is shared by its port
 * while each process keeps its own list; only the process that made it takes
 * watches out of the port when its files go away.
 *
 * handles: the port. state: struct poll_set.
 */
#include "poll_set.h"

#include <base/errno.h>
#include <posix/copy.h>
#include <posix/memory.h>
#include <posix/request.h>
#include <posix/task.h>
#include <posix/wait.h>
#include <trellis/native.h>

#include "poll.h"

#define EPOLLONESHOT (1u << 30)
#define EPOLLET (1u << 31)
#define SELECTABLE                                                                                 \
    (LINUX_POLLIN | LINUX_POLLPRI | LINUX_POLLOUT | LINUX_POLLERR | LINUX_POLLHUP |                \
     LINUX_POLLRDNORM | LINUX_POLLRDBAND | LINUX_POLLWRNORM | LINUX_POLLWRBAND | LINUX_POLLRDHUP)
#define KEYS 2 /* of a watch: one for each handle of an interest */
#define BATCH 16
#define NESTING_MAX 5

struct poll_set {
    struct file *file; /* the set's own; not counted */
    uint32_t pid;      /* who made it */
    struct list watches;
    unsigned nested; /* how many of them watch sets */
    uint64_t next_key, round;
};

struct watch {
    struct list_node set_link, file_link;
    struct poll_set *set;
    struct file *file; /* not counted: the watch goes with it */
    int fd;
    uint32_t events;
    uint64_t data, key, round;
    bool is_off; /* EPOLLONESHOT has fired */
};

static struct lock lock; /* guards all sets and watches */

static struct poll_set *set_of(const struct file *file)
{
    return file->operations == &poll_set_operations ? file->state : NULL;
}

static struct watch *watch_of(struct list_node *node)
{
    return container_of(node, struct watch, set_link);
}

static uint32_t ready_events(struct task *task, const struct watch *watch,
                             struct file_interest *interest, unsigned depth);

static bool is_ready(struct task *task, const struct poll_set *set, unsigned depth)
{
    list_for_each (&set->watches, node) {
        struct file_interest interest = {0};
        const struct watch *watch = watch_of(node);
        if (!watch->is_off && ready_events(task, watch, &interest, depth) != 0)
            return true;
    }
    return false;
}

static uint32_t ready_events(struct task *task, const struct watch *watch,
                             struct file_interest *interest, unsigned depth)
{
    const struct poll_set *inner = set_of(watch->file);

    interest->events = watch->events & SELECTABLE;
    if (inner == NULL)
        return poll_file(task, watch->file, interest);
    file_interest_add(interest, watch->file->handles[0], SIGNAL_READABLE);
    bool ready = depth < NESTING_MAX && is_ready(task, inner, depth + 1);
    return ready ? interest->events & (LINUX_POLLIN | LINUX_POLLRDNORM) : 0;
}

static void disarm(const struct watch *watch)
{
    handle_t port = watch->set->file->handles[0];

    for (unsigned i = 0; i < KEYS; i++)
        (void)native_unobserve(port, watch->key * KEYS + i);
}

static int arm(struct task *task, const struct watch *watch)
{
    struct file_interest interest = {0};
    uint32_t flags = (watch->events & EPOLLET) != 0 ? OBSERVE_EDGE : 0;

    (void)ready_events(task, watch, &interest, 0);
    for (unsigned i = 0; i < interest.count && set_of(watch->file) == NULL; i++) {
        int64_t result = native_observe(watch->set->file->handles[0], interest.handles[i],
                                        interest.masks[i], watch->key * KEYS + i, flags);
        if (result < 0)
            return request_error(result);
    }
    return 0;
}

static void drop(struct watch *watch)
{
    watch->set->nested -= set_of(watch->file) != NULL;
    list_remove(&watch->set_link);
    list_remove(&watch->file_link);
    memory_release(watch);
}

void poll_set_forget(struct file *file)
{
    if (list_is_empty(&file->watchers))
        return;
    lock_acquire(&lock);
    list_for_each_safe (&file->watchers, node) {
        struct watch *watch = container_of(node, struct watch, file_link);
        if (watch->set->pid == task_pid(task_current()))
            disarm(watch);
        drop(watch);
    }
    lock_release(&lock);
}

static void poll_set_destroy(struct file *file)
{
    struct poll_set *set = file->state;

    lock_acquire(&lock);
    list_for_each_safe (&set->watches, node)
        drop(watch_of(node));
    lock_release(&lock);
    memory_release(set);
}

static void poll_set_poll(struct task *task, struct file *file, struct file_interest *interest)
{
    lock_acquire(&lock);
    if (is_ready(task, file->state, 0))
        interest->ready |= LINUX_POLLIN | LINUX_POLLRDNORM;
    lock_release(&lock);
    file_interest_add(interest, file->handles[0], SIGNAL_READABLE);
}

/* The list of watches is ours alone: a new program could not know it. */
static bool poll_set_save(struct file *file, struct posix_start_descriptor *descriptor)
{
    (void)file;
    (void)descriptor;
    return false;
}

const struct file_operations poll_set_operations = {
    .kind = POSIX_FILE_POLL,
    .name = "eventpoll",
    .poll = poll_set_poll,
    .destroy = poll_set_destroy,
    .save = poll_set_save,
};

int poll_set_create(struct task *task, struct file **result)
{
    int64_t port = native_port_create(library.account);
    if (port < 0)
        return request_error(port);
    struct poll_set *set = memory_allocate_zeroed(1, sizeof(*set));
    struct file *file = set == NULL ? NULL : file_create(&poll_set_operations, LINUX_O_RDWR);
    if (file == NULL) {
        memory_release(set);
        request_close_handle((handle_t)port);
        return -LINUX_ENOMEM;
    }
    set->file = file;
    set->pid = task_pid(task);
    list_init(&set->watches);
    file->handles[0] = (handle_t)port;
    file->state = set;
    *result = file;
    return 0;
}

static struct watch *find(const struct poll_set *set, int fd, const struct file *file)
{
    list_for_each (&set->watches, node) {
        struct watch *watch = watch_of(node);
        if (watch->fd == fd && watch->file == file)
            return watch;
    }
    return NULL;
}

static int add(struct task *task, struct poll_set *set, const struct poll_watch *wanted)
{
    struct watch *watch = memory_allocate_zeroed(1, sizeof(*watch));

    if (watch == NULL)
        return -LINUX_ENOMEM;
    watch->set = set;
    watch->file = wanted->file;
    watch->fd = wanted->fd;
    watch->events = wanted->events;
    watch->data = wanted->data;
    watch->key = set->next_key++;
    list_push_back(&set->watches, &watch->set_link);
    list_push_back(&wanted->file->watchers, &watch->file_link);
    set->nested += set_of(wanted->file) != NULL;
    int error = arm(task, watch);
    if (error != 0) {
        disarm(watch);
        drop(watch);
    }
    return error;
}

int poll_set_add(struct task *task, struct file *file, const struct poll_watch *wanted)
{
    struct poll_set *set = file->state;
    int error = -LINUX_EEXIST;

    if (wanted->file->operations->poll == NULL || wanted->file->operations->kind == POSIX_FILE_NODE)
        return -LINUX_EPERM;
    lock_acquire(&lock);
    if (find(set, wanted->fd, wanted->file) == NULL)
        error = add(task, set, wanted);
    lock_release(&lock);
    return error;
}

int poll_set_change(struct task *task, struct file *file, const struct poll_watch *wanted)
{
    int error = -LINUX_ENOENT;

    lock_acquire(&lock);
    struct watch *watch = find(file->state, wanted->fd, wanted->file);
    if (watch != NULL) {
        disarm(watch);
        watch->events = wanted->events;
        watch->data = wanted->data;
        watch->is_off = false;
        error = arm(task, watch);
    }
    lock_release(&lock);
    return error;
}

int poll_set_remove(struct file *file, const struct poll_watch *wanted)
{
    lock_acquire(&lock);
    struct watch *watch = find(file->state, wanted->fd, wanted->file);
    if (watch != NULL) {
        disarm(watch);
        drop(watch);
    }
    lock_release(&lock);
    return watch == NULL ? -LINUX_ENOENT : 0;
}

/* Report a watch, once in a round, if its file is ready. */
static bool report(struct task *task, struct poll_set *set, struct watch *watch,
                   struct linux_epoll_event *event)
{
    struct file_interest interest = {0};

    if (watch->is_off || watch->round == set->round)
        return false;
    uint32_t ready = ready_events(task, watch, &interest, 0);
    if (ready == 0)
        return false;
    watch->round = set->round;
    *event = (struct linux_epoll_event){.events = ready, .data = watch->data};
    if ((watch->events & EPOLLONESHOT) != 0) {
        watch->is_off = true;
        disarm(watch);
    }
    return true;
}

static struct watch *find_key(const struct poll_set *set, uint64_t key)
{
    list_for_each (&set->watches, node) {
        if (watch_of(node)->key == key)
            return watch_of(node);
    }
    return NULL;
}

/* What the port gave out. */
struct found {
    size_t count;
    struct observation observations[BATCH];
};

/* Events of what the port gave out, then of sets within. */
static size_t collect(struct task *task, struct poll_set *set, const struct found *from,
                      struct linux_epoll_event *events, size_t limit)
{
    size_t found = 0;

    lock_acquire(&lock);
    set->round++;
    for (size_t i = 0; i < from->count && found < limit; i++) {
        struct watch *watch = find_key(set, from->observations[i].key / KEYS);
        if (watch != NULL)
            found += report(task, set, watch, &events[found]);
    }
    if (set->nested > 0) {
        list_for_each (&set->watches, node) {
            struct watch *watch = watch_of(node);
            if (found < limit && set_of(watch->file) != NULL)
                found += report(task, set, watch, &events[found]);
        }
    }
    lock_release(&lock);
    return found;
}

/* The own port and those of sets within: until one of them has something. */
static int wait_with_nested(struct task *task, struct poll_set *set, uint64_t deadline)
{
    struct wait_item items[BATCH] = {{set->file->handles[0], SIGNAL_READABLE, 0}};
    size_t count = 1;

    lock_acquire(&lock);
    list_for_each (&set->watches, node) {
        const struct watch *watch = watch_of(node);
        if (count < BATCH && !watch->is_off && set_of(watch->file) != NULL)
            items[count++] = (struct wait_item){watch->file->handles[0], SIGNAL_READABLE, 0};
    }
    lock_release(&lock);
    return wait_for_items(task, items, count, deadline);
}

/* Observations, or 0 at the deadline; with sets within, possibly 0 before it. */
static int take_observations(struct task *task, struct poll_set *set,
                             struct observation observations[BATCH], size_t limit,
                             uint64_t deadline)
{
    handle_t port = set->file->handles[0];

    if (set->nested > 0 && deadline != DEADLINE_NOW) {
        int result = wait_with_nested(task, set, deadline);
        if (result <= 0)
            return result;
        deadline = DEADLINE_NOW;
    }
    return wait_at_port(task, port, observations, limit, deadline);
}

int64_t poll_set_wait(struct task *task, struct file *file, const struct poll_set_wait *wait)
{
    struct poll_set *set = file->state;
    size_t limit = wait->limit < BATCH ? wait->limit : BATCH;
    uint64_t deadline = DEADLINE_NOW; /* first look */

    for (;;) {
        struct found from;
        struct linux_epoll_event events[BATCH];
        int count = take_observations(task, set, from.observations, limit, deadline);
        if (count < 0)
            return count == -POSIX_RESTART ? -POSIX_RESTART_UNLESS_HANDLED : count;
        from.count = (size_t)count;
        size_t found = collect(task, set, &from, events, limit);
        if (found > 0) {
            int error = copy_to_program(wait->address, events, found * sizeof(events[0]));
            return error != 0 ? error : (int64_t)found;
        }
        if (deadline != DEADLINE_NOW || wait->deadline == DEADLINE_NOW) {
            if (wait_clock_ns() >= wait->deadline)
                return 0;
        }
        deadline = wait->deadline;
    }
}
