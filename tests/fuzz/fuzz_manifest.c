/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* The manifest: what is accepted names only what there is, in an order that can be started. */
#include <manifest/manifest.h>

#include "fuzz.h"

static const char sample[] =
    "service a\nprogram bin/a\npriority server\nholds archive boot_info\nendpoint\n"
    "ledger 64K\nring r 4K\nrestart critical\nservice b\nprogram bin/b\narguments x y\n"
    "limit pages 10\ncalls a badge 3\nring r 4K\nneeds a\nrestart always 2 in 5\n";

static void check_service(const struct manifest *manifest, const struct manifest_service *service,
                          uint32_t started)
{
    bool has_program = service->program[0] != '\0' || service->device[0] != '\0';
    if (!has_program || service->name[0] == '\0' || (service->needs & ~started) != 0)
        abort();
    for (unsigned i = 0; i < service->call_count; i++) {
        if (service->calls[i].service >= manifest->count ||
            !manifest->services[service->calls[i].service].endpoint)
            abort();
    }
}

static void check_manifest(const struct manifest *manifest)
{
    uint32_t started = 0;
    for (unsigned i = 0; i < manifest->count; i++) {
        unsigned index = manifest->order[i];
        if (index >= manifest->count || (started >> index & 1) != 0)
            abort();
        check_service(manifest, &manifest->services[index], started);
        started |= 1u << index;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct manifest manifest;
    struct manifest_error error;
    uint8_t *input = fuzz_input(data, &size, sample, sizeof(sample) - 1);
    if (manifest_parse((const char *)input, size, &manifest, &error))
        check_manifest(&manifest);
    else if (strnlen(error.message, sizeof(error.message)) == sizeof(error.message))
        abort();
    free(input);
    return 0;
}
