/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* The system and its settings as programs see them. */
#include <base/errno.h>
#include <base/text.h>
#include <posix/arch.h>
#include <posix/calls.h>
#include <posix/copy.h>
#include <posix/linux/process.h>
#include <posix/random.h>
#include <posix/request.h>
#include <posix/task.h>
#include <trellis/native.h>

#define GETRANDOM_FLAGS 7 /* NONBLOCK, RANDOM, INSECURE */
#define GETRANDOM_STEP 256
#define REBOOT_MAGIC 0xfee1dead
#define REBOOT_RESTART 0x01234567
#define REBOOT_HALT 0xcdef0123
#define REBOOT_POWER_OFF 0x4321fedc
#define REBOOT_CAD_ON 0x89abcdef
#define REBOOT_CAD_OFF 0

enum name_kind { NAME_HOST = 1, NAME_DOMAIN = 2 };

static void read_name(struct task *task, enum name_kind kind, char *to)
{
    struct message message;

    message_begin(&message, PROCESS_NAME);
    message.words[0] = kind;
    size_t length =
        request_process(task, &message) == 0 ? message_text_length(message.information) : 0;
    length = length < LINUX_UTS_FIELD ? length : LINUX_UTS_FIELD - 1;
    memcpy(to, frame_text(task->frame), length);
    to[length] = 0;
}

int64_t linux_uname(struct task *task, const struct uname_arguments *arguments)
{
    struct linux_utsname name = {
        .system = PROCESS_SYSTEM,
        .release = PROCESS_RELEASE,
        .version = PROCESS_VERSION,
    };

    (void)text_copy(name.machine, sizeof(name.machine), arch_machine_name());
    read_name(task, NAME_HOST, name.node);
    read_name(task, NAME_DOMAIN, name.domain);
    return copy_to_program(arguments->name, &name, sizeof(name));
}

static int64_t set_name(struct task *task, enum name_kind kind, uint64_t address, uint64_t length)
{
    char name[LINUX_UTS_FIELD];
    struct message message;

    if (length >= LINUX_UTS_FIELD || length == 0)
        return -LINUX_EINVAL;
    if (copy_from_program(name, address, length) != 0)
        return -LINUX_EFAULT;
    message_begin(&message, PROCESS_NAME);
    message.words[0] = kind;
    message_copy_text(&message, task->frame, name, length);
    return request_process(task, &message);
}

int64_t linux_sethostname(struct task *task, const struct sethostname_arguments *arguments)
{
    return set_name(task, NAME_HOST, arguments->name, arguments->length);
}

int64_t linux_setdomainname(struct task *task, const struct setdomainname_arguments *arguments)
{
    return set_name(task, NAME_DOMAIN, arguments->name, arguments->length);
}

int64_t linux_getrandom(struct task *task, const struct getrandom_arguments *arguments)
{
    char bytes[GETRANDOM_STEP];
    uint64_t done = 0;

    if (arguments->flags > GETRANDOM_FLAGS)
        return -LINUX_EINVAL;
    while (done < arguments->size) {
        uint64_t step = arguments->size - done;
        step = step < sizeof(bytes) ? step : sizeof(bytes);
        random_bytes(bytes, step);
        if (copy_to_program(arguments->buffer + done, bytes, step) != 0)
            return done > 0 ? (int64_t)done : -LINUX_EFAULT;
        done += step;
    }
    return (int64_t)done;
}

struct limit {
    uint64_t soft, hard;
};

static int64_t limit_request(struct task *task, uint32_t pid, int32_t resource,
                             const struct limit *new, struct limit *old)
{
    struct message message;

    if (resource < 0 || resource >= LINUX_RLIMIT_COUNT || (new != NULL &&new->soft > new->hard))
        return -LINUX_EINVAL;
    message_begin(&message, PROCESS_LIMIT);
    message.words[0] = pid;
    message.words[1] = (uint64_t)resource;
    message.words[2] = new != NULL;
    if (new != NULL)
        message_copy_text(&message, task->frame, new, sizeof(*new));
    int error = request_process(task, &message);
    if (error == 0 && message_text_length(message.information) == sizeof(*old))
        memcpy(old, frame_text(task->frame), sizeof(*old));
    return error;
}

int64_t linux_prlimit64(struct task *task, const struct prlimit64_arguments *arguments)
{
    struct limit new, old = {0};

    if (arguments->new != 0 && copy_from_program(&new, arguments->new, sizeof(new)) != 0)
        return -LINUX_EFAULT;
    int64_t error = limit_request(task, (uint32_t)arguments->pid, arguments->resource,
                                  arguments->new != 0 ? &new : NULL, &old);
    if (error != 0 || arguments->old == 0)
        return error;
    return copy_to_program(arguments->old, &old, sizeof(old));
}

int64_t linux_getrlimit(struct task *task, const struct getrlimit_arguments *arguments)
{
    struct limit old;

    if (arguments->resource < 0 || arguments->resource >= LINUX_RLIMIT_COUNT)
        return -LINUX_EINVAL;
    old.soft = task->group->info->limits[arguments->resource][0];
    old.hard = task->group->info->limits[arguments->resource][1];
    return copy_to_program(arguments->limit, &old, sizeof(old));
}

int64_t linux_setrlimit(struct task *task, const struct setrlimit_arguments *arguments)
{
    struct limit new, old;

    if (copy_from_program(&new, arguments->limit, sizeof(new)) != 0)
        return -LINUX_EFAULT;
    return limit_request(task, 0, arguments->resource, &new, &old);
}

int64_t linux_reboot(struct task *task, const struct reboot_arguments *arguments)
{
    struct message message;
    uint32_t command = (uint32_t)arguments->command;

    if (task->group->info->euid != 0)
        return -LINUX_EPERM;
    if ((uint32_t)arguments->magic != REBOOT_MAGIC)
        return -LINUX_EINVAL;
    if (command == REBOOT_CAD_ON || command == REBOOT_CAD_OFF)
        return 0;
    if (command != REBOOT_RESTART && command != REBOOT_HALT && command != REBOOT_POWER_OFF)
        return -LINUX_EINVAL;
    message_begin(&message, PROCESS_POWER);
    message.words[0] = command == REBOOT_RESTART ? PROCESS_POWER_RESTART : PROCESS_POWER_OFF;
    return request_process(task, &message);
}

int64_t linux_personality(struct task *task, const struct personality_arguments *arguments)
{
    bool is_query = (uint32_t)arguments->persona == UINT32_MAX;
    return is_query || arguments->persona == 0 ? 0 : -LINUX_EINVAL;
}
