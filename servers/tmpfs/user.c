/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include "user.h"

#include <base/errno.h>
#include <base/heap.h>

#include "content.h"

struct user user_system;

static struct list users = {{&users.head, &users.head}};

void user_init_system(handle_t account, uint64_t limit)
{
    user_system.account = account;
    user_system.limit = limit;
}

static fs_error_t create(uint32_t uid, handle_t account, struct user **result)
{
    struct user *user = allocate_zeroed(1, sizeof(*user));

    if (user == NULL) {
        content_release(account);
        return LINUX_ENOSPC;
    }
    user->uid = uid;
    user->account = account;
    user->limit = content_pages(account).limit;
    list_push_back(&users, &user->link);
    *result = user;
    return 0;
}

fs_error_t user_find(uint32_t uid, handle_t account, struct user **result)
{
    list_for_each (&users, link) {
        *result = container_of(link, struct user, link);
        if ((*result)->uid != uid)
            continue;
        content_release(account);
        return 0;
    }
    return account == HANDLE_NONE ? LINUX_EINVAL : create(uid, account, result);
}

bool user_take(struct user *user, enum user_resource resource, uint64_t count)
{
    if (user->used[resource] > user->limit || count > user->limit - user->used[resource])
        return false;
    user->used[resource] += count;
    return true;
}

void user_give_back(struct user *user, enum user_resource resource, uint64_t count)
{
    user->used[resource] -= count;
}

uint64_t user_pages_of_all(void)
{
    uint64_t pages = content_pages(user_system.account).used;

    list_for_each (&users, link)
        pages += content_pages(container_of(link, struct user, link)->account).used;
    return pages;
}
