/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * A few CPUs with hardly more identifiers than that, so that generations end all the time, or with
 * none. Their translation caches keep an entry for each identifier and page until they are told
 * to forget it.
 */
#include <arch/ask.h>
#include <arch/fresh.h>
#include <kernel/cpu.h>
#include <kernel/relaxed.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define CPUS 3
#define IDENTIFIERS 5 /* each CPU's own, one more, and 0 */
#define SPACES 12
#define PAGES 20
#define STEPS 400000

struct entry {
    int space; /* NOBODY: none */
    unsigned content;
};
#define NOBODY (-1)

static struct entry caches[CPUS][IDENTIFIERS][PAGES];
static struct cpu cpus[CPUS], *current;
static uint64_t loaded[CPUS]; /* contexts, as the register has them */
static struct page_table tables[SPACES];
static unsigned mapped[SPACES][PAGES], code_fetched[CPUS], code_stored[SPACES];
static uint32_t identifiers;
static unsigned generations, asked;

struct cpu *arch_cpu_current(void)
{
    return current;
}

struct cpu *cpu_get(uint32_t number)
{
    return &cpus[number];
}

uint32_t cpu_count(void)
{
    return CPUS;
}

void cpu_ask(uint64_t who, void (*serve)(void *argument), void *argument)
{
    struct cpu *asker = current;
    assert_int_equal(who & asker->bit, 0);
    for (current = cpus; current < cpus + CPUS; current++) {
        if ((who & current->bit) != 0) {
            asked++;
            serve(argument);
        }
    }
    current = asker;
}

void lock_acquire(struct spinlock *lock)
{
    assert_int_equal(atomic_exchange(&lock->taken, 1), 0);
}

void lock_release(struct spinlock *lock)
{
    atomic_store(&lock->taken, 0);
}

uint32_t context_count(void)
{
    return identifiers;
}

static void forget_entries(uint64_t identifier)
{
    for (unsigned page = 0; page < PAGES; page++)
        caches[current->number][identifier][page].space = NOBODY;
}

void context_forget_all(void)
{
    generations += current->number == 0;
    for (uint64_t i = 0; i < IDENTIFIERS; i++)
        forget_entries(i);
}

void fresh_forget_all(uint64_t context)
{
    forget_entries(context & CONTEXT_IDENTIFIER);
}

void fresh_forget(uint64_t context, const struct translation_change *change)
{
    if (change->count > TRANSLATION_PAGES_MAX)
        fresh_forget_all(context);
    for (uint64_t i = 0; i < change->count && change->count <= TRANSLATION_PAGES_MAX; i++)
        caches[current->number][context & CONTEXT_IDENTIFIER][change->addresses[i]].space = NOBODY;
}

static unsigned newest_code;

void fresh_fetch_anew(void)
{
    code_fetched[current->number] = newest_code;
}

/* As arch_table_switch does. */
static void load(unsigned cpu, int space)
{
    current = &cpus[cpu];
    struct page_table *table = &tables[space];
    uint64_t context = relaxed_load(&table->context);
    if (!context_is_current(current->arch.generation, context))
        context = fresh_renew(table);
    current->arch.table = table;
    uint64_t fresh = atomic_load(&table->fresh);
    loaded[cpu] = context;
    if ((fresh & current->arch.fresh_bit) == 0)
        fresh_join(table);
    assert_int_equal((context & ~CONTEXT_IDENTIFIER) % (1 << CONTEXT_GENERATION_SHIFT),
                     CONTEXT_BETWEEN);
    assert_in_range(context & CONTEXT_IDENTIFIER, identifiers == 1 ? 0 : 1, identifiers - 1);
}

static void unload(unsigned cpu)
{
    cpus[cpu].arch.table = NULL;
}

static int space_on(unsigned cpu)
{
    return cpus[cpu].arch.table == NULL ? NOBODY : (int)(cpus[cpu].arch.table - tables);
}

/* A program's access, and that it runs no old code. */
static void touch(unsigned cpu, unsigned page)
{
    int space = space_on(cpu);
    if (space == NOBODY)
        return;
    struct entry *entry = &caches[cpu][loaded[cpu] & CONTEXT_IDENTIFIER][page];
    if (entry->space == NOBODY)
        *entry = (struct entry){.space = space, .content = mapped[space][page]};
    assert_int_equal(entry->space, space);
    assert_int_equal(entry->content, mapped[space][page]);
    assert_true(code_fetched[cpu] >= code_stored[space]);
}

