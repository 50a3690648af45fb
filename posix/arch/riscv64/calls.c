/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* The calls that only RISC-V has. */
#include <base/errno.h>
#include <posix/calls.h>

#define FLUSH_LOCAL 1u /* only the calling thread is to see its new code */

/* Instructions stored before are seen by what runs next on this hart. */
int64_t linux_riscv_flush_icache(struct task *task,
                                 const struct riscv_flush_icache_arguments *arguments)
{
    (void)task;
    if ((arguments->flags & ~(uint64_t)FLUSH_LOCAL) != 0)
        return -LINUX_EINVAL;
    __asm__ volatile("fence.i" ::: "memory");
    return 0;
}
