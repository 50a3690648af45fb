/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include <kernel/iospace.h>

#include <kernel/slab.h>

static struct slab_cache iospace_cache = SLAB_CACHE("iospace", struct iospace);

enum status iospace_create(struct account *account, struct iospace **result)
{
    void *memory;
    enum status status = slab_allocate(&iospace_cache, account, &memory);
    if (status != STATUS_OK)
        return status;
    *result = memory;
    object_init(&(*result)->object, OBJECT_IOSPACE, account);
    return STATUS_OK;
}

void iospace_destroy(struct object *object)
{
    slab_free(&iospace_cache, object->account, container_of(object, struct iospace, object));
}
