/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* The objects of the fake kernel, for its calls. */
#pragma once

#include <native/fake.h>

#include <list/list.h>

struct fake_handle {
    struct list_node link;
    handle_t token;
    struct fake_object *object;
    uint32_t flags;
};

struct fake_mapping {
    struct list_node link;
    uint64_t start, size;
    struct fake_object *memory; /* NULL: anonymous */
};

struct fake_observation {
    struct list_node link;
    const struct fake_object *queue;
    uint64_t key;
};

struct fake_object {
    struct list_node link;
    enum object_type type;
    unsigned references; /* handles and mappings */
    struct list observations;
    /* Process */
    struct list handles, mappings;
    uint64_t next_address;
    bool keeps_handles, ended;
    /* Memory */
    uint8_t *bytes;
    uint64_t size;
    /* Session */
    uint64_t badge;
    const struct fake_object *endpoint; /* compared only; NULL: one of nobody's */
    /* Thread */
    int suspended;
    /* Stream */
    bool has_messages;
    uint64_t written, read;
};

extern struct fake_object *fake_server, *fake_client;

struct fake_object *fake_create(enum object_type type);
void fake_acquire(struct fake_object *object);
/* What nothing names any more is gone: a process with what it holds. */
void fake_release(struct fake_object *object);

/* Into a process' table; `token` HANDLE_NONE: a new one. */
handle_t fake_insert(struct fake_object *process, struct fake_object *object, handle_t token,
                     uint32_t flags);
struct fake_handle *fake_find(const struct fake_object *process, handle_t token);
/* One of the server's, which must be there and of this type. */
struct fake_object *fake_need(handle_t token, enum object_type type);
void fake_close(struct fake_handle *handle);
void fake_close_all(struct fake_object *process);
/* A process' table, tokens and all, into another. */
void fake_copy_handles(const struct fake_object *from, struct fake_object *to);

void fake_map(struct fake_object *process, struct fake_object *memory, uint64_t start,
              uint64_t size);
void fake_unmap(struct fake_object *process, uint64_t start, uint64_t size);

/* Memory of the host's. */
void *fake_pages(uint64_t size);
/* Should this fail? Asked once for all that can. */
bool fake_refuses(void);
/* Badges of sessions that have been closed, to be told of. */
bool fake_take_closed(uint64_t *badge);
