/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Accounts of users: what all processes of a user may use together.
 */
#pragma once

#include <trellis/object.h>

#include "allowance.h"

struct account; /* lives on: a user comes again */

/* NULL if there is no memory. */
struct account *account_of_user(uint32_t uid);
handle_t account_handle(const struct account *account);
/* The account below it that file servers charge for the content of the user's files. */
handle_t account_for_files(const struct account *account);
/* What this server itself keeps for the user. */
struct allowances *account_allowances(struct account *account);
