/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Earliest eligible virtual deadline first (Stoica and Abdel-Wahab, Old Dominion
 * University TR-95-22, 1995), with requests of one turn: of those that have not had
 * more than their share the one whose request is to be done first runs. Who sleeps keeps its lag, and
 * comes back with it; as in Linux since 6.6, where too the tree is by deadline and each
 * node knows the least start below it.
 */
#include "policy.h"

static struct eevdf_node *root;
static int64_t base;          /* sums are of starts from here */
static __int128 weighted_sum; /* of (start - base) * weight of the runnable */
static uint64_t total;

static struct task *task_of(struct eevdf_node *node)
{
    return container_of(node, struct task, eevdf);
}

static void eevdf_begin(void)
{
    root = NULL;
    base = 0;
    weighted_sum = 0;
    total = 0;
}

/* The tree: a treap (Seidel and Aragon, 1996). */

static void update(struct eevdf_node *node)
{
    node->least = node->start;
    if (node->left != NULL && node->left->least < node->least)
        node->least = node->left->least;
    if (node->right != NULL && node->right->least < node->least)
        node->least = node->right->least;
}

static bool is_before(const struct eevdf_node *left, const struct eevdf_node *right)
{
    return left->deadline != right->deadline ? left->deadline < right->deadline : left < right;
}

static struct eevdf_node *join(struct eevdf_node *left, struct eevdf_node *right)
{
    if (left == NULL || right == NULL)
        return left != NULL ? left : right;
    if (left->order > right->order) {
        left->right = join(left->right, right);
        update(left);
        return left;
    }
    right->left = join(left, right->left);
    update(right);
    return right;
}

static void split(struct eevdf_node *tree, const struct eevdf_node *at, struct eevdf_node **left,
                  struct eevdf_node **right)
{
    if (tree == NULL) {
        *left = *right = NULL;
    } else if (is_before(tree, at)) {
        split(tree->right, at, &tree->right, right);
        *left = tree;
        update(tree);
    } else {
        split(tree->left, at, left, &tree->left);
        *right = tree;
        update(tree);
    }
}

static struct eevdf_node *insert(struct eevdf_node *tree, struct eevdf_node *node)
{
    if (tree == NULL || node->order > tree->order) {
        split(tree, node, &node->left, &node->right);
        update(node);
        return node;
    }
    if (is_before(node, tree))
        tree->left = insert(tree->left, node);
    else
        tree->right = insert(tree->right, node);
    update(tree);
    return tree;
}

static struct eevdf_node *erase(struct eevdf_node *tree, const struct eevdf_node *node)
{
    if (tree == node)
        return join(node->left, node->right);
    if (is_before(node, tree))
        tree->left = erase(tree->left, node);
    else
        tree->right = erase(tree->right, node);
    update(tree);
    return tree;
}

/* Virtual time: where the lags of all come to nothing. */

static int64_t virtual_time(void)
{
    return total == 0 ? base : base + (int64_t)(weighted_sum / (__int128)total);
}

static bool is_eligible(int64_t start)
{
    return (__int128)(start - base) * total <= weighted_sum;
}

static void count(const struct task *task, int sign)
{
    weighted_sum += (__int128)(task->eevdf.start - base) * task->weight * sign;
    total += (uint64_t)((int64_t)task->weight * sign);
}

static void eevdf_add(struct task *task)
{
    struct eevdf_node *node = &task->eevdf;
    int64_t lag = task->is_new || total == 0 ? 0 : node->lag;
    if (lag != 0)
        lag = lag * (int64_t)(total + task->weight) / (int64_t)total;
    node->start = virtual_time() - lag * (int64_t)task->stride;
    node->deadline = node->start + (int64_t)(TURN_NS * task->stride);
    node->order = random_next();
    count(task, 1);
    root = insert(root, node);
}

static void eevdf_remove(struct task *task)
{
    const int64_t most = (int64_t)TURN_NS;
    int64_t now = virtual_time();
    int64_t lag = (now - task->eevdf.start) / (int64_t)task->stride;
    task->eevdf.lag = lag > most ? most : lag < -most ? -most : lag;
    root = erase(root, &task->eevdf);
    count(task, -1);
    if (total == 0)
        base = now;
}

static struct task *eevdf_pick(void)
{
    struct eevdf_node *node = root;
    for (;;) {
        if (node->left != NULL && is_eligible(node->left->least))
            node = node->left;
        else if (is_eligible(node->start) || node->right == NULL)
            return task_of(node);
        else
            node = node->right;
    }
}

static void eevdf_charge(struct task *task, uint64_t nanoseconds)
{
    struct eevdf_node *node = &task->eevdf;
    root = erase(root, node);
    node->start += (int64_t)(nanoseconds * task->stride);
    weighted_sum += (__int128)nanoseconds * task->stride * task->weight;
    if (node->start >= node->deadline)
        node->deadline = node->start + (int64_t)(TURN_NS * task->stride);
    root = insert(root, node);
}

const struct policy policy_eevdf = {
    "EEVDF", eevdf_begin, eevdf_add, eevdf_remove, eevdf_pick, eevdf_charge,
};
