/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * The calls that only RISC-V has (Linux: arch/riscv/kernel/sys_riscv.c and
 * uapi/asm/hwprobe.h).
 */
#include <base/errno.h>
#include <base/text.h>
#include <posix/calls.h>
#include <posix/copy.h>
#include <posix/library_layout.h>
#include <posix/task.h>
#include <trellis/native.h>

#define FLUSH_LOCAL 1u /* only the calling thread is to see its new code */

enum probe_key {
    PROBE_VENDOR = 0,
    PROBE_ARCHITECTURE = 1,
    PROBE_IMPLEMENTATION = 2,
    PROBE_BASE = 3,
    PROBE_EXTENSIONS = 4,
    PROBE_MISALIGNED = 5, /* speed unknown: 0 */
    PROBE_HIGHEST_ADDRESS = 7,
    PROBE_CLOCK_HZ = 8,
    PROBE_UNKNOWN = -1,
};
#define PROBE_BASE_IMA 1u

struct probe_pair {
    int64_t key;
    uint64_t value;
};

#define EXTENSION(word) (UINT64_C(1) << RISCV_##word)
static const struct {
    uint64_t needed; /* of the processor's extensions */
    uint64_t bit;
} probe_extensions[] = {
    {RISCV_LETTER('f') | RISCV_LETTER('d'), 1u << 0},
    {RISCV_LETTER('c'), 1u << 1},
    {EXTENSION(ZBA), 1u << 3},
    {EXTENSION(ZBB), 1u << 4},
    {EXTENSION(ZBS), 1u << 5},
    {EXTENSION(ZBC), 1u << 7},
    {EXTENSION(ZBKB), 1u << 8},
    {EXTENSION(ZBKC), 1u << 9},
    {EXTENSION(ZBKX), 1u << 10},
    {EXTENSION(ZKND), 1u << 11},
    {EXTENSION(ZKNE), 1u << 12},
    {EXTENSION(ZKNH), 1u << 13},
    {EXTENSION(ZKSED), 1u << 14},
    {EXTENSION(ZKSH), 1u << 15},
    {EXTENSION(ZKT), 1u << 16},
    {EXTENSION(ZFH), UINT64_C(1) << 27},
    {EXTENSION(ZFHMIN), UINT64_C(1) << 28},
    {EXTENSION(ZIHINTNTL), UINT64_C(1) << 29},
    {EXTENSION(ZFA), UINT64_C(1) << 32},
    {EXTENSION(ZACAS), UINT64_C(1) << 34},
    {EXTENSION(ZICOND), UINT64_C(1) << 35},
    {EXTENSION(ZIHINTPAUSE), UINT64_C(1) << 36},
};

static uint64_t extensions_of(const struct process_hardware *hardware)
{
    uint64_t has = hardware->processor[PROCESSOR_RISCV_EXTENSIONS], found = 0;

    for (unsigned i = 0; i < sizeof(probe_extensions) / sizeof(probe_extensions[0]); i++) {
        if ((probe_extensions[i].needed & ~has) == 0)
            found |= probe_extensions[i].bit;
    }
    return found;
}

/* What is not known here is answered by a key that nothing has, as Linux does. */
static void answer(const struct process_hardware *hardware, struct probe_pair *pair)
{
    switch (pair->key) {
    case PROBE_VENDOR:
    case PROBE_ARCHITECTURE:
    case PROBE_IMPLEMENTATION:
        pair->value = hardware->processor[PROCESSOR_RISCV_VENDOR + pair->key];
        break;
    case PROBE_BASE:
        pair->value = PROBE_BASE_IMA;
        break;
    case PROBE_EXTENSIONS:
        pair->value = extensions_of(hardware);
        break;
    case PROBE_MISALIGNED:
        pair->value = 0;
        break;
    case PROBE_HIGHEST_ADDRESS:
        pair->value = USER_LIBRARY - 1;
        break;
    case PROBE_CLOCK_HZ:
        pair->value = ((const struct time_page *)LIBRARY_TIME_ADDRESS)->frequency_hz;
        break;
    default:
        *pair = (struct probe_pair){.key = PROBE_UNKNOWN};
    }
}

/* Whether one of the harts that are asked about exists: they are all alike. */
static int64_t check_cpus(const struct process_hardware *hardware,
                          const struct riscv_hwprobe_arguments *arguments)
{
    uint64_t set = 0, size = arguments->cpu_count;
    uint64_t existing =
        hardware->cpu_count >= 64 ? UINT64_MAX : (UINT64_C(1) << hardware->cpu_count) - 1;

    if (arguments->cpu_count == 0 && arguments->cpus == 0)
        return 0;
    if (copy_from_program(&set, arguments->cpus, size < sizeof(set) ? size : sizeof(set)) != 0)
        return -LINUX_EFAULT;
    return (set & existing) == 0 ? -LINUX_EINVAL : 0;
}

int64_t linux_riscv_hwprobe(struct task *task, const struct riscv_hwprobe_arguments *arguments)
{
    const struct process_hardware *hardware = &task->group->info->hardware;
    int64_t result = arguments->flags != 0 ? -LINUX_EINVAL : check_cpus(hardware, arguments);
    uint64_t at = arguments->pairs;
    struct probe_pair pair;

    for (uint64_t i = 0; result == 0 && i < arguments->count; i++, at += sizeof(pair)) {
        if (copy_from_program(&pair, at, sizeof(pair)) != 0)
            return -LINUX_EFAULT;
        answer(hardware, &pair);
        if (copy_to_program(at, &pair, sizeof(pair)) != 0)
            return -LINUX_EFAULT;
    }
    return result;
}

/*
 * When a page becomes executable the kernel has every hart that runs the process, or is
 * going to, fetch its instructions anew; so one does.
 */
static int64_t flush_all(void)
{
    int64_t page = native_map(library.self, HANDLE_NONE, 0, 0, USER_PAGE_SIZE,
                              MAP_READ | MAP_EXECUTE | MAP_LIBRARY | MAP_HIDDEN);

    if (page < 0)
        return -LINUX_ENOMEM;
    (void)*(const volatile uint8_t *)page;
    (void)native_unmap(library.self, (uint64_t)page, USER_PAGE_SIZE);
    return 0;
}

/* Instructions stored before are seen by what runs next: on this hart, or on all. */
int64_t linux_riscv_flush_icache(struct task *task,
                                 const struct riscv_flush_icache_arguments *arguments)
{
    (void)task;
    if ((arguments->flags & ~(uint64_t)FLUSH_LOCAL) != 0)
        return -LINUX_EINVAL;
    if ((arguments->flags & FLUSH_LOCAL) == 0)
        return flush_all();
    __asm__ volatile("fence.i" ::: "memory");
    return 0;
}
