/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * An account per user id, made when the user is first entered. Each may use up
 * to a part of what the machine has, so that one which uses up all it may
 * leaves the others enough to go on and to put an end to it. What its files hold
 * is part of that.
 */
#include "accounts.h"

#include <base/heap.h>
#include <list/list.h>
#include <trellis/native.h>

#include "server.h"

#define USER_HANDLES 65536
#define USER_THREADS 2048
#define USER_PROCESSES 1024
#define PAGES_OF_PROCESS 64 /* less of the memory than that for each makes them fewer */
#define ROOT_TIMES 4

struct account {
    struct list_node link;
    uint32_t uid;
    handle_t handle;
    handle_t files; /* below it */
    struct allowances allowances;
};

static struct list accounts = {{&accounts.head, &accounts.head}};
static const struct account_limits unlimited = ACCOUNT_UNLIMITED;

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

/*
 * The account above that of a user. All but root are below one of their own, so that together
 * they leave root and the system something. Negative: there is no memory.
 */
static int64_t account_above(uint32_t uid)
{
    static int64_t everybody;
    struct account_limits limits = unlimited;

    if (uid == 0)
        return (int64_t)server.account;
    limits.pages = pages_for_users() / 8 * 5;
    if (everybody <= 0)
        everybody = native_account_create(server.account, &limits);
    return everybody;
}

static uint32_t processes_for_user(void)
{
    uint64_t processes = pages_for_users() / PAGES_OF_PROCESS;
    return processes < USER_PROCESSES ? (uint32_t)processes : USER_PROCESSES;
}

/* Root may use three quarters of that memory, everybody else half of it. */
static struct account_limits limits_for(uint32_t uid)
{
    struct account_limits limits = unlimited;

    limits.pages = uid == 0 ? pages_for_users() / 4 * 3 : pages_for_users() / 2;
    if (uid != 0) {
        limits.handles = USER_HANDLES;
        limits.threads = USER_THREADS;
        limits.processes = (uint64_t)processes_for_user() * 2; /* exec has two for a while */
    }
    return limits;
}

/* Two thirds of that may be in files: what is left removes them. For root that is half of the memory. */
static enum status create_below(struct account *account)
{
    struct account_limits limits = limits_for(account->uid);
    int64_t above = account_above(account->uid);
    int64_t handle = above < 0 ? above : native_account_create((handle_t)above, &limits);

    if (handle < 0)
        return status_of_result(handle);
    limits.pages = limits.pages / 3 * 2;
    int64_t files = native_account_create((handle_t)handle, &limits);
    if (files < 0) {
        server_close((handle_t)handle);
        return status_of_result(files);
    }
    account->handle = (handle_t)handle;
    account->files = (handle_t)files;
    return STATUS_OK;
}

static struct account *create(uint32_t uid)
{
    struct account *account = allocate_zeroed(1, sizeof(*account));

    if (account == NULL)
        return NULL;
    account->uid = uid;
    if (uid == 0)
        allowances_init(&account->allowances, UINT32_MAX, ROOT_TIMES);
    else
        allowances_init(&account->allowances, processes_for_user(), 1);
    if (create_below(account) != STATUS_OK) {
        release(account);
        return NULL;
    }
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

struct allowances *account_allowances(struct account *account)
{
    return &account->allowances;
}

handle_t account_for_files(const struct account *account)
{
    return account->files;
}
