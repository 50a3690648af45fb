/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* Requests of programs. */
#pragma once

#include "clone.h"

/* Carry out a call. Handles that came with it are closed unless the operation takes them. */
enum answer request_serve(struct message *message);
