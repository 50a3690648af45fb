/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * What the process server holds, and how it talks to others.
 */
#pragma once

#include <base/ipc.h>
#include <base/random.h>
#include <protocols/fs.h>
#include <trellis/boot_info.h>

#include "table.h"

struct server_handles {
    handle_t endpoint, account;
    handle_t machine;  /* account to inspect the machine by; the own one if there is no other */
    handle_t files;    /* control session of the root file system */
    handle_t tty;      /* control session of the tty server, or HANDLE_NONE */
    handle_t tty_open; /* for programs, once the tty server is attached */
    handle_t messages; /* stream from the tty server */
    handle_t power;    /* session of the device server, or HANDLE_NONE */
    handle_t time;
    handle_t log;      /* memory: struct log_memory */
    handle_t programs; /* session with this server, for programs */
};

extern struct server_handles server;
extern struct random server_random;
extern bool server_random_is_secret; /* more than the clock has gone into it */
extern struct boot_info server_boot; /* zero if init gave none */

/* Badges of sessions with this server: programs, services, and procfs from FS_FIRST_SESSION on. */
enum server_badge { BADGE_PROGRAM = 16 };

/* Keys of observations: a kind and a number. */
enum key_kind { KEY_END = 1, KEY_ALARM = 2, KEY_TERMINAL = 3, KEY_TIMER = 4, KEY_CPU = 5 };

static inline uint64_t key_of(enum key_kind kind, uint32_t number)
{
    return (uint64_t)kind << 32 | number;
}

/*
 * Call a service. A server that died in between is asked again; the new
 * instance answers. The error in the reply's label; ENOMEM if there was no room for the reply;
 * or EIO.
 */
int server_call(handle_t session, struct message *message);

/* Close a handle; HANDLE_NONE is harmless. */
void server_close(handle_t handle);
uint64_t server_clock_ns(void);
/* How often the machine's counter counts in a second. */
uint64_t server_clock_hz(void);
/* The Linux error for a kernel status that a program has to be told. */
int server_error(int64_t result);
