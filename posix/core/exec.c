/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Everything that can fail is done in the old process: opening, interpreters of
 * scripts and of ELF programs, the headers' checks, copying the strings, saving
 * the descriptors. Then one request to the process server, which makes the new
 * process, moves the pid and ends this one.
 */
#include <posix/exec.h>

#include <base/errno.h>
#include <base/text.h>
#include <posix/copy.h>
#include <posix/file.h>
#include <posix/linux/process.h>
#include <posix/memory.h>
#include <posix/naming.h>
#include <posix/request.h>
#include <posix/task.h>
#include <posix/trace.h>
#include <trellis/native.h>

#include "exec_block.h"
#include "program.h"
#include "script.h"
#include "strings.h"

#define SET_ID_BITS 06000    /* of a file's mode */
#define SCRIPT_DEPTH 5       /* more interpreters of interpreters: ELOOP */
#define STRINGS_LEAST 131072 /* bytes of argv and environment that always fit */
#define LINUX_ELIBBAD 80

/* Scripts put their interpreter, its argument and their own path before argv[1]. */
struct prefix {
    struct script scripts[SCRIPT_DEPTH];
    unsigned depth;
    const char *opened; /* what is opened first */
    const char *path;   /* how the script is named to its interpreter; AT_EXECFN */
};

/* How a script opened by descriptor is named for its interpreter. */
static int name_executable(const struct exec_request *request, const char *path, char *name)
{
    if (request->dirfd == LINUX_AT_FDCWD || path[0] == '/')
        (void)text_copy(name, PATH_SIZE, path);
    else if (path[0] == 0)
        text_format(name, PATH_SIZE, "/dev/fd/%d", request->dirfd);
    else if (text_format(name, PATH_SIZE, "/dev/fd/%d/%s", request->dirfd, path) >= PATH_SIZE)
        return -LINUX_ENAMETOOLONG;
    return 0;
}

/* Open what is to run, through at most SCRIPT_DEPTH scripts. */
static int open_program(struct task *task, const struct exec_request *request,
                        struct exec_parts *parts, struct prefix *prefix)
{
    struct executable_request wanted = {request->dirfd, request->flags, prefix->opened};
    char line[SCRIPT_LINE];

    for (;;) {
        int error = executable_open(task, &wanted, &parts->executable);
        if (error != 0)
            return error;
        int64_t size = program_read_beginning(parts->executable.memory, line, sizeof(line));
        struct script *script = &prefix->scripts[prefix->depth];
        if (size < 2 || line[0] != '#' || line[1] != '!')
            return size < 0 ? (int)size : 0;
        if (prefix->depth == SCRIPT_DEPTH)
            return -LINUX_ELOOP;
        if (!script_parse(line, (size_t)size, script))
            return -LINUX_ENOEXEC;
        prefix->depth++;
        executable_close(&parts->executable);
        parts->executable = (struct executable){0};
        wanted = (struct executable_request){LINUX_AT_FDCWD, 0, script->interpreter};
    }
}

static int check_interpreter(struct task *task, struct exec_parts *parts,
                             const struct elf_image *image)
{
    struct elf_image interpreter;
    char path[PATH_SIZE];
    struct executable_request wanted = {LINUX_AT_FDCWD, 0, path};

    if (!image->interpreted)
        return 0;
    int error = program_read_interpreter(parts->executable.memory, image, path);
    if (error == 0)
        error = executable_open(task, &wanted, &parts->interpreter);
    if (error == 0 && parts->interpreter.attributes.size < ELF_HEADER_SIZE)
        error = -LINUX_EIO;
    if (error == 0 && program_read(parts->interpreter.memory, &interpreter) != 0)
        error = -LINUX_ELIBBAD;
    return error;
}

static int check_program(struct task *task, struct exec_parts *parts)
{
    struct elf_image image;
    int error = program_read(parts->executable.memory, &image);

    return error == 0 ? check_interpreter(task, parts, &image) : error;
}

/* Interpreters before the script they run, the innermost first; then the script's own path. */
static int add_prefix(struct strings *strings, const struct prefix *prefix)
{
    int error = 0;

    for (unsigned i = prefix->depth; i-- > 0 && error == 0;) {
        const struct script *script = &prefix->scripts[i];
        error = strings_add(strings, script->interpreter);
        if (error == 0 && script->argument[0] != 0)
            error = strings_add(strings, script->argument);
    }
    return error == 0 && prefix->depth > 0 ? strings_add(strings, prefix->path) : error;
}