static void change(unsigned cpu, int space, unsigned first, unsigned count)
{
    struct translation_change pages = {.count = count};
    current = &cpus[cpu];
    for (unsigned i = 0; i < count; i++) {
        mapped[space][first + i]++;
        if (i < TRANSLATION_PAGES_MAX)
            pages.addresses[i] = first + i;
    }
    arch_translation_forget(&tables[space], &pages);
}

static void store_code(unsigned cpu, int space)
{
    current = &cpus[cpu];
    code_stored[space] = ++newest_code;
    arch_translation_fetch(&tables[space], 0);
}

static int setup(uint32_t count)
{
    identifiers = count;
    memset(tables, 0, sizeof(tables));
    memset(cpus, 0, sizeof(cpus));
    memset(caches, 0xff, sizeof(caches));
    memset(code_stored, 0, sizeof(code_stored));
    for (unsigned i = 0; i < CPUS; i++) {
        cpus[i].number = i;
        cpus[i].bit = UINT64_C(1) << i;
        cpus[i].arch.generation = CONTEXT_NONE;
    }
    current = &cpus[0];
    generations = asked = 0;
    return 0;
}

static int setup_few(void **state)
{
    (void)state;
    return setup(IDENTIFIERS);
}

static int setup_none(void **state)
{
    (void)state;
    return setup(1);
}

static void a_space_keeps_its_identifier(void **state)
{
    (void)state;
    load(0, 0);
    load(1, 1);
    uint64_t first = loaded[0], second = loaded[1];
    assert_int_not_equal(first, second);
    load(1, 0);
    load(0, 1);
    assert_int_equal(loaded[1], first);
    assert_int_equal(loaded[0], second);
}

static void a_new_generation_spares_what_is_loaded(void **state)
{
    (void)state;
    load(1, 0);
    uint64_t kept = loaded[1] & CONTEXT_IDENTIFIER;
    touch(1, 3);
    for (int space = 1; space < SPACES; space++) {
        load(0, space);
        assert_int_not_equal(loaded[0] & CONTEXT_IDENTIFIER, kept);
    }
    assert_true(generations > 1);
    touch(1, 3);
    load(2, 0);
    assert_int_equal(loaded[2] & CONTEXT_IDENTIFIER, kept);
}

static void only_who_runs_a_space_is_asked(void **state)
{
    (void)state;
    load(0, 0);
    load(1, 0);
    load(2, 0);
    load(2, 1);
    touch(0, 5);
    touch(1, 5);
    asked = 0;
    change(0, 0, 5, 1);
    assert_int_equal(asked, 1);
    touch(0, 5);
    touch(1, 5);
    unload(1);
    change(0, 0, 5, 1);
    assert_int_equal(asked, 1);
    load(1, 0);
    load(2, 0);
    touch(1, 5);
    touch(2, 5);
}

static void random_steps(void)
{
    srand(1);
    for (unsigned i = 0; i < STEPS; i++) {
        unsigned cpu = (unsigned)rand() % CPUS, page = (unsigned)rand() % PAGES;
        int space = rand() % SPACES;
        switch (rand() % 8) {
        case 0:
            load(cpu, space);
            break;
        case 1:
            change(cpu, space, page, 1 + (unsigned)rand() % (PAGES - page));
            break;
        case 2:
            if (rand() % 4 == 0)
                unload(cpu);
            else if (rand() % 4 == 0)
                store_code(cpu, space);
            break;
        default:
            touch(cpu, page);
        }
    }
}

static void nothing_old_is_ever_used(void **state)
{
    (void)state;
    random_steps();
    assert_true(generations > 1000);
}

static void nor_without_identifiers(void **state)
{
    (void)state;
    random_steps();
    assert_int_equal(generations, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_space_keeps_its_identifier, setup_few),
        cmocka_unit_test_setup(a_new_generation_spares_what_is_loaded, setup_few),
        cmocka_unit_test_setup(only_who_runs_a_space_is_asked, setup_few),
        cmocka_unit_test_setup(nothing_old_is_ever_used, setup_few),
        cmocka_unit_test_setup(nor_without_identifiers, setup_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
