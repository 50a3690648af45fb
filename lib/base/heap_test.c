/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include <base/heap.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define PIECES 200

struct regions {
    void *taken[4096];
    size_t count, limit;
};

static void *extend(struct heap *heap, size_t *size)
{
    struct regions *regions = heap->context;
    if (regions->count == regions->limit)
        return NULL;
    void *region = aligned_alloc(HEAP_ALIGNMENT, *size);
    regions->taken[regions->count++] = region;
    return region;
}

static void release_regions(struct regions *regions)
{
    while (regions->count > 0)
        free(regions->taken[--regions->count]);
}

struct piece {
    uint8_t *bytes;
    size_t size;
    uint8_t mark;
};

static void check_and_forget(struct heap *heap, struct piece *piece)
{
    for (size_t i = 0; i < piece->size; i++)
        assert_int_equal(piece->bytes[i], piece->mark);
    heap_release(heap, piece->bytes);
    piece->bytes = NULL;
}

static void fill(struct piece *piece, uint8_t *bytes, size_t size)
{
    assert_int_equal((uintptr_t)bytes % HEAP_ALIGNMENT, 0);
    *piece = (struct piece){bytes, size, (uint8_t)rand()};
    memset(bytes, piece->mark, size);
}

static void step(struct heap *heap, struct piece *piece)
{
    size_t size = (size_t)rand() % (rand() % 10 == 0 ? 20000 : 300);
    if (piece->bytes == NULL) {
        uint8_t *bytes = heap_allocate(heap, size);
        if (bytes != NULL)
            fill(piece, bytes, size);
    } else if (rand() % 2 == 0) {
        check_and_forget(heap, piece);
    } else {
        uint8_t *bytes = heap_resize(heap, piece->bytes, size);
        if (bytes == NULL)
            return;
        for (size_t i = 0; i < piece->size && i < size; i++)
            assert_int_equal(bytes[i], piece->mark);
        fill(piece, bytes, size);
    }
}

/* Random work with a growing allowance of regions: nothing overlaps, all comes back. */
static void pieces_never_overlap(void **state)
{
    (void)state;
    for (size_t limit = 0; limit < 12; limit++) {
        static struct regions regions;
        struct heap heap;
        struct piece pieces[PIECES] = {0};
        regions.limit = limit;
        heap_init(&heap, extend, &regions);
        srand((unsigned)limit);
        for (int i = 0; i < 20000; i++)
            step(&heap, &pieces[rand() % PIECES]);
        for (int i = 0; i < PIECES; i++) {
            if (pieces[i].bytes != NULL)
                check_and_forget(&heap, &pieces[i]);
        }
        assert_int_equal(heap.used, 0);
        release_regions(&regions);
    }
}

static void neighbours_merge(void **state)
{
    (void)state;
    static struct regions regions;
    struct heap heap;
    regions.limit = 1;
    heap_init(&heap, extend, &regions);
    void *a = heap_allocate(&heap, 20000), *b = heap_allocate(&heap, 20000),
         *c = heap_allocate(&heap, 20000);
    assert_non_null(c);
    assert_null(heap_allocate(&heap, 20000));
    heap_release(&heap, a);
    heap_release(&heap, c);
    heap_release(&heap, b);
    a = heap_allocate(&heap, 65000);
    assert_non_null(a);
    heap_release(&heap, a);
    release_regions(&regions);
}

static void impossible_sizes_fail(void **state)
{
    (void)state;
    static struct regions regions;
    struct heap heap;
    heap_init(&heap, extend, &regions);
    assert_null(heap_allocate(&heap, SIZE_MAX));
    assert_null(heap_allocate_zeroed(&heap, SIZE_MAX / 2, 3));
    assert_null(heap_allocate(&heap, 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_never_overlap),
        cmocka_unit_test(neighbours_merge),
        cmocka_unit_test(impossible_sizes_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
