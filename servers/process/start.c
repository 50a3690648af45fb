/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * What an old program's library does for a new one is done here for the program
 * that has no predecessor: look it up in PATH, see whether it is a script, and
 * write its start block. The new library opens a PT_INTERP by itself.
 */
#include "start.h"

#include <base/errno.h>
#include <base/heap.h>
#include <base/log.h>
#include <base/text.h>
#include <protocols/posix_start.h>
#include <trellis/native.h>

#include "accounts.h"
#include "credentials.h"
#include "effects.h"
#include "end.h"
#include "job.h"
#include "limits.h"
#include "mounts.h"
#include "pages.h"
#include "power.h"
#include "program.h"
#include "server.h"
#include "signal.h"
#include "start_block.h"

#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#define CONSOLE_RDEV 0x501 /* character device 5, 1 */
#define PATH_SIZE 4096
#define SCRIPT_HEAD 256

struct first {
    const struct start_request *request;
    struct start_strings strings;
    struct opened_file file;
    char path[PATH_SIZE];
    char script[SCRIPT_HEAD]; /* the first line of a script, in pieces */
    handle_t root;
    struct process *process;
    handle_t block; /* memory */
};

static int open_program(struct first *first, const char *path)
{
    int error = file_open(first->root, path, FS_OPEN_READ | FS_OPEN_EXECUTE, &first->file);

    if (error != 0)
        return error;
    if (first->file.memory == HANDLE_NONE) {
        file_close(&first->file);
        return LINUX_EACCES;
    }
    return 0;
}

/* In each directory of PATH; EACCES is remembered over ENOENT, as execvp does. */
static int search(struct first *first, const char *name)
{
    const char *path = start_strings_environment(&first->strings, "PATH");
    int result = LINUX_ENOENT;

    if (path == NULL)
        path = DEFAULT_PATH;
    for (;;) {
        const char *end = strchr(path, ':');
        size_t length = end == NULL ? strlen(path) : (size_t)(end - path);
        text_format(first->path, sizeof(first->path), "%.*s/%s", (int)length,
                    length == 0 ? "." : path, name);
        int error = open_program(first, first->path);
        if (error == 0)
            return 0;
        if (error != LINUX_ENOENT && error != LINUX_ENOTDIR)
            result = error;
        if (end == NULL)
            return result;
        path = end + 1;
    }
}

static int look_up(struct first *first, const char *name)
{
    if (strchr(name, '/') == NULL)
        return search(first, name);
    if (!text_copy(first->path, sizeof(first->path), name))
        return LINUX_ENAMETOOLONG;
    return open_program(first, name);
}

/* "#! INTERPRETER [ARGUMENT]": run that with the script's path. */
static int follow_script(struct first *first)
{
    char head[SCRIPT_HEAD] = {0};
    struct script_line line;

    if (native_memory_read(first->file.memory, 0, head, sizeof(head) - 1) < 2 ||
        memcmp(head, "#!", 2) != 0)
        return 0;
    if (!start_parse_script(head, &line))
        return LINUX_ENOEXEC;
    memcpy(first->script, head, sizeof(head));
    file_close(&first->file);
    if (!start_strings_interpose(&first->strings, &line, first->path))
        return LINUX_E2BIG;
    (void)text_copy(first->path, sizeof(first->path), line.interpreter);
    return open_program(first, first->path);
}

static int find_program(struct first *first)
{
    struct fs_credentials root = {0};
    int error = mounts_open_root(MOUNT_ROOT, &root, &first->root);

    if (error == 0)
        error = look_up(first, first->strings.arguments);
    return error == 0 ? follow_script(first) : error;
}

/* Pid 2: leader of a session, with the console as its terminal if the host has one. */
static int create_process(struct first *first)
{
    struct process_pages pages;
    struct terminal_state wanted = {.rdev = CONSOLE_RDEV}, state;

    if (!pages_take(&pages, true))
        return LINUX_ENOMEM;
    first->process = process_create(table_init_process(), &pages);
    if (first->process == NULL)
        return LINUX_ENOMEM;
    struct process *process = first->process;
    process->account = account_of_user(0);
    process->exit_signal = SIGNAL_CHLD;
    process->start_ns = server_clock_ns();
    int64_t event = native_event_create(server.account, 0, 0);
    struct thread *thread = thread_create(process, process->pid);
    struct kernel_process *kernel = kernel_process_create(HANDLE_NONE, process->pid);
    if (event < 0 || thread == NULL || kernel == NULL || process->account == NULL)
        return LINUX_ENOMEM;
    process->child_event = (handle_t)event;
    kernel_process_join(kernel, process);
    program_set_name(process, first->path, strlen(first->path));
    process->path = allocate(strlen(first->path) + 1);
    if (process->path != NULL)
        memcpy(process->path, first->path, strlen(first->path) + 1);
    (void)job_set_session(process);
    if (start_has_terminal(first->request->message))
        (void)job_terminal(process, PROCESS_TERMINAL_ACQUIRE, &wanted, &state);
    return 0;
}

