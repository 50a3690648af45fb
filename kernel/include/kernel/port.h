/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Ports: queues of fired observations, to wait for many things at once.
 */
#pragma once

#include <kernel/object.h>
#include <kernel/signal.h>

#define PORT_WAIT_MAX 64 /* observations given out by one call */

struct port {
    struct object object;
    struct observation_queue queue;
    struct observation_keys keys;
};

/* Object operations (object.h). */
void port_unreachable(struct object *object);
void port_destroy(struct object *object);
