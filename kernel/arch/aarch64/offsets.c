/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include <arch/offsets_of.h>

#include "arm.h"

_Static_assert(offsetof(struct arch_cpu, reflect) == offsetof(struct arch_cpu, frame_user) + 8,
               "loaded together");

void arch_name_offsets(void)
{
    name_shared_offsets();
    OFFSET(TRAP_X18, arm_trap, x[18]);
    OFFSET(TRAP_X30, arm_trap, x30);
    OFFSET(TRAP_FLAGS, arm_trap, flags);
    CONSTANT(TRAP_SIZE, sizeof(struct arm_trap));
    CONSTANT(USER_END_HIGH, USER_END >> 32);
    CONSTANT(USER_END_MIDDLE, USER_END >> 16 & 0xffff);
    _Static_assert(USER_END >> 48 == 0 && (USER_END & 0xffff) == 0, "loaded by two instructions");
}
