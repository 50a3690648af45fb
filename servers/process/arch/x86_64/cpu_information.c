/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* By CPUID (Intel SDM volume 2A, CPUID), which user programs may execute. */
#include "cpu_information.h"

#include <base/text.h>

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

static size_t add_features(char *text, size_t size, uint32_t bits, const struct feature *features,
                           size_t count)
{
    size_t used = 0;

    for (size_t i = 0; i < count; i++) {
        if ((bits >> features[i].bit & 1) != 0)
            used += text_format(text + used, size - used, " %s", features[i].name);
    }
    return used;
}

static void read_brand(char brand[49])
{
    struct leaf parts[3] = {cpuid(0x80000002), cpuid(0x80000003), cpuid(0x80000004)};

    memcpy(brand, parts, 48);
    brand[48] = '\0';
}

void cpu_describe(struct cpu_description *description)
{
    struct leaf first = cpuid(0), features = cpuid(1);
    char vendor[13] = {0}, brand[49];
    uint32_t family = features.a >> 8 & 0xf, model = features.a >> 4 & 0xf;

    memcpy(vendor, &first.b, 4);
    memcpy(vendor + 4, &first.d, 4);
    memcpy(vendor + 8, &first.c, 4);
    read_brand(brand);
    if (family == 6 || family == 15)
        model |= features.a >> 12 & 0xf0;
    if (family == 15)
        family += features.a >> 20 & 0xff;
    size_t used = text_format(description->text, sizeof(description->text),
                              "vendor_id\t: %s\ncpu family\t: %u\nmodel\t\t: %u\n"
                              "model name\t: %s\nstepping\t: %u\nflags\t\t:",
                              vendor, family, model, brand, features.a & 0xf);
    used += add_features(description->text + used, sizeof(description->text) - used, features.d,
                         features_d, sizeof(features_d) / sizeof(features_d[0]));
    used += add_features(description->text + used, sizeof(description->text) - used, features.c,
                         features_c, sizeof(features_c) / sizeof(features_c[0]));
    (void)text_format(description->text + used, sizeof(description->text) - used, " lm\n");
}
