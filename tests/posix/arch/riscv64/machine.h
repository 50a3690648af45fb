/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* RISC-V: for machine.c. The registers it looks at are s4 and fs1. */
#pragma once

#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#define MACHINE_NAME "riscv64"
#define MACHINE_HAS_PLATFORM 0
#define MACHINE_CPU_NAMES "isa", "mmu"
#define MACHINE_HARDWARE 0x112dul /* I, M, A, F, D, C */
#define NUMBER_S4 20
#define NUMBER_FS1 9

struct registers {
    uint64_t integer, vector;
};

static inline void fault_with(struct registers *registers)
{
    __asm__ volatile("ld s4, 0(%0)\n\t"
                     "fld fs1, 8(%0)\n\t"
                     ".word 0\n\t"
                     "sd s4, 0(%0)\n\t"
                     "fsd fs1, 8(%0)"
                     :
                     : "r"(registers)
                     : "s4", "fs1", "memory");
}

static inline void spoil_vector(void)
{
    __asm__ volatile("fmv.d.x fs1, zero" ::: "fs1");
}

static inline void context_read(const ucontext_t *context, struct registers *registers)
{
    registers->integer = context->uc_mcontext.__gregs[NUMBER_S4];
    registers->vector = context->uc_mcontext.__fpregs.__d.__f[NUMBER_FS1];
}

static inline void context_write(ucontext_t *context, const struct registers *registers)
{
    context->uc_mcontext.__gregs[NUMBER_S4] = registers->integer;
    context->uc_mcontext.__fpregs.__d.__f[NUMBER_FS1] = registers->vector;
}

static inline void context_skip_fault(ucontext_t *context)
{
    context->uc_mcontext.__gregs[REG_PC] += 4;
}

/* A function that returns `value`: its bytes. */
static inline size_t write_function(uint8_t *at, int value)
{
    const uint32_t code[] = {0x00000513u | (uint32_t)value << 20, 0x00008067u}; /* li a0; ret */

    memcpy(at, code, sizeof(code));
    return sizeof(code);
}

#define HWPROBE 258
#define FLUSH_ICACHE 259
#define KEY_BASE 3
#define KEY_EXTENSIONS 4
#define KEY_NONE 1000000
#define EXTENSION_FD 1u
#define EXTENSION_C 2u
#define EXTENSION_ZBA 8u
#define ROUNDS 200

struct probe {
    int64_t key;
    uint64_t value;
};

/* sh1add a0, a0, a1: twice the first and the second. */
static inline uint64_t shifted_sum(uint64_t first, uint64_t second)
{
    register uint64_t a0 __asm__("a0") = first;
    register uint64_t a1 __asm__("a1") = second;

    __asm__ volatile(".word 0x20b52533" : "+r"(a0) : "r"(a1));
    return a0;
}

static inline void ask_what_there_is(void)
{
    struct probe probes[] = {{KEY_EXTENSIONS, 0}, {KEY_NONE, 7}, {KEY_BASE, 0}};
    uint64_t first = 1, none = UINT64_C(1) << 63;

    CHECK(syscall(HWPROBE, probes, 3, 0, NULL, 0) == 0);
    CHECK(probes[0].key == KEY_EXTENSIONS && probes[1].key == -1 && probes[1].value == 0);
    CHECK((probes[0].value & EXTENSION_FD) != 0 && (probes[0].value & EXTENSION_C) != 0);
    CHECK(probes[2].key == KEY_BASE && probes[2].value == 1);
    if ((probes[0].value & EXTENSION_ZBA) != 0)
        CHECK(shifted_sum(20, 2) == 42);
    CHECK(syscall(HWPROBE, probes, 1, sizeof(first), &first, 0) == 0);
    CHECK(syscall(HWPROBE, probes, 1, sizeof(none), &none, 0) == -1 && errno == EINVAL);
    CHECK(syscall(HWPROBE, probes, 1, 0, NULL, 2) == -1 && errno == EINVAL);
    CHECK(syscall(HWPROBE, NULL, 1, 0, NULL, 0) == -1 && errno == EFAULT);
    CHECK(syscall(HWPROBE, probes, 1, 8, NULL, 0) == -1 && errno == EFAULT);
}

static struct {
    uint8_t *code; /* readable, writable and executable */
    int written, called;
} shared_code;

static inline void *call_what_is_written(void *argument)
{
    for (int round = 1; round <= ROUNDS; round++) {
        while (__atomic_load_n(&shared_code.written, __ATOMIC_ACQUIRE) != round)
            sched_yield();
        CHECK(((int (*)(void))(uintptr_t)shared_code.code)() == round);
        __atomic_store_n(&shared_code.called, round, __ATOMIC_RELEASE);
    }
    return argument;
}

/* Another thread runs what this one has written and flushed, again and again. */
static inline void code_for_another_thread(void)
{
    pthread_t thread;

    shared_code.code =
        mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(shared_code.code != MAP_FAILED);
    CHECK(pthread_create(&thread, NULL, call_what_is_written, NULL) == 0);
    for (int round = 1; round <= ROUNDS; round++) {
        size_t size = write_function(shared_code.code, round);
        CHECK(syscall(FLUSH_ICACHE, shared_code.code, shared_code.code + size, 0) == 0);
        __atomic_store_n(&shared_code.written, round, __ATOMIC_RELEASE);
        while (__atomic_load_n(&shared_code.called, __ATOMIC_ACQUIRE) != round)
            sched_yield();
    }
    CHECK(pthread_join(thread, NULL) == 0);
    CHECK(munmap(shared_code.code, 4096) == 0);
    CHECK(syscall(FLUSH_ICACHE, 0, 0, 1) == 0);
    CHECK(syscall(FLUSH_ICACHE, 0, 0, 2) == -1 && errno == EINVAL);
}

static inline void what_the_machine_allows(void)
{
    ask_what_there_is();
    code_for_another_thread();
}
