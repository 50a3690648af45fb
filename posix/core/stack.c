/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * From the top down: the path, the strings, the platform's name, the random
 * bytes; then, from sp up: argc, argv, the environment, the auxiliary vector.
 */
#include "stack.h"

#include <base/text.h>
#include <posix/linux/process.h>

#define ALIGNMENT UINT64_C(16)
#define OWN_AUXILIARIES 4 /* PLATFORM, RANDOM, EXECFN, NULL */

/* Of the platform's name with its NUL. */
static size_t platform_size(const struct stack_request *request)
{
    return request->platform == NULL ? 0 : strlen(request->platform) + 1;
}

static size_t word_count(const struct stack_request *request)
{
    return 1 + request->argument_count + 1 + request->environment_count + 1 +
           2 * (request->auxiliary_count + OWN_AUXILIARIES);
}

void stack_plan(const struct stack_request *request, struct stack_layout *layout)
{
    uint64_t at = request->top - sizeof(uint64_t);

    at -= strlen(request->path) + 1;
    layout->path = at;
    layout->strings_end = at;
    at -= request->strings_size;
    layout->strings = at;
    at -= platform_size(request);
    layout->platform = at;
    at = (at - sizeof(request->random)) & ~(ALIGNMENT - 1);
    layout->random = at;
    layout->sp = (at - word_count(request) * sizeof(uint64_t)) & ~(ALIGNMENT - 1);
    layout->size = request->top - layout->sp;
    layout->environment = layout->strings_end;
}

struct writer {
    char *image;
    uint64_t base;
    uint64_t *next;
};

static void put(struct writer *writer, uint64_t address, const void *bytes, size_t size)
{
    memcpy(writer->image + (address - writer->base), bytes, size);
}

static void put_pair(struct writer *writer, uint64_t type, uint64_t value)
{
    *writer->next++ = type;
    *writer->next++ = value;
}

/* Pointers to `count` strings from *at on, and a null pointer; *at moves behind them. */
static void put_pointers(struct writer *writer, uint32_t count, uint64_t *at)
{
    for (uint32_t i = 0; i < count; i++) {
        *writer->next++ = *at;
        *at += strlen(writer->image + (*at - writer->base)) + 1;
    }
    *writer->next++ = 0;
}

void stack_write(const struct stack_request *request, struct stack_layout *layout, void *image)
{
    struct writer writer = {image, layout->sp, image};
    uint64_t at = layout->strings;

    memset(image, 0, layout->size);
    put(&writer, layout->path, request->path, strlen(request->path) + 1);
    put(&writer, layout->strings, request->strings, request->strings_size);
    put(&writer, layout->platform, request->platform, platform_size(request));
    put(&writer, layout->random, request->random, sizeof(request->random));
    *writer.next++ = request->argument_count;
    put_pointers(&writer, request->argument_count, &at);
    layout->environment = at;
    put_pointers(&writer, request->environment_count, &at);
    layout->auxiliary = layout->sp + (uint64_t)((char *)writer.next - (char *)image);
    for (unsigned i = 0; i < request->auxiliary_count; i++)
        put_pair(&writer, request->auxiliary[i].type, request->auxiliary[i].value);
    if (request->platform != NULL)
        put_pair(&writer, LINUX_AT_PLATFORM, layout->platform);
    put_pair(&writer, LINUX_AT_RANDOM, layout->random);
    put_pair(&writer, LINUX_AT_EXECFN, layout->path);
    put_pair(&writer, LINUX_AT_NULL, 0);
}