static int collect_strings(struct task *task, const struct exec_request *request,
                           const struct prefix *prefix, struct exec_parts *parts)
{
    uint64_t limit = task_limit(task, LINUX_RLIMIT_STACK) / 4;
    struct strings *strings = &parts->strings;

    limit = limit < STRINGS_LEAST ? STRINGS_LEAST : limit;
    limit = limit > POSIX_START_MAX / 2 ? POSIX_START_MAX / 2 : limit;
    strings_init(strings, limit);
    int error = add_prefix(strings, prefix);
    if (error == 0)
        error = strings_add_array(strings, request->arguments, prefix->depth > 0);
    if (error == 0 && strings->count == 0)
        error = strings_add(strings, "");
    parts->argument_count = strings->count;
    return error == 0 ? strings_add_array(strings, request->environment, 0) : error;
}

/* All that an exec needs; too large for the library's stack. */
struct exec_work {
    struct exec_parts parts;
    struct prefix prefix;
    char given[PATH_SIZE], path[PATH_SIZE];
};

/* The point of no return, if the server agrees. */
static int send(struct task *task, struct exec_work *work)
{
    struct message message;
    struct exec_parts *parts = &work->parts;
    const char *path = work->path;
    char *text = frame_text(task->frame);
    const char *slash = strrchr(path, '/');
    const char *full = parts->executable.path != NULL ? parts->executable.path : path;
    size_t name =
        text_format(text, TASK_NAME, "%.*s", TASK_NAME - 1, slash == NULL ? path : slash + 1);

    name = name < TASK_NAME ? name : TASK_NAME - 1;
    size_t size = strlen(full);
    size = size < MESSAGE_TEXT_SIZE - TASK_NAME ? size : MESSAGE_TEXT_SIZE - TASK_NAME;
    memcpy(text + name + 1, full, size);
    message_begin(&message, PROCESS_EXEC);
    message_set_text(&message, name + 1 + size);
    message_add_handle(&message, task->frame, parts->block, RIGHT_SAME, MESSAGE_HANDLE_MOVE);
    if ((parts->executable.attributes.mode & SET_ID_BITS) != 0) {
        message.words[0] = 1;
        message_add_handle(&message, task->frame, parts->executable.session, RIGHT_SAME, 0);
    }
    if (library.trace != HANDLE_NONE)
        trace_success(task);
    __atomic_store_n(&task->exec, work, __ATOMIC_RELEASE);
    int error = request_process(task, &message);
    __atomic_store_n(&task->exec, NULL, __ATOMIC_RELEASE);
    request_close_handle(parts->block); /* where it has not been delivered */
    return error;
}

static int prepare(struct task *task, const struct exec_request *request, struct prefix *prefix,
                   struct exec_parts *parts)
{
    int error = open_program(task, request, parts, prefix);

    if (error == 0)
        error = check_program(task, parts);
    if (error == 0)
        error = collect_strings(task, request, prefix, parts);
    parts->path = prefix->path;
    return error == 0 ? exec_block_make(task, parts) : error;
}

static void release_parts(struct exec_parts *parts)
{
    executable_close(&parts->executable);
    executable_close(&parts->interpreter);
    strings_release(&parts->strings);
}

static int run(struct task *task, const struct exec_request *request, struct exec_work *work)
{
    int64_t length = copy_string_from_program(work->given, request->path, PATH_SIZE);
    if (length < 0)
        return (int)length;
    if (length == 0 && (request->flags & LINUX_AT_EMPTY_PATH) == 0)
        return -LINUX_ENOENT;
    int error = name_executable(request, work->given, work->path);
    if (error != 0)
        return error;
    work->prefix.opened = work->given;
    work->prefix.path = work->path;
    error = prepare(task, request, &work->prefix, &work->parts);
    if (error == 0)
        error = send(task, work);
    return error;
}

int exec_program(struct task *task, const struct exec_request *request)
{
    struct exec_work *work = memory_allocate_zeroed(1, sizeof(*work));

    if (work == NULL)
        return -LINUX_ENOMEM;
    int error = run(task, request, work);
    exec_release(work);
    return error;
}

void exec_release(struct exec_work *work)
{
    release_parts(&work->parts);
    memory_release(work);
}