static void give_descriptors(struct first *first, struct start_block_builder *builder)
{
    const struct tty_message *message = first->request->message;
    unsigned next = 0;

    for (int number = 0; number < 3; number++) {
        struct posix_start_descriptor *descriptor = &builder->descriptors[number];
        bool reads = number == 0;
        start_describe(descriptor, number, message->descriptor_kind[number]);
        if (descriptor->kind == POSIX_FILE_TERMINAL)
            descriptor->rdev = CONSOLE_RDEV;
        else if (next < first->request->handle_count)
            descriptor->handles[reads ? 0 : 1] = program_give(
                first->process->kernel->process, first->request->handles[next++], RIGHT_SAME, 0);
    }
    first->process->traced = message->trace != 0;
    if (message->trace && next < first->request->handle_count)
        builder->start->trace = program_give(first->process->kernel->process,
                                             first->request->handles[next], RIGHT_SAME, 0);
}

static int write_block(struct first *first, struct start_block_builder *builder)
{
    handle_t target = first->process->kernel->process;

    give_descriptors(first, builder);
    builder->start->root = program_give(target, first->root, RIGHT_SAME, 0);
    builder->start->cwd = program_give(target, first->root, RIGHT_SAME, 0);
    builder->start->executable = program_give(target, first->file.session, RIGHT_SAME, 0);
    builder->start->executable_memory = program_give(target, first->file.memory, RIGHT_SAME, 0);
    int64_t block = native_memory_create(server.account, builder->size, 0);
    if (block < 0)
        return LINUX_ENOMEM;
    first->block = (handle_t)block;
    int64_t written = native_memory_write(first->block, 0, builder->start, builder->start->size);
    return written == (int64_t)builder->start->size ? 0 : LINUX_ENOMEM;
}

static int run(struct first *first, struct start_block_builder *builder)
{
    struct process *process = first->process;
    int64_t created = native_process_create(account_handle(process->account), HANDLE_NONE,
                                            process->name, strlen(process->name), 0);
    if (created < 0)
        return server_error(created);
    process->kernel->process = (handle_t)created;
    if (end_observe(process->pid, process->kernel->process) < 0)
        return LINUX_ENOMEM;
    int error = write_block(first, builder);
    if (error != 0)
        return error;
    struct program program = {.process = process,
                              .kernel_process = process->kernel->process,
                              .block = first->block,
                              .start = builder->start,
                              .account = process->account};
    error = program_prepare(&program);
    process->at = program.at;
    process->tokens = program.tokens;
    if (error != 0)
        return error;
    int64_t thread = program_make_thread(&program, 0);
    if (thread >= 0)
        process_first_thread(process)->handle = (handle_t)thread;
    return server_error(thread);
}

/* The stages one after the other; what a failed one leaves goes with the machine. */
static int start(struct first *first)
{
    struct start_block_builder builder = {0};

    if (!start_strings_take(&first->strings, first->request))
        return LINUX_EINVAL;
    int error = find_program(first);
    if (error == 0 && !start_block_build(&builder, &first->strings, first->path))
        error = LINUX_ENOMEM;
    if (error == 0)
        error = create_process(first);
    if (error == 0)
        error = run(first, &builder);
    start_block_release(&builder);
    return error;
}

/* A host gives random bytes; on a plain terminal there is none, and they are zero. */
static void seed_random(const uint8_t *entropy, size_t size)
{
    for (size_t i = 0; i < size; i++)
        server_random_is_secret |= entropy[i] != 0;
    if (!server_random_is_secret)
        log_print("random numbers can be guessed: neither the processor nor a host has given any");
    random_seed(&server_random, entropy, size);
}

void start_first_program(const struct start_request *request)
{
    struct first *first = allocate_zeroed(1, sizeof(*first));
    int error = LINUX_ENOMEM;

    if (power_first_program() != 0)
        return;
    seed_random(request->message->entropy, sizeof(request->message->entropy));
    if (first != NULL) {
        first->request = request;
        error = start(first);
        power_set_first_program(first->process == NULL ? 0 : first->process->pid);
        server_close(first->root);
        server_close(first->block);
        file_close(&first->file);
        start_strings_release(&first->strings);
        release(first);
    }
    if (error != 0)
        power_program_not_run(error);
}
