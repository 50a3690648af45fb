/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * The start of a process: from the block to the program's first instruction.
 *
 * The first part runs on a stack in the image, without a task, and so without
 * locks and heap; the second on the stack of the first task. A failure before
 * the program runs ends it as Linux does behind exec's point of no return: by
 * SIGKILL where the reason is lack of memory, SIGSEGV where it is the file.
 */
#include "start.h"

#include <base/errno.h>
#include <base/random.h>
#include <base/text.h>
#include <list/list.h>
#include <posix/arch.h>
#include <posix/copy.h>
#include <posix/end.h>
#include <posix/file.h>
#include <posix/library_layout.h>
#include <posix/linux/process.h>
#include <posix/memory.h>
#include <posix/naming.h>
#include <posix/personality.h>
#include <posix/random.h>
#include <posix/request.h>
#include <posix/task.h>
#include <posix/time.h>
#include <posix/wait.h>
#include <trellis/native.h>

#include "auxiliary.h"
#include "program.h"
#include "stack.h"
#include "start_block.h"

/* Of an executable that may be anywhere, and over so many pages places are spread. */
#define PROGRAM_PLACE (USER_LIBRARY / 3 * 2 & ~(uint64_t)(USER_PAGE_SIZE - 1))
#define PLACE_PAGES ((uint32_t)(USER_LIBRARY / 128 / USER_PAGE_SIZE))
#define STACK_SPREAD_PAGES 0x1000u
#define BRK_SPREAD_PAGES 0x800u
#define STACK_MIN UINT64_C(0x20000)
#define STACK_MAX UINT64_C(0x4000000)
#define STACK_DEFAULT UINT64_C(0x800000)
#define STACK_GAP UINT64_C(0x10000000) /* below the library */

/* All that is known of the program while it is put together. */
struct start {
    const struct posix_start *block;
    struct task *task;
    struct elf_image program, interpreter;
    uint64_t bias, interpreter_bias;
    bool interpreted;
    uint64_t stack_size;
    struct stack_layout layout;
};

static struct start start;

static uint64_t page_spread(uint32_t pages)
{
    return random_number_below(pages) * USER_PAGE_SIZE;
}

static _Noreturn void fail(int number)
{
    end_by_signal(start.task, number);
}

static void adopt_handles(const struct posix_start *block)
{
    library.self = block->self;
    library.account = block->account;
    library.process = block->process;
    library.tty = block->tty;
    library.trace = block->trace;
}

static void map_time(handle_t time)
{
    int64_t address = native_map(library.self, time, 0, LIBRARY_TIME_ADDRESS, USER_PAGE_SIZE,
                                 MAP_READ | MAP_FIXED_ADDRESS | MAP_HIDDEN);
    if (address < 0)
        end_broken("the time page cannot be mapped");
    library.time = (const struct time_page *)address;
}

static void make_group(struct task *task, const struct posix_start *block)
{
    struct group *group = group_create();

    task->group = group;
    task->actions = signal_actions_create();
    if (group == NULL || task->actions == NULL)
        end_broken("no memory for the first task");
    group->info = (const struct process_info_page *)block->info_address;
    group->signals = (struct process_signal_page *)block->signals_address;
    group->child_event = block->child_event;
    group->dumpable = block->dumpable;
    task->tid = group->info->pid;
    task->slot = (uint32_t)block->signal_slot;
    for (int number = 1; number <= SIGNAL_COUNT_MAX; number++) {
        struct signal_action *action = &task->actions->actions[number];
        if ((block->ignored & SIGNAL_BIT(number)) != 0)
            action->handler = LINUX_SIG_IGN;
        signal_publish_action(group, number, action);
    }
    signal_set_mask(task, block->blocked);
}

static void make_files(struct task *task, const struct posix_start *block)
{
    const handle_t *close = (const handle_t *)((const char *)block + block->close);

    for (uint32_t i = 0; i < block->close_count; i++)
        request_close_handle(close[i]);
    task->naming =
        naming_create(block->root, block->cwd, start_block_cwd(block), (uint32_t)block->umask);
    task->files = file_table_create();
    if (task->naming == NULL || task->files == NULL)
        end_broken("no memory for files");
    file_table_restore(task, block);
}

static void name_task(struct task *task, const char *path)
{
    const char *slash = strrchr(path, '/');
    (void)text_copy(task->name, sizeof(task->name), slash == NULL ? path : slash + 1);
}

/* The interpreter's pages: opened by exec, or here where the server has replaced the program. */
static handle_t interpreter_memory(void)
{
    char path[PATH_SIZE];
    struct executable executable;
    const struct executable_request request = {.dirfd = LINUX_AT_FDCWD, .path = path};

    if (start.block->interpreter_memory != HANDLE_NONE)
        return start.block->interpreter_memory;
    if (program_read_interpreter(start.block->executable_memory, &start.program, path) != 0 ||
        executable_open(start.task, &request, &executable) != 0)
        fail(LINUX_SIGKILL);
    handle_t memory = executable.memory;
    executable.memory = HANDLE_NONE;
    executable_close(&executable);
    return memory;
}

static void map_program(handle_t memory, struct elf_image *image, uint64_t place, uint64_t *bias)
{
    int error = program_read(memory, image);

    if (error == 0)
        error = program_map(memory, image, place, bias);
    if (error != 0)
        fail(error == -LINUX_ENOMEM ? LINUX_SIGKILL : LINUX_SIGSEGV);
}

