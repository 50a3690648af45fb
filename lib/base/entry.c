/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * The entry of services: the start block is remembered, and handles are found
 * in it. Apart from service.c, so that a program with a start of its own can
 * leave it out.
 */
#include <base/service.h>

#include <base/text.h>

static const struct start_block *block;

_Noreturn void service_start(const void *argument)
{
    block = argument;
    service_adopt(block->name, service_handle("self"));
    service_main(block);
    service_end();
}

handle_t service_handle(const char *name)
{
    for (uint32_t i = 0; i < block->handle_count && i < START_HANDLES; i++) {
        if (strncmp(block->handles[i].name, name, START_NAME) == 0)
            return block->handles[i].handle;
    }
    return HANDLE_NONE;
}

handle_t service_need_handle(const char *name)
{
    handle_t handle = service_handle(name);
    if (handle == HANDLE_NONE)
        service_fail("it was not given the handle \"%s\": see the manifest", name);
    return handle;
}
