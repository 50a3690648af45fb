/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include "offsets.h"

#include <kernel/cpu.h>
#include <kernel/thread.h>
#include <stddef.h>
#include <trellis/calls.h>
#include <trellis/frame.h>

#define CHECK(type, member, offset)                                                                \
    _Static_assert(offsetof(struct type, member) == (offset), #type "." #member)

_Static_assert(CALL_BASE == NATIVE_CALL_BASE, "the first native call");
_Static_assert(CALL_MESSAGE == CALL_IPC_CALL && CALL_ANSWER == CALL_IPC_REPLY_AND_WAIT, "numbers");
_Static_assert(MESSAGE_LONG == UINT64_C(1) << MESSAGE_LONG_SHIFT, "the bit");
_Static_assert(MESSAGE_LONG_HIGH == MESSAGE_LONG >> 32, "the same");
CHECK(arch_thread, full, THREAD_FULL);
CHECK(thread, arch, 0);
CHECK(frame, registers, 0);
CHECK(cpu, arch, 0);
CHECK(arch_cpu, self, CPU_SELF);
CHECK(arch_cpu, stack_top, CPU_STACK_TOP);
CHECK(arch_cpu, scratch, CPU_SCRATCH);
CHECK(arch_cpu, thread, CPU_THREAD);
CHECK(arch_cpu, frame, CPU_FRAME);
CHECK(arch_cpu, frame_user, CPU_FRAME_USER);
CHECK(arch_cpu, reflect, CPU_REFLECT);
