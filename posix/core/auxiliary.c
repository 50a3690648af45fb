/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include "auxiliary.h"

#include <base/text.h>
#include <posix/linux/process.h>
#include <posix/linux/time.h>
#include <trellis/arch/registers.h>

#define PROGRAM_HEADER_SIZE 56

unsigned auxiliary_fill(const struct auxiliary_facts *facts, const struct process_info_page *info,
                        struct stack_auxiliary *auxiliary)
{
    const struct elf_image *program = facts->program, *interpreter = facts->interpreter;
    const struct stack_auxiliary all[] = {
        {LINUX_AT_HWCAP, info->hardware.capabilities[0]},
        {LINUX_AT_PAGESZ, USER_PAGE_SIZE},
        {LINUX_AT_CLKTCK, LINUX_CLOCK_TICKS},
        {LINUX_AT_PHDR, program->headers == 0 ? 0 : program->headers + facts->bias},
        {LINUX_AT_PHENT, PROGRAM_HEADER_SIZE},
        {LINUX_AT_PHNUM, program->header_count},
        {LINUX_AT_BASE, interpreter == NULL ? 0 : interpreter->low + facts->interpreter_bias},
        {LINUX_AT_FLAGS, 0},
        {LINUX_AT_ENTRY, program->entry + facts->bias},
        {LINUX_AT_UID, info->uid},
        {LINUX_AT_EUID, info->euid},
        {LINUX_AT_GID, info->gid},
        {LINUX_AT_EGID, info->egid},
        {LINUX_AT_SECURE, info->secure},
        {LINUX_AT_HWCAP2, info->hardware.capabilities[1]},
        {LINUX_AT_SYSINFO_EHDR, facts->vdso},
        {LINUX_AT_MINSIGSTKSZ, facts->signal_frame_size},
    };

    _Static_assert(sizeof(all) / sizeof(all[0]) <= STACK_AUXV_MAX, "room for the vector");
    memcpy(auxiliary, all, sizeof(all));
    return sizeof(all) / sizeof(all[0]);
}
