/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * A kernel for unit tests of servers. It keeps objects, the handles of each process and
 * what is mapped where, and runs nothing. Each call that would need memory or a handle
 * asks fake_refuses() first, as does each allocation of the server itself, so that a test
 * can have the first of them fail, then the second, and so on, and see after each that
 * nothing is left over. A call on a handle that is not there ends the test.
 */
#pragma once

#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <trellis/message.h>
#include <trellis/object.h>

/* All that there is. Two of them can be compared byte by byte. */
struct fake_use {
    uint64_t objects;
    uint64_t handles;      /* in all processes */
    uint64_t mappings;     /* in all processes but the server's own */
    uint64_t observations; /* that may fire */
    uint64_t pieces;       /* of the server's heap */
};

/* An empty machine with two processes: the server and a client, to whom what it answers goes. */
void fake_begin(void);

/* The n-th of what can fail from now on fails, once; 0: none. */
void fake_fail_after(unsigned n);
/* It has not failed yet. */
bool fake_still_to_fail(void);

struct fake_use fake_use(void);

/* A new handle of the server's to itself. */
handle_t fake_self(void);
/* A handle of the server's to a new object; memory has `size` bytes. */
handle_t fake_make(enum object_type type, uint64_t size);
/* Bytes of a memory object. */
void *fake_bytes(handle_t memory);
/* How many handles there are to the object; 0: the token is none of the server's. */
unsigned fake_references(handle_t handle);
/* The object that a token of another process names, to compare with that of one's own; NULL. */
const void *fake_object(handle_t process, handle_t token);
const void *fake_own_object(handle_t handle);
/* Another process closes one of its own. */
void fake_close_of(handle_t process, handle_t token);
/* How often a thread is suspended. */
int fake_suspended(handle_t thread);
/* A handle of the server's to the client's session with this badge, as one comes with a request. */
handle_t fake_client_sends(uint64_t badge);
/* The client closes all it has been given. */
void fake_client_closes(void);

/* What the test does when the server calls another, and when it wants a request. */
extern int64_t (*fake_serve)(handle_t session, struct message *message);
extern int64_t (*fake_next)(struct message *message);
/* What has been answered. */
extern struct message fake_replies[4];
extern unsigned fake_reply_count;

/* Where to go when the server ends itself, service_fail or the like, and with what code. */
extern jmp_buf fake_ended;
extern uint64_t fake_end_code;
