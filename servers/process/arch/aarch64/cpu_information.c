/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * By the identification registers of the first CPU (Arm ARM, D17.2), in Linux' order and
 * with its names (arch/arm64: uapi/asm/hwcap.h, kernel/cpuinfo.c). What needs the kernel to
 * save more than it does (SVE, SME), to hold keys (pointer authentication), to mark pages
 * (BTI, MTE) or to keep a bit of the processor state (DIT, SSBS) is not promised.
 */
#include "cpu_information.h"

#include "server.h"

#define FIELD_NONE 15u /* of floating point and vectors: there are none */
#define TICK_HZ 100u   /* what Linux' BogoMIPS are counted by */

enum { FEATURES = PROCESSOR_ARM_FEATURES, ISAR0 = PROCESSOR_ARM_INSTRUCTIONS, ISAR1, ISAR2 };
enum { MMFR0 = PROCESSOR_ARM_MEMORY, MMFR2 = PROCESSOR_ARM_MEMORY_MORE };

struct feature {
    const char *name;
    uint8_t word, at, least; /* the field of four bits at `at` is at least `least` */
    uint8_t vector, bit;     /* of AT_HWCAP (0) or AT_HWCAP2 (1) */
};

static const struct feature features[] = {
    {"fp", FEATURES, 16, 0, 0, 0},     {"asimd", FEATURES, 20, 0, 0, 1},
    {"aes", ISAR0, 4, 1, 0, 3},        {"pmull", ISAR0, 4, 2, 0, 4},
    {"sha1", ISAR0, 8, 1, 0, 5},       {"sha2", ISAR0, 12, 1, 0, 6},
    {"crc32", ISAR0, 16, 1, 0, 7},     {"atomics", ISAR0, 20, 2, 0, 8},
    {"fphp", FEATURES, 16, 1, 0, 9},   {"asimdhp", FEATURES, 20, 1, 0, 10},
    {"asimdrdm", ISAR0, 28, 1, 0, 12}, {"jscvt", ISAR1, 12, 1, 0, 13},
    {"fcma", ISAR1, 16, 1, 0, 14},     {"lrcpc", ISAR1, 20, 1, 0, 15},
    {"dcpop", ISAR1, 0, 1, 0, 16},     {"sha3", ISAR0, 32, 1, 0, 17},
    {"sm3", ISAR0, 36, 1, 0, 18},      {"sm4", ISAR0, 40, 1, 0, 19},
    {"asimddp", ISAR0, 44, 1, 0, 20},  {"sha512", ISAR0, 12, 2, 0, 21},
    {"asimdfhm", ISAR0, 48, 1, 0, 23}, {"uscat", MMFR2, 32, 1, 0, 25},
    {"ilrcpc", ISAR1, 20, 2, 0, 26},   {"flagm", ISAR0, 52, 1, 0, 27},
    {"sb", ISAR1, 36, 1, 0, 29},       {"dcpodp", ISAR1, 0, 2, 1, 0},
    {"flagm2", ISAR0, 52, 2, 1, 7},    {"frint", ISAR1, 32, 1, 1, 8},
    {"i8mm", ISAR1, 52, 1, 1, 13},     {"bf16", ISAR1, 44, 1, 1, 14},
    {"dgh", ISAR1, 48, 1, 1, 15},      {"rng", ISAR0, 60, 1, 1, 16},
    {"ecv", MMFR0, 60, 1, 1, 19},      {"rpres", ISAR2, 4, 1, 1, 21},
    {"wfxt", ISAR2, 0, 2, 1, 31},      {"ebf16", ISAR1, 44, 2, 1, 32},
    {"cssc", ISAR2, 52, 1, 1, 34},     {"rprfm", ISAR2, 48, 1, 1, 35},
};

static bool has(const struct feature *feature)
{
    uint64_t field = server_boot.processor[feature->word] >> feature->at & 15;

    return field >= feature->least && (feature->word != FEATURES || field != FIELD_NONE);
}

void cpu_describe(struct output *output, uint32_t cpu, uint32_t count)
{
    uint64_t main = server_boot.processor[PROCESSOR_ARM_MAIN];
    uint64_t hz = server_clock_hz();

    (void)cpu;
    (void)count;
    output_add(output, "BogoMIPS\t: %lu.%02lu\nFeatures\t:", hz / 500000,
               hz / (500000 / TICK_HZ) % TICK_HZ);
    for (unsigned i = 0; i < sizeof(features) / sizeof(features[0]); i++) {
        if (has(&features[i]))
            output_add(output, " %s", features[i].name);
    }
    output_add(output, "\nCPU implementer\t: 0x%02lx\nCPU architecture: 8\n", main >> 24 & 0xff);
    output_add(output, "CPU variant\t: 0x%lx\nCPU part\t: 0x%03lx\nCPU revision\t: %lu\n",
               main >> 20 & 0xf, main >> 4 & 0xfff, main & 0xf);
}

void cpu_identify(struct process_hardware *hardware)
{
    for (unsigned i = 0; i < sizeof(features) / sizeof(features[0]); i++) {
        if (has(&features[i]))
            hardware->capabilities[features[i].vector] |= UINT64_C(1) << features[i].bit;
    }
}
