/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include <arch/copy_fixup.h>

uint64_t copy_resume(uint64_t pc)
{
    for (const struct copy_fixup *fixup = copy_fixups; fixup < copy_fixups_end; fixup++)
        if (fixup->fault == pc)
            return fixup->resume;
    return 0;
}
