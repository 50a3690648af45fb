/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * An account per user id, made when the user is first entered. Each may use up
 * to a part of what the machine has, so that one which uses up all it may
 * leaves the others enough to go on and to put an end to it.
 */
#include "accounts.h"

#include <base/heap.h>
#include <base/list.h>
#include <trellis/native.h>

#include "server.h"

#define USER_HANDLES 65536
#define USER_THREADS 2048
#define USER_PROCESSES 1024

struct account {
    struct list_node link;
    uint32_t uid;
    handle_t handle;
};

static struct list accounts = {{&accounts.head, &accounts.head}};

/* What was free when the first program was started: the system itself has the rest. */
static uint64_t pages_for_users(void)
{
    static uint64_t pages;
    struct machine_information machine;

    if (pages == 0)
        pages =
            native_machine_inspect(server.machine, &machine) < 0 ? UINT64_MAX : machine.pages_free;
    return pages;
}

/* Root may use three quarters of that memory, everybody else half of it. */
static struct account_limits limits_for(uint32_t uid)
{
    struct account_limits limits = {UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX};

    limits.pages = uid == 0 ? pages_for_users() / 4 * 3 : pages_for_users() / 2;
    if (uid != 0) {
        limits.handles = USER_HANDLES;
        limits.threads = USER_THREADS;
        limits.processes = USER_PROCESSES;
    }
    return limits;
}

static struct account *create(uint32_t uid)
{
    struct account_limits limits = limits_for(uid);
    struct account *account = allocate_zeroed(1, sizeof(*account));

    if (account == NULL)
        return NULL;
    int64_t handle = native_account_create(server.account, &limits);
    if (handle < 0) {
        release(account);
        return NULL;
    }
    account->uid = uid;
    account->handle = (handle_t)handle;
    list_push_front(&accounts, &account->link);
    return account;
}

struct account *account_of_user(uint32_t uid)
{
    list_for_each (&accounts, node) {
        struct account *account = container_of(node, struct account, link);
        if (account->uid == uid)
            return account;
    }
    return create(uid);
}

handle_t account_handle(const struct account *account)
{
    return account->handle;
}
