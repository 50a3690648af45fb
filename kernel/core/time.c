/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Time: the counter scaled by the numbers of the time page. The kernel keeps
 * them apart from the page, which others may write.
 */
#include <kernel/time.h>

#include <arch/cpu.h>
#include <kernel/memory.h>
#include <kernel/page.h>
#include <kernel/string.h>
#include <trellis/structures.h>

#define NANOSECONDS UINT64_C(1000000000)
#define SCALE_SHIFT 32
#define TICK_SHIFT 28

static struct time_page scale;
static uint64_t tick_multiplier; /* nanoseconds to ticks, TICK_SHIFT fraction bits */
static struct memory *page_memory;

uint64_t time_now(void)
{
    uint64_t passed = arch_counter_read() - scale.base;
    return (uint64_t)((unsigned __int128)passed * scale.multiplier >> scale.shift);
}

uint64_t time_to_ticks(uint64_t nanoseconds)
{
    unsigned __int128 ticks = (unsigned __int128)nanoseconds * tick_multiplier >> TICK_SHIFT;
    return ticks > UINT64_MAX ? UINT64_MAX : (uint64_t)ticks;
}

struct memory *time_page_memory(void)
{
    return page_memory;
}

enum status time_init(void)
{
    uint64_t frequency = arch_counter_frequency();
    scale = (struct time_page){
        .base = arch_counter_read(),
        .frequency_hz = frequency,
        .multiplier = (NANOSECONDS << SCALE_SHIFT) / frequency,
        .shift = SCALE_SHIFT,
    };
    tick_multiplier = (frequency << TICK_SHIFT) / NANOSECONDS;
    struct page *page;
    enum status status = page_allocate_zeroed(NULL, &page);
    if (status != STATUS_OK)
        return status;
    memcpy(page_address(page), &scale, sizeof(scale));
    return memory_create_physical(NULL, page_physical(page), PAGE_SIZE, false, &page_memory);
}
