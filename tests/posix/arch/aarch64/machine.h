/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* AArch64: for machine.c. The registers it looks at are x20 and the low half of v9. */
#pragma once

#include <stdint.h>
#include <string.h>
#include <sys/auxv.h>
#include <ucontext.h>
#ifdef __GLIBC__ /* elsewhere <signal.h> has it */
#include <asm/sigcontext.h>
#endif

#define MACHINE_NAME "aarch64"
#define MACHINE_HAS_PLATFORM 1
#define MACHINE_CPU_NAMES "Features", "CPU architecture"
#define MACHINE_HARDWARE 3ul /* FP, ASIMD */

struct registers {
    uint64_t integer, vector;
};

static inline void fault_with(struct registers *registers)
{
    __asm__ volatile("ldr x20, [%0]\n\t"
                     "ldr d9, [%0, #8]\n\t"
                     ".word 0\n\t"
                     "str x20, [%0]\n\t"
                     "str d9, [%0, #8]"
                     :
                     : "r"(registers)
                     : "x20", "v9", "memory");
}

static inline void spoil_vector(void)
{
    __asm__ volatile("movi v9.2d, #0" ::: "v9");
}

static inline struct fpsimd_context *vectors_of(const ucontext_t *context)
{
    return (struct fpsimd_context *)context->uc_mcontext.__reserved;
}

static inline void context_read(const ucontext_t *context, struct registers *registers)
{
    registers->integer = context->uc_mcontext.regs[20];
    if (vectors_of(context)->head.magic == FPSIMD_MAGIC)
        registers->vector = (uint64_t)vectors_of(context)->vregs[9];
}

static inline void context_write(ucontext_t *context, const struct registers *registers)
{
    context->uc_mcontext.regs[20] = registers->integer;
    vectors_of(context)->vregs[9] = registers->vector;
}

static inline void context_skip_fault(ucontext_t *context)
{
    context->uc_mcontext.pc += 4;
}

/* A function that returns `value`: its bytes. */
static inline size_t write_function(uint8_t *at, int value)
{
    const uint32_t code[] = {0x52800000u | (uint32_t)value << 5, 0xd65f03c0u}; /* mov w0; ret */

    memcpy(at, code, sizeof(code));
    return sizeof(code);
}

#define DCZID_PROHIBITED 16u
#define ZERO_BLOCK_MAX 2048u

#define READ_REGISTER(name)                                                                        \
    ({                                                                                             \
        uint64_t value_;                                                                           \
        __asm__ volatile("mrs %0, " name : "=r"(value_));                                          \
        value_;                                                                                    \
    })

/* One block becomes zero, and nothing beside it. */
static inline void zero_a_block(void)
{
    static uint8_t bytes[3 * ZERO_BLOCK_MAX] __attribute__((aligned(ZERO_BLOCK_MAX)));
    uint64_t description = READ_REGISTER("dczid_el0");
    size_t size = (size_t)4 << (description & 15);

    if ((description & DCZID_PROHIBITED) != 0)
        return;
    CHECK(size <= ZERO_BLOCK_MAX);
    memset(bytes, 0xff, sizeof(bytes));
    __asm__ volatile("dc zva, %0" ::"r"(bytes + ZERO_BLOCK_MAX + 1) : "memory");
    for (size_t i = 0; i < sizeof(bytes); i++)
        CHECK(bytes[i] == (i >= ZERO_BLOCK_MAX && i < ZERO_BLOCK_MAX + size ? 0 : 0xff));
}

/* Instructions that AT_HWCAP promises. */
static inline void use_what_is_promised(void)
{
    uint64_t word = 40;
    uint32_t sum = 0;

    if ((getauxval(AT_HWCAP) & HWCAP_ATOMICS) != 0) {
        __asm__ volatile(".arch_extension lse\n\tstadd %1, %0" : "+Q"(word) : "r"((uint64_t)2));
        CHECK(word == 42);
    }
    if ((getauxval(AT_HWCAP) & HWCAP_CRC32) != 0) {
        __asm__ volatile(".arch_extension crc\n\tcrc32cb %w0, %w0, %w1" : "+r"(sum) : "r"(1));
        CHECK(sum == 0xf26b8303u);
    }
    if ((getauxval(AT_HWCAP) & HWCAP_DCPOP) != 0)
        __asm__ volatile("sys #3, c7, c12, #1, %0" ::"r"(&word) : "memory"); /* dc cvap */
}

/* Sizes of cache lines, maintenance of caches, the counter: as Linux lets programs. */
static inline void what_the_machine_allows(void)
{
    uint64_t types = READ_REGISTER("ctr_el0"), word = 1;

    CHECK((types & 15) >= 2 && (types >> 16 & 15) >= 2);
    __asm__ volatile("dc cvau, %0\n\tdc cvac, %0\n\tdc civac, %0\n\tdsb ish\n\t"
                     "ic ivau, %0\n\tdsb ish\n\tisb" ::"r"(&word)
                     : "memory");
    CHECK(word == 1);
    CHECK(READ_REGISTER("cntfrq_el0") > 0);
    CHECK(READ_REGISTER("cntvct_el0") <= READ_REGISTER("cntvct_el0"));
    zero_a_block();
    use_what_is_promised();
}
