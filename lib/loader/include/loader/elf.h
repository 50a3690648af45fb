/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * ELF programs for this machine: what of a file is mapped where.
 *
 * Reads the ELF header and the program headers strictly (System V ABI, chapters
 * 4 and 5). The file is not trusted: what is accepted can be mapped as it says
 * without a further check of sizes. Knows nothing of processes: host-testable.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ELF_SEGMENTS_MAX 16
#define ELF_PAGE UINT64_C(4096)

enum elf_outcome {
    ELF_OK,
    ELF_NOT_ELF,       /* too short for a header, or another magic */
    ELF_OTHER_MACHINE, /* another class, byte order, version or machine */
    ELF_NOT_PROGRAM,   /* neither an executable nor a shared object */
    ELF_DAMAGED,       /* program headers of another size or outside the file, or a bad PT_INTERP */
    ELF_UNMAPPABLE, /* no segment, or one that cannot be mapped; the rest of the image is valid */
};

enum elf_access {
    ELF_EXECUTE = 1u << 0, /* as PF_X, PF_W, PF_R */
    ELF_WRITE = 1u << 1,
    ELF_READ = 1u << 2,
};

/*
 * One PT_LOAD: file bytes [offset, offset + file_size) at [address, address +
 * file_size), zeroes from there to address + memory_size. address and offset are
 * equal modulo ELF_PAGE; file_size is at most memory_size.
 */
struct elf_segment {
    uint64_t address, memory_size;
    uint64_t offset, file_size;
    uint32_t access; /* enum elf_access */
};

struct elf_image {
    uint64_t entry;
    uint64_t low, high; /* page aligned [low, high) that the segments lie in */
    uint64_t headers; /* address of the program headers in memory, 0 if no segment has the first */
    uint16_t header_count;
    bool relocatable;      /* may be mapped anywhere: addresses are relative */
    bool interpreted;      /* PT_INTERP: the path of its interpreter, without NUL, is in the file */
    bool stack_executable; /* asked for by PT_GNU_STACK, or by its absence */
    uint64_t interpreter_offset, interpreter_size;
    unsigned segment_count;                        /* at least 1, or 0 if ELF_UNMAPPABLE */
    struct elf_segment segments[ELF_SEGMENTS_MAX]; /* by address; no two share a page */
};

#define ELF_HEADER_SIZE 64
#define ELF_HEADERS_MAX 65536 /* bytes of program headers, as on Linux */

/*
 * `bytes` are the first `size` of a file: where in it the program headers stand, at most
 * ELF_HEADERS_MAX bytes of them.
 */
enum elf_outcome elf_find_headers(const void *bytes, size_t size, uint64_t *offset,
                                  uint64_t *length);

/*
 * `bytes` are the file's first ELF_HEADER_SIZE, `headers` what elf_find_headers found. Segments
 * must lie in the file; with UINT64_MAX as its size they may go past its end.
 */
enum elf_outcome elf_read_headers(const void *bytes, const void *headers, uint64_t file_size,
                                  struct elf_image *image);

/* Both, for a whole file. */
enum elf_outcome elf_read(const void *bytes, size_t size, struct elf_image *image);

const char *elf_outcome_text(enum elf_outcome outcome);
