/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include "offsets.h"
#include "arm.h"

#include <kernel/cpu.h>
#include <kernel/thread.h>
#include <stddef.h>
#include <trellis/calls.h>

#define CHECK(type, member, offset)                                                                \
    _Static_assert(offsetof(struct type, member) == (offset), #type "." #member)

CHECK(thread, arch, 0);
CHECK(arch_thread, registers, 0);
CHECK(cpu, arch, 0);
CHECK(arch_cpu, stack_top, CPU_STACK_TOP);
CHECK(arch_cpu, frame, CPU_FRAME);
CHECK(arch_cpu, frame_user, CPU_FRAME_USER);
CHECK(arch_cpu, reflect, CPU_REFLECT);
CHECK(arm_trap, x[18], TRAP_X18);
CHECK(arm_trap, x30, TRAP_X30);
CHECK(arm_trap, flags, TRAP_FLAGS);

_Static_assert(sizeof(struct arm_trap) == TRAP_SIZE, "struct arm_trap");
_Static_assert(NATIVE_CALL_BASE == (unsigned)CALL_BASE_HIGH << 16, "the first native call");
_Static_assert(CALL_FRAME_RESUME == NATIVE_CALL_BASE + CALL_RESUME, "frame_resume");
_Static_assert(CALL_IPC_CALL == NATIVE_CALL_BASE + CALL_MESSAGE, "ipc_call");
_Static_assert(CALL_IPC_REPLY_AND_WAIT == NATIVE_CALL_BASE + CALL_ANSWER, "ipc_reply_and_wait");
_Static_assert(MESSAGE_LONG == UINT64_C(1) << MESSAGE_LONG_SHIFT, "the bit");
_Static_assert(MESSAGE_LONG_HIGH == MESSAGE_LONG >> 32, "the same");
_Static_assert(USER_END == (UINT64_C(1) * USER_END_HIGH << 32 | (uint64_t)USER_END_LOW << 16),
               "the end of user space");
