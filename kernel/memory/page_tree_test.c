/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include <arch/cpu.h>
#include <arch/test_memory.h>
#include <kernel/page_tree.h>

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct account *account;
static struct page_tree tree;

static int setup(void **state)
{
    account = test_account_create(TEST_PAGES);
    page_tree_init(&tree, account);
    return 0;
}

static int teardown(void **state)
{
    page_tree_free(&tree);
    test_account_end(account);
    return 0;
}

static enum status put(struct page_tree *to, uint64_t index)
{
    struct page *page, *old = NULL;
    enum status status = page_allocate(account, 0, PAGE_NODE_ANY, &page);
    if (status != STATUS_OK)
        return status;
    status = page_tree_set(to, index, page, &old);
    if (status != STATUS_OK)
        page_release(page);
    if (old != NULL)
        page_release(old);
    return status;
}

static void indices_far_apart(void **state)
{
    static const uint64_t indices[] = {
        0, 1, 63, 64, 4095, 4096, UINT64_C(1) << 30, PAGE_TREE_INDEX_MAX - 1};
    const size_t count = sizeof(indices) / sizeof(indices[0]);
    for (size_t i = 0; i < count; i++) {
        assert_null(page_tree_find(&tree, indices[i], NULL));
        assert_int_equal(put(&tree, indices[i]), STATUS_OK);
    }
    for (size_t i = 0; i < count; i++) {
        bool exclusive;
        assert_non_null(page_tree_find(&tree, indices[i], &exclusive));
        assert_true(exclusive);
    }
    assert_null(page_tree_find(&tree, 2, NULL));
    assert_null(page_tree_find(&tree, UINT64_MAX, NULL));
}

static void a_clone_shares_until_either_writes(void **state)
{
    struct page_tree clone;
    bool exclusive;
    page_tree_init(&clone, account);
    assert_int_equal(put(&tree, 5), STATUS_OK);
    assert_int_equal(put(&tree, 100), STATUS_OK);
    uint64_t used = test_pages_used(account);
    page_tree_clone(&tree, &clone);
    assert_int_equal(test_pages_used(account), used);
    struct page *five = page_tree_find(&tree, 5, &exclusive);
    assert_false(exclusive);
    assert_ptr_equal(page_tree_find(&clone, 5, NULL), five);

    assert_int_equal(put(&clone, 5), STATUS_OK);
    assert_ptr_equal(page_tree_find(&tree, 5, &exclusive), five);
    assert_true(exclusive);
    page_tree_find(&tree, 100, &exclusive);
    assert_false(exclusive);
    page_tree_free(&clone);
    page_tree_find(&tree, 100, &exclusive);
    assert_true(exclusive);
}

static void a_range_is_cut_out_of_shared_trees(void **state)
{
    struct page_tree clone;
    page_tree_init(&clone, account);
    for (uint64_t i = 0; i < 300; i++)
        assert_int_equal(put(&tree, i * 3), STATUS_OK);
    page_tree_clone(&tree, &clone);
    assert_int_equal(page_tree_prepare_clear(&clone, 100, 700), STATUS_OK);
    page_tree_clear(&clone, 100, 700, NULL);
    for (uint64_t i = 0; i < 300; i++) {
        assert_non_null(page_tree_find(&tree, i * 3, NULL));
        bool cut = i * 3 >= 100 && i * 3 < 700;
        assert_int_equal(page_tree_find(&clone, i * 3, NULL) == NULL, cut);
    }
    page_tree_free(&clone);
}

static void taken_pages_keep_their_reference(void **state)
{
    struct list taken;
    list_init(&taken);
    for (uint64_t i = 0; i < 200; i++)
        assert_int_equal(put(&tree, i), STATUS_OK);
    assert_int_equal(page_tree_clear(&tree, 10, 150, &taken), 140);
    assert_null(page_tree_find(&tree, 10, NULL));
    assert_non_null(page_tree_find(&tree, 150, NULL));
    unsigned count = 0;
    for (struct list_node *node; (node = list_pop_front(&taken)) != NULL; count++)
        page_release(container_of(node, struct page, link));
    assert_int_equal(count, 140);
}

