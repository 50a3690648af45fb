/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * What workers do to memory. Each has an area of pages that nobody else touches, so that it knows
 * what is in them, and a word in a page that all write to.
 */
#include "torture.h"

#include <base/service.h>

#include "harness.h"

#define AREA_SIZE (TORTURE_PAGES * USER_PAGE_SIZE)
#define AREA(worker, place) (UINT64_C(0x200000000) + ((worker)*2 + (place)) * 2 * AREA_SIZE)

static volatile uint32_t counts[TORTURE_WORKERS];

void torture_map_area(const struct worker *self)
{
    SUCCEED(native_map(test_world.self, HANDLE_NONE, 0, AREA(self->index, 0), AREA_SIZE,
                       MAP_READ | MAP_WRITE | MAP_FIXED_ADDRESS));
}

static uint64_t page_of(const struct worker *self, uint64_t page)
{
    return AREA(self->index, self->place) + page * USER_PAGE_SIZE;
}

/* The first word and the last are what was written. */
static void check_page(const struct worker *self, uint64_t page)
{
    const volatile uint64_t *at = (const volatile uint64_t *)page_of(self, page);
    uint64_t last = at[USER_PAGE_SIZE / 8 - 1];
    if (at[0] != self->written[page] || last != self->written[page])
        service_fail("seed %lu: page %lu of worker %lu is %lx %lx, not %lx", torture.seed, page,
                     self->index, at[0], last, self->written[page]);
}

static void write_page(struct worker *self, uint64_t page)
{
    volatile uint64_t *at = (volatile uint64_t *)page_of(self, page);
    self->written[page] = ++self->stamps << 8 | self->index << 1 | self->is_clone;
    at[0] = at[USER_PAGE_SIZE / 8 - 1] = self->written[page];
}

void torture_write(struct worker *self)
{
    for (unsigned i = 0; i < 4; i++) {
        uint64_t page = below(self, TORTURE_PAGES);
        check_page(self, page);
        write_page(self, page);
    }
}

void torture_check(struct worker *self)
{
    for (uint64_t page = 0; page < TORTURE_PAGES; page++)
        check_page(self, page);
}

/* Others write to the same page. */
void torture_count(struct worker *self)
{
    for (unsigned i = 0; i < 16; i++) {
        CHECK_EQUAL(counts[self->index], self->count);
        counts[self->index] = ++self->count;
    }
}

struct part {
    uint64_t first, end;
};

static struct part draw_part(struct worker *self)
{
    uint64_t first = below(self, TORTURE_PAGES);
    return (struct part){first, first + 1 + below(self, TORTURE_PAGES - first)};
}

static void forget(struct worker *self, const struct part *part)
{
    for (uint64_t page = part->first; page < part->end; page++)
        self->written[page] = 0;
}

void torture_discard(struct worker *self)
{
    struct part part = draw_part(self);
    uint64_t size = (part.end - part.first) * USER_PAGE_SIZE;
    SUCCEED(native_space_discard(test_world.self, page_of(self, part.first), size));
    forget(self, &part);
}

void torture_replace(struct worker *self)
{
    struct part part = draw_part(self);
    uint64_t size = (part.end - part.first) * USER_PAGE_SIZE;
    uint32_t populate = below(self, 3) == 0 ? MAP_POPULATE : 0;
    if (below(self, 2) == 0)
        SUCCEED(native_unmap(test_world.self, page_of(self, part.first), size));
    SUCCEED(native_map(test_world.self, HANDLE_NONE, 0, page_of(self, part.first), size,
                       MAP_READ | MAP_WRITE | MAP_FIXED_ADDRESS | populate));
    forget(self, &part);
}

void torture_protect(struct worker *self)
{
    struct part part = draw_part(self);
    uint64_t start = page_of(self, part.first), size = (part.end - part.first) * USER_PAGE_SIZE;
    SUCCEED(native_protect(test_world.self, start, size, MAP_READ));
    check_page(self, part.first);
    SUCCEED(native_protect(test_world.self, start, size, MAP_READ | MAP_WRITE));
}

/* As long as it is one mapping. */
void torture_move(struct worker *self)
{
    int64_t moved =
        native_remap(test_world.self, AREA(self->index, self->place), AREA_SIZE, AREA_SIZE,
                     REMAP_MAY_MOVE | REMAP_FIXED, AREA(self->index, 1 - self->place));
    if (status_of_result(moved) != STATUS_NOT_FOUND)
        self->place = (SUCCEED(moved), 1 - self->place);
}

/* An object of which nobody else knows, seen at two places. */
void torture_twice(struct worker *self)
{
    const uint64_t pages = 8, size = pages * USER_PAGE_SIZE;
    handle_t memory = SUCCEED(native_memory_create(test_world.account, size, 0));
    const uint32_t flags = MAP_READ | MAP_WRITE;
    uint64_t one = SUCCEED(native_map(test_world.self, memory, 0, 0, size, flags));
    uint64_t two = SUCCEED(native_map(test_world.self, memory, 0, 0, size, flags));
    uint64_t at = below(self, pages) * USER_PAGE_SIZE, value = ++self->stamps;
    *(volatile uint64_t *)(one + at) = value;
    SUCCEED(
        native_protect(test_world.self, two, (1 + below(self, pages)) * USER_PAGE_SIZE, MAP_READ));
    CHECK_EQUAL(*(volatile uint64_t *)(two + at), value);
    SUCCEED(native_memory_discard(memory, at, USER_PAGE_SIZE));
    CHECK_EQUAL(*(volatile uint64_t *)(two + at), 0);
    CHECK_EQUAL(*(volatile uint64_t *)(one + at), 0);
    SUCCEED(native_unmap(test_world.self, one, size));
    SUCCEED(native_unmap(test_world.self, two, size));
    CLOSE(memory);
}

/* One that others may change, revoke and cut meanwhile: only calls touch it. */
void torture_map(struct worker *self)
{
    uint64_t value = 1, size = (1 + below(self, 16)) * USER_PAGE_SIZE;
    handle_t memory = torture_peek(self);
    int64_t place = memory == HANDLE_NONE
                        ? -1
                        : native_map(test_world.self, memory, 0, 0, size, MAP_READ | MAP_WRITE);
    if (place < 0)
        return;
    uint64_t at = (uint64_t)place + below(self, size / USER_PAGE_SIZE) * USER_PAGE_SIZE;
    (void)native_process_write(test_world.self, at, &value, sizeof(value));
    (void)native_memory_read(torture_peek(self), 0, (void *)at, sizeof(value));
    (void)native_protect(test_world.self, at, USER_PAGE_SIZE, MAP_READ);
    (void)native_memory_write(torture_peek(self), below(self, size), (void *)at, sizeof(value));
    (void)native_memory_discard(memory, 0, size);
    (void)native_memory_resize(memory, below(self, size));
    (void)native_process_read(test_world.self, at, &value, sizeof(value));
    SUCCEED(native_unmap(test_world.self, (uint64_t)place, size));
}
