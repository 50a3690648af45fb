/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include "program.h"

#include <archive/newc.h>
#include <base/errno.h>
#include <base/log.h>
#include <base/service.h>
#include <base/text.h>
#include <loader/load.h>
#include <trellis/native.h>

#include "accounts.h"
#include "limits.h"
#include "pages.h"
#include "server.h"

#define LIBRARY_NAME "posix"
#define SELF_RIGHTS (RIGHT_READ | RIGHT_WRITE | RIGHT_WAIT | RIGHT_INSPECT | RIGHT_MANAGE)
#define ACCOUNT_RIGHTS (RIGHT_CHARGE | RIGHT_INSPECT | RIGHT_COPY)
#define EVENT_RIGHTS (RIGHT_READ | RIGHT_WAIT | RIGHT_SIGNAL | RIGHT_INSPECT)
#define TOKEN_RIGHTS (RIGHT_COPY | RIGHT_WRITE)

static struct loader_program library;

bool program_init(handle_t archive)
{
    struct memory_information information;
    struct archive_entry entry;
    enum elf_outcome outcome = ELF_OK;

    if (native_memory_inspect(archive, &information) < 0)
        return false;
    int64_t address = native_map(service_self(), archive, 0, 0, information.size, MAP_READ);
    if (address < 0)
        return false;
    if (archive_find((const void *)address, information.size, LIBRARY_NAME, &entry) !=
        ARCHIVE_ENTRY) {
        log_print("the boot archive has no %s", LIBRARY_NAME);
        return false;
    }
    enum status status = loader_prepare(entry.data, entry.size, server.account, &library, &outcome);
    (void)native_unmap(service_self(), (uint64_t)address, information.size);
    if (status != STATUS_OK)
        log_print("%s: %s (status %d)", LIBRARY_NAME, elf_outcome_text(outcome), (int)status);
    return status == STATUS_OK;
}

handle_t program_give(handle_t kernel_process, handle_t handle, uint32_t rights, uint32_t flags)
{
    int64_t token =
        handle == HANDLE_NONE ? 0 : native_process_give(kernel_process, handle, rights, flags);
    return token < 0 ? HANDLE_NONE : (handle_t)token;
}

handle_t program_give_self(handle_t kernel_process)
{
    return program_give(kernel_process, kernel_process, SELF_RIGHTS, HANDLE_NOT_CLONED);
}

handle_t program_give_account(handle_t kernel_process, const struct account *account)
{
    return program_give(kernel_process, account_handle(account), ACCOUNT_RIGHTS, HANDLE_NOT_CLONED);
}

handle_t program_give_child_event(handle_t kernel_process, handle_t event)
{
    return program_give(kernel_process, event, EVENT_RIGHTS, HANDLE_NOT_CLONED);
}

/* Those that fork copies and exec leaves: only the first program and a set-id one get new ones. */
static void give_tokens(struct program *program)
{
    struct process_tokens *tokens = &program->tokens;

    if (tokens->server != HANDLE_NONE)
        return;
    tokens->server = program_give(program->kernel_process, server.programs, TOKEN_RIGHTS, 0);
    tokens->tty = program_give(program->kernel_process, server.tty_open, TOKEN_RIGHTS, 0);
    tokens->time = program_give(program->kernel_process, server.time, RIGHT_READ | RIGHT_COPY, 0);
}

static int complete_start(struct program *program)
{
    struct posix_start *start = program->start;
    const struct process *process = program->process;

    give_tokens(program);
    start->self = program_give_self(program->kernel_process);
    start->account = program_give_account(program->kernel_process, program->account);
    start->child_event = program_give_child_event(program->kernel_process, process->child_event);
    start->process = program->tokens.server;
    start->tty = program->tokens.tty;
    start->time = program->tokens.time;
    start->info_address = program->at.info;
    start->signals_address = program->at.signals;
    start->library_address = library.image.low;
    start->library_size = library.image.high - library.image.low;
    start->signal_slot = 0;
    random_fill(&server_random, start->entropy, sizeof(start->entropy));
    if (start->self == HANDLE_NONE || start->account == HANDLE_NONE ||
        start->child_event == HANDLE_NONE || start->process == HANDLE_NONE ||
        start->time == HANDLE_NONE || (start->tty == HANDLE_NONE && server.tty_open != HANDLE_NONE))
        return LINUX_ENOMEM;
    int64_t written = native_memory_write(program->block, 0, start, sizeof(*start));
    return written < 0 ? server_error(written) : written == sizeof(*start) ? 0 : LINUX_EFAULT;
}

int program_prepare(struct program *program)
{
    uint64_t block_size = (program->start->size + FRAME_PAGE - 1) & ~(uint64_t)(FRAME_PAGE - 1);

    program->at = (struct page_addresses){POSIX_INFO_ADDRESS, POSIX_SIGNALS_ADDRESS};
    enum status status = loader_map(&library, program->kernel_process, 0, MAP_HIDDEN);
    if (status != STATUS_OK)
        return LINUX_ENOMEM;
    int64_t result = pages_map(program->process, program->kernel_process, &program->at);
    if (result < 0)
        return server_error(result);
    result = native_map(program->kernel_process, program->block, 0, POSIX_START_ADDRESS, block_size,
                        MAP_READ | MAP_WRITE | MAP_FIXED_ADDRESS | MAP_HIDDEN);
    return result < 0 ? server_error(result) : complete_start(program);
}

int64_t program_make_thread(const struct program *program, uint32_t flags)
{
    struct thread_start start = {
        .pc = library.image.entry,
        .argument = POSIX_START_ADDRESS,
        .identity = process_identity(program->process->pid, program->process->pid),
        .priority = PRIORITY_NORMAL,
        .weight = nice_weight(program->process->info->nice),
        .cpus = program->cpus,
        .flags = flags,
    };

    return native_thread_create(program->kernel_process, &start);
}

void program_set_name(struct process *process, const char *name, size_t length)
{
    size_t start = length;

    while (start > 0 && name[start - 1] != '/')
        start--;
    size_t rest = length - start < PROCESS_COMM - 1 ? length - start : PROCESS_COMM - 1;
    memset(process->name, 0, PROCESS_COMM);
    memcpy(process->name, name + start, rest);
    list_for_each (&process->threads, node)
        memcpy(container_of_thread(node)->name, process->name, PROCESS_COMM);
}