static void draining_goes_in_steps(void **state)
{
    unsigned steps = 0;
    for (uint64_t i = 0; i < 500; i++)
        assert_int_equal(put(&tree, i * 5), STATUS_OK);
    for (uint32_t limit = 20; !page_tree_drain(&tree, &limit); limit = 20)
        steps++;
    assert_in_range(steps, 20, 60);
    assert_true(page_tree_is_empty(&tree));
}

/* Random operations on several clones, compared with plain arrays. */
enum { MODEL_TREES = 4, MODEL_INDICES = 200 };
static struct page_tree model_trees[MODEL_TREES];
static struct page *model[MODEL_TREES][MODEL_INDICES];

static uint64_t model_random(uint64_t below)
{
    uint64_t value;
    assert_true(arch_random(&value));
    return (value >> 33) % below;
}

static void model_step(void)
{
    uint64_t which = model_random(MODEL_TREES), index = model_random(MODEL_INDICES);
    uint64_t other = (which + 1) % MODEL_TREES, length = model_random(40);
    switch (model_random(8)) {
    case 0:
        page_tree_free(&model_trees[which]);
        page_tree_clone(&model_trees[other], &model_trees[which]);
        memcpy(model[which], model[other], sizeof(model[which]));
        break;
    case 1:
        assert_int_equal(
            page_tree_prepare_clear(&model_trees[which], index * 7, (index + length) * 7),
            STATUS_OK);
        page_tree_clear(&model_trees[which], index * 7, (index + length) * 7, NULL);
        for (uint64_t i = index; i < index + length && i < MODEL_INDICES; i++)
            model[which][i] = NULL;
        break;
    default:
        assert_int_equal(put(&model_trees[which], index * 7), STATUS_OK);
        model[which][index] = page_tree_find(&model_trees[which], index * 7, NULL);
    }
}

static void model_check(void)
{
    for (unsigned t = 0; t < MODEL_TREES; t++) {
        for (unsigned i = 0; i < MODEL_INDICES; i++) {
            bool exclusive, alone = model[t][i] != NULL;
            assert_ptr_equal(page_tree_find(&model_trees[t], i * 7, &exclusive), model[t][i]);
            for (unsigned u = 0; u < MODEL_TREES; u++)
                alone = alone && (u == t || model[u][i] != model[t][i]);
            assert_int_equal(exclusive, alone);
        }
    }
}

static void clones_behave_like_copies(void **state)
{
    for (unsigned t = 0; t < MODEL_TREES; t++)
        page_tree_init(&model_trees[t], account);
    for (unsigned step = 0; step < 3000; step++) {
        model_step();
        if (step % 50 == 0)
            model_check();
    }
    for (unsigned t = 0; t < MODEL_TREES; t++)
        page_tree_free(&model_trees[t]);
}

static void failing_changes_nothing(void **state)
{
    struct page_tree clone;
    page_tree_init(&clone, account);
    for (uint64_t i = 0; i < 100; i++)
        assert_int_equal(put(&tree, i * 50), STATUS_OK);
    bool done = false;
    for (uint64_t n = 1; !done; n++) {
        page_tree_clone(&tree, &clone);
        page_fail_after(n);
        done = put(&clone, 50) == STATUS_OK && put(&clone, UINT64_C(1) << 20) == STATUS_OK &&
               page_tree_prepare_clear(&clone, 60, 70) == STATUS_OK;
        page_fail_after(0);
        for (uint64_t i = 2; i < 100; i++)
            assert_ptr_equal(page_tree_find(&clone, i * 50, NULL),
                             page_tree_find(&tree, i * 50, NULL));
        page_tree_free(&clone);
    }
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(indices_far_apart),
        TEST(a_clone_shares_until_either_writes),
        TEST(a_range_is_cut_out_of_shared_trees),
        TEST(taken_pages_keep_their_reference),
        TEST(draining_goes_in_steps),
        TEST(clones_behave_like_copies),
        TEST(failing_changes_nothing),
    };
    host_memory_init(TEST_PAGES);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
