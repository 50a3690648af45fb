/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* By CPUID (Intel SDM volume 2A, CPUID), which user programs may execute. */
#include "cpu_information.h"

#include <base/text.h>

#include "server.h"

struct leaf {
    uint32_t a, b, c, d;
};

static struct leaf cpuid(uint32_t number)
{
    struct leaf leaf;

    __asm__ volatile("cpuid"
                     : "=a"(leaf.a), "=b"(leaf.b), "=c"(leaf.c), "=d"(leaf.d)
                     : "a"(number), "c"(0));
    return leaf;
}

struct feature {
    uint8_t bit;
    const char *name;
};

/* Leaf 1, those Linux shows and programs look for. */
static const struct feature features_d[] = {
    {0, "fpu"},      {4, "tsc"},  {5, "msr"},   {8, "cx8"},  {15, "cmov"},
    {19, "clflush"}, {23, "mmx"}, {24, "fxsr"}, {25, "sse"}, {26, "sse2"},
};
static const struct feature features_c[] = {
    {0, "pni"},     {1, "pclmulqdq"}, {9, "ssse3"},  {12, "fma"},    {13, "cx16"},
    {19, "sse4_1"}, {20, "sse4_2"},   {22, "movbe"}, {23, "popcnt"}, {25, "aes"},
    {26, "xsave"},  {28, "avx"},      {29, "f16c"},  {30, "rdrand"}, {31, "hypervisor"},
};

static void add_features(struct output *output, uint32_t bits, const struct feature *features,
                         size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if ((bits >> features[i].bit & 1) != 0)
            output_add(output, " %s", features[i].name);
    }
}

static void read_brand(char brand[49])
{
    struct leaf parts[3] = {cpuid(0x80000002), cpuid(0x80000003), cpuid(0x80000004)};

    memcpy(brand, parts, 48);
    brand[48] = '\0';
}

/* Linux' lines up to the flags; all processors are in one package. */
static void add_model(struct output *output, uint32_t signature)
{
    struct leaf first = cpuid(0);
    char vendor[13] = {0}, brand[49];
    uint32_t family = signature >> 8 & 0xf, model = signature >> 4 & 0xf;

    memcpy(vendor, &first.b, 4);
    memcpy(vendor + 4, &first.d, 4);
    memcpy(vendor + 8, &first.c, 4);
    read_brand(brand);
    if (family == 6 || family == 15)
        model |= signature >> 12 & 0xf0;
    if (family == 15)
        family += signature >> 20 & 0xff;
    output_add(output, "vendor_id\t: %s\ncpu family\t: %u\nmodel\t\t: %u\n", vendor, family, model);
    output_add(output, "model name\t: %s\nstepping\t: %u\n", brand, signature & 0xf);
}

static void add_place(struct output *output, uint32_t cpu, uint32_t count)
{
    output_add(output, "physical id\t: 0\nsiblings\t: %u\ncore id\t\t: %u\ncpu cores\t: %u\n",
               count, cpu, count);
    output_add(output, "apicid\t\t: %lu\n", server_boot.cpu_ids[cpu]);
}

void cpu_describe(struct output *output, uint32_t cpu, uint32_t count)
{
    struct leaf features = cpuid(1), sizes = cpuid(0x80000008);
    uint64_t hz = server_clock_hz();

    add_model(output, features.a);
    output_add(output, "cpu MHz\t\t: %lu.%03lu\n", hz / 1000000, hz / 1000 % 1000);
    add_place(output, cpu, count);
    output_add(output,
               "fpu\t\t: yes\nfpu_exception\t: yes\ncpuid level\t: %u\nwp\t\t: yes\nflags\t\t:",
               cpuid(0).a);
    add_features(output, features.d, features_d, sizeof(features_d) / sizeof(features_d[0]));
    add_features(output, features.c, features_c, sizeof(features_c) / sizeof(features_c[0]));
    output_add(output, " lm\nbogomips\t: %lu.%02lu\nclflush size\t: %u\ncache_alignment\t: 64\n",
               hz / 500000, hz / 5000 % 100, (features.b >> 8 & 0xff) * 8);
    output_add(output, "address sizes\t: %u bits physical, %u bits virtual\npower management:\n",
               sizes.a & 0xff, sizes.a >> 8 & 0xff);
}

/* CPUID leaf 1, edx. AT_HWCAP2's bit 1, that programs may use wrfsbase, is not promised. */
void cpu_identify(struct process_hardware *hardware)
{
    hardware->capabilities[0] = cpuid(1).d;
}
