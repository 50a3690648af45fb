/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include "offsets.h"

#include <arch/layout.h>
#include <kernel/cpu.h>
#include <kernel/thread.h>
#include <stddef.h>
#include <trellis/calls.h>
#include <trellis/frame.h>

#include "riscv.h"

#define CHECK(type, member, offset)                                                                \
    _Static_assert(offsetof(struct type, member) == (offset), #type "." #member)

_Static_assert(CALL_BASE == NATIVE_CALL_BASE, "the first native call");
_Static_assert(CALL_MESSAGE == CALL_IPC_CALL && CALL_ANSWER == CALL_IPC_REPLY_AND_WAIT &&
                   CALL_RESUME == CALL_FRAME_RESUME,
               "those with a short path");
_Static_assert(MESSAGE_LONG_HIGH == MESSAGE_LONG >> 32, "the bit");
_Static_assert((uint64_t)USER_END_TOP << USER_END_SHIFT == USER_END, "the end of user space");
CHECK(thread, arch, 0);
CHECK(arch_thread, registers, 0);
CHECK(arch_thread, full, THREAD_FULL);
CHECK(frame, registers, 0);
CHECK(cpu, arch, 0);
CHECK(arch_cpu, stack_top, CPU_STACK_TOP);
CHECK(arch_cpu, scratch, CPU_SCRATCH);
CHECK(arch_cpu, thread, CPU_THREAD);
CHECK(arch_cpu, frame, CPU_FRAME);
CHECK(arch_cpu, frame_user, CPU_FRAME_USER);
CHECK(arch_cpu, reflect, CPU_REFLECT);
CHECK(riscv_trap, pc, REGISTER_PC);
CHECK(riscv_trap, x, REGISTER_X(1));
CHECK(riscv_trap, status, TRAP_STATUS);
_Static_assert(sizeof(struct riscv_trap) <= TRAP_SIZE && TRAP_SIZE % 16 == 0, "struct riscv_trap");