static void map_programs(void)
{
    const struct posix_start *block = start.block;
    uint64_t place = PROGRAM_PLACE + page_spread(PLACE_PAGES);

    map_program(block->executable_memory, &start.program, place, &start.bias);
    start.interpreted = start.program.interpreted;
    if (start.interpreted) {
        handle_t memory = interpreter_memory();
        map_program(memory, &start.interpreter, 0, &start.interpreter_bias);
        request_close_handle(memory);
    }
    request_close_handle(block->interpreter);
    request_close_handle(block->executable_memory);
    request_close_handle(block->executable);
}

static uint64_t entry_point(void)
{
    uint64_t entry = start.interpreted ? start.interpreter.entry + start.interpreter_bias
                                       : start.program.entry + start.bias;

    if (entry >= USER_END)
        fail(LINUX_SIGSEGV);
    return entry;
}

static uint64_t map_stack(void)
{
    uint64_t size = task_limit(start.task, LINUX_RLIMIT_STACK);
    uint64_t top = USER_LIBRARY - STACK_GAP - page_spread(STACK_SPREAD_PAGES);

    if (size > STACK_MAX)
        size = size == LINUX_RLIM_INFINITY ? STACK_DEFAULT : STACK_MAX;
    size = (size < STACK_MIN ? STACK_MIN : size) & ~(uint64_t)(USER_PAGE_SIZE - 1);
    uint32_t flags = MAP_READ | MAP_WRITE | MAP_FIXED_ADDRESS | MAP_NO_REPLACE;
    int64_t address = native_map(library.self, HANDLE_NONE, 0, top - size, size, flags);
    if (address < 0)
        fail(LINUX_SIGKILL);
    start.stack_size = size;
    return top;
}

static void write_stack(void)
{
    const struct posix_start *block = start.block;
    struct stack_auxiliary auxiliary[STACK_AUXV_MAX];
    const struct auxiliary_facts facts = {
        .program = &start.program,
        .bias = start.bias,
        .interpreter = start.interpreted ? &start.interpreter : NULL,
        .interpreter_bias = start.interpreter_bias,
        .vdso = (uint64_t)library_vdso,
        .signal_frame_size = arch_signal_frame_size(),
    };
    struct stack_request request = {
        .top = map_stack(),
        .strings = start_block_strings(block),
        .strings_size = block->strings_size,
        .argument_count = block->argument_count,
        .environment_count = block->environment_count,
        .path = start_block_path(block),
        .platform = arch_platform(),
        .auxiliary = auxiliary,
        .auxiliary_count = auxiliary_fill(&facts, start.task->group->info, auxiliary),
    };

    random_bytes(request.random, sizeof(request.random));
    stack_plan(&request, &start.layout);
    void *image = memory_allocate(start.layout.size);
    if (image == NULL || start.layout.size > start.stack_size)
        fail(LINUX_SIGKILL);
    stack_write(&request, &start.layout, image);
    if (copy_to_program(start.layout.sp, image, start.layout.size) != 0)
        fail(LINUX_SIGKILL);
    memory_release(image);
}

/* For /proc. */
static void publish_layout(void)
{
    struct group *group = start.task->group;
    const struct stack_layout *layout = &start.layout;
    const struct elf_segment *first = &start.program.segments[0];

    group->brk_start = start.program.high + start.bias + page_spread(BRK_SPREAD_PAGES);
    group->brk_end = group->brk_start;
    group->signals->layout = (struct process_layout){
        .arguments_start = layout->strings,
        .arguments_end = layout->environment,
        .environment_start = layout->environment,
        .environment_end = layout->strings_end,
        .heap_start = group->brk_start,
        .heap_end = group->brk_end,
        .stack_top = layout->sp,
        .code_start = first->address + start.bias,
        .code_end = first->address + start.bias + first->memory_size,
        .cwd_path = (uint64_t)start.task->naming->cwd_path,
        .umask = start.task->naming->umask,
    };
    file_table_publish(start.task);
}

static _Noreturn void start_program(void *argument)
{
    struct task *task = argument;
    const struct posix_start *block = start.block;

    start.task = task;
    if (!start_block_is_valid(block))
        end_broken("the start block is damaged");
    random_begin(block->entropy, sizeof(block->entropy));
    make_group(task, block);
    task_publish(task);
    make_files(task, block);
    name_task(task, start_block_path(block));
    map_programs();
    write_stack();
    publish_layout();
    arch_registers_begin(&task->frame->registers, entry_point(), start.layout.sp);
    (void)native_unmap(library.self, (uint64_t)block, block->size);
    if (signal_deliverable(task) != 0)
        signal_deliver(task, 0, 0);
    arch_enter_program(task->frame);
}

void start_library(const struct posix_start *block, struct frame *frame)
{
    struct personality entries;

    adopt_handles(block);
    map_time(block->time);
    personality_describe(&entries);
    if (native_process_set_personality(library.self, &entries) < 0)
        end_broken("the personality was refused");
    struct task *task = task_create();
    if (task == NULL)
        end_broken("no memory for the first task");
    list_init(&library.tasks);
    list_init(&library.vacant);
    task->frame = frame;
    frame->task = (uint64_t)task;
    frame->stack_top = task_stack_top(task);
    start.block = block;
    arch_run_on_stack(task_stack_top(task), start_program, task);
}
