/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * All pages lie in one memory object which is mapped here once; each process
 * has a part of it mapped. So a fork costs no memory object and no mapping on
 * this side. Programs get no handle to the object, and the info pages are
 * mapped by a handle that cannot write.
 */
#include "pages.h"

#include <protocols/posix_start.h>
#include <trellis/native.h>

#define PLACES PID_MAX     /* there are no more numbers */
#define PLACES_OF_ROOT 512 /* that others leave */
#define PLACE_SIZE 0x8000  /* info page, then the signal pages */

struct place {
    struct process_info_page info;
    char fill[PROCESS_INFO_SIZE - sizeof(struct process_info_page)];
    struct process_signal_page signals;
    char rest[PLACE_SIZE - PROCESS_INFO_SIZE - sizeof(struct process_signal_page)];
};
_Static_assert(sizeof(struct place) == PLACE_SIZE, "one place");

static struct place *places;
static handle_t pool, pool_read_only;
static uint32_t used_places; /* the first so many have been taken before */
static uint16_t free_places[PLACES];
static uint32_t free_count;

bool pages_init(handle_t account, handle_t self)
{
    int64_t memory =
        native_memory_create(account, (uint64_t)PLACES * PLACE_SIZE, MEMORY_FIXED_SIZE);
    if (memory < 0)
        return false;
    pool = (handle_t)memory;
    int64_t copy = native_handle_copy(pool, RIGHT_READ | RIGHT_COPY, 0);
    int64_t address =
        native_map(self, pool, 0, 0, (uint64_t)PLACES * PLACE_SIZE, MAP_READ | MAP_WRITE);
    if (copy < 0 || address < 0)
        return false;
    pool_read_only = (handle_t)copy;
    places = (struct place *)address;
    return true;
}

static uint64_t offset_of(const struct process_info_page *info)
{
    return (uint64_t)((const char *)info - (const char *)places);
}

bool pages_take(struct process_pages *pages, bool root)
{
    if (PLACES - used_places + free_count <= (root ? 0 : PLACES_OF_ROOT))
        return false;
    struct place *place = &places[free_count != 0 ? free_places[--free_count] : used_places++];
    *pages = (struct process_pages){&place->info, &place->signals};
    return true;
}

void pages_release(const struct process_pages *pages)
{
    uint64_t offset = offset_of(pages->info);

    if (native_memory_discard(pool, offset, PLACE_SIZE) >= 0)
        free_places[free_count++] = (uint16_t)(offset / PLACE_SIZE);
}

int64_t pages_map(const struct process *process, handle_t kernel_process, struct page_addresses *at)
{
    uint32_t flags = MAP_READ | MAP_HIDDEN | (at->info == 0 ? MAP_LIBRARY : MAP_FIXED_ADDRESS);
    uint64_t offset = offset_of(process->info);

    int64_t info =
        native_map(kernel_process, pool_read_only, offset, at->info, PROCESS_INFO_SIZE, flags);
    if (info < 0)
        return info;
    int64_t signals = native_map(kernel_process, pool, offset + PROCESS_INFO_SIZE, at->signals,
                                 PROCESS_SIGNALS_SIZE, flags | MAP_WRITE);
    if (signals < 0) {
        (void)native_unmap(kernel_process, (uint64_t)info, PROCESS_INFO_SIZE);
        return signals;
    }
    *at = (struct page_addresses){(uint64_t)info, (uint64_t)signals};
    return 0;
}

void pages_unmap(const struct page_addresses *at, handle_t kernel_process)
{
    (void)native_unmap(kernel_process, at->info, PROCESS_INFO_SIZE);
    (void)native_unmap(kernel_process, at->signals, PROCESS_SIGNALS_SIZE);
}
