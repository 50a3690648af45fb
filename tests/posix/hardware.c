/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Names what the auxiliary vector, or the call that a machine has for it, says that the
 * processor has, one a line; by the numbers of the C library's own headers where it has them.
 */
#define _GNU_SOURCE
#include <elf.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <unistd.h>

struct name {
    const char *name;
    unsigned long bit;
};

/* As the system gave it: getauxval answers with what the C library made of it on x86-64. */
static unsigned long told(unsigned long type)
{
    char **end = environ;

    while (*end != NULL)
        end++;
    for (const Elf64_auxv_t *entry = (const Elf64_auxv_t *)(end + 1); entry->a_type != AT_NULL;
         entry++) {
        if (entry->a_type == type)
            return entry->a_un.a_val;
    }
    return 0;
}

static void print_names(unsigned long bits, const struct name *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if ((bits & names[i].bit) != 0)
            puts(names[i].name);
    }
}

#define PRINT(bits, names) print_names(bits, names, sizeof(names) / sizeof((names)[0]))

#if defined(__aarch64__)

static void print_all(void)
{
    static const struct name first[] = {
        {"fp", HWCAP_FP},
        {"asimd", HWCAP_ASIMD},
        {"evtstrm", HWCAP_EVTSTRM},
        {"aes", HWCAP_AES},
        {"pmull", HWCAP_PMULL},
        {"sha1", HWCAP_SHA1},
        {"sha2", HWCAP_SHA2},
        {"crc32", HWCAP_CRC32},
        {"atomics", HWCAP_ATOMICS},
        {"fphp", HWCAP_FPHP},
        {"asimdhp", HWCAP_ASIMDHP},
        {"cpuid", HWCAP_CPUID},
        {"asimdrdm", HWCAP_ASIMDRDM},
        {"jscvt", HWCAP_JSCVT},
        {"fcma", HWCAP_FCMA},
        {"lrcpc", HWCAP_LRCPC},
        {"dcpop", HWCAP_DCPOP},
        {"sha3", HWCAP_SHA3},
        {"sm3", HWCAP_SM3},
        {"sm4", HWCAP_SM4},
        {"asimddp", HWCAP_ASIMDDP},
        {"sha512", HWCAP_SHA512},
        {"sve", HWCAP_SVE},
        {"asimdfhm", HWCAP_ASIMDFHM},
        {"dit", HWCAP_DIT},
        {"uscat", HWCAP_USCAT},
        {"ilrcpc", HWCAP_ILRCPC},
        {"flagm", HWCAP_FLAGM},
        {"ssbs", HWCAP_SSBS},
        {"sb", HWCAP_SB},
        {"paca", HWCAP_PACA},
        {"pacg", HWCAP_PACG},
    };
    static const struct name second[] = {
        {"dcpodp", HWCAP2_DCPODP}, {"sve2", HWCAP2_SVE2}, {"flagm2", HWCAP2_FLAGM2},
        {"frint", HWCAP2_FRINT},   {"i8mm", HWCAP2_I8MM}, {"bf16", HWCAP2_BF16},
        {"dgh", HWCAP2_DGH},       {"rng", HWCAP2_RNG},   {"bti", HWCAP2_BTI},
        {"mte", HWCAP2_MTE},
    };

    PRINT(told(AT_HWCAP), first);
    PRINT(told(AT_HWCAP2), second);
}

#elif defined(__riscv)

#define HWPROBE 258

static void print_all(void)
{
    static const struct name extensions[] = {
        {"zba", 1u << 3}, {"zbb", 1u << 4}, {"zbs", 1u << 5}, {"zbc", 1u << 7}};
    struct {
        int64_t key;
        uint64_t value;
    } pair = {4, 0};

    for (char letter = 'a'; letter <= 'z'; letter++) {
        if ((told(AT_HWCAP) >> (letter - 'a') & 1) != 0)
            printf("%c\n", letter);
    }
    if (syscall(HWPROBE, &pair, 1, 0, NULL, 0) == 0)
        PRINT(pair.value, extensions);
}

#else

/* CPUID leaf 1, edx, as the processor manuals number them. */
static void print_all(void)
{
    static const struct name features[] = {{"fpu", 1u << 0},   {"tsc", 1u << 4},
                                           {"cmov", 1u << 15}, {"fxsr", 1u << 24},
                                           {"sse", 1u << 25},  {"sse2", 1u << 26}};

    PRINT(told(AT_HWCAP), features);
}

#endif

int main(void)
{
    print_all();
    return 0;
}
