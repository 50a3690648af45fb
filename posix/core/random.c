/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include <posix/random.h>

#include <base/random.h>
#include <posix/lock.h>

static struct lock lock;
static struct random generator;

void random_begin(const void *entropy, size_t size)
{
    lock_acquire(&lock);
    random_seed(&generator, entropy, size);
    lock_release(&lock);
}

void random_diverge(uint64_t what)
{
    random_begin(&what, sizeof(what));
}

void random_bytes(void *to, size_t size)
{
    lock_acquire(&lock);
    random_fill(&generator, to, size);
    lock_release(&lock);
}

uint64_t random_number_below(uint32_t limit)
{
    uint32_t number;

    random_bytes(&number, sizeof(number));
    return number % limit;
}
