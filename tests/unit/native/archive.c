/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include <native/archive.h>

#include <assert.h>
#include <elf.h>
#include <stdio.h>
#include <string.h>

#include <trellis/arch/registers.h>

#define HEADER_SIZE 110
#define PROGRAM_SIZE 8192u

static size_t put_entry(char *at, const char *name, size_t size)
{
    size_t length = strlen(name) + 1;
    (void)sprintf(at, "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x", 1, 0100755, 0,
                  0, 1, 0, (unsigned)size, 0, 0, 0, 0, (unsigned)length, 0);
    memcpy(at + HEADER_SIZE, name, length);
    return (HEADER_SIZE + length + 3) & ~(size_t)3;
}

/* Code, then data and zeroes behind it. */
static void put_program(char *at)
{
    const Elf64_Ehdr header = {
        .e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
        .e_type = ET_EXEC,
        .e_machine = EM_X86_64,
        .e_version = EV_CURRENT,
        .e_entry = USER_LIBRARY,
        .e_phoff = sizeof(header),
        .e_ehsize = sizeof(header),
        .e_phentsize = sizeof(Elf64_Phdr),
        .e_phnum = 2,
    };
    const Elf64_Phdr segments[2] = {
        {.p_type = PT_LOAD,
         .p_flags = PF_R | PF_X,
         .p_vaddr = USER_LIBRARY,
         .p_filesz = 4096,
         .p_memsz = 4096},
        {.p_type = PT_LOAD,
         .p_flags = PF_R | PF_W,
         .p_offset = 4096,
         .p_vaddr = USER_LIBRARY + 4096,
         .p_filesz = 4096,
         .p_memsz = 8192},
    };
    memset(at, 0, PROGRAM_SIZE);
    memcpy(at, &header, sizeof(header));
    memcpy(at + sizeof(header), segments, sizeof(segments));
}

size_t fake_archive(void *archive, const char *const *names, size_t count)
{
    char *bytes = archive;
    size_t used = 0;
    for (size_t i = 0; i < count; i++) {
        assert(used + PROGRAM_SIZE + 512 <= count * FAKE_ARCHIVE_SIZE);
        used += put_entry(bytes + used, names[i], PROGRAM_SIZE);
        put_program(bytes + used);
        used += PROGRAM_SIZE;
    }
    return used + put_entry(bytes + used, "TRAILER!!!", 0);
}
