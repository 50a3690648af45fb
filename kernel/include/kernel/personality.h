/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * Entries into the library of a process that registered a personality
 * (trellis/frame.h), on the way out to user mode.
 */
#pragma once

#include <kernel/thread.h>
#include <kernel/trap.h>

/* The thread is marked interrupted and about to run: enter `interrupt` if it is outside the
 * library, restart the library's way out if it is in that. */
void personality_interrupt(struct thread *thread);
/* Whether the thread entered the kernel from its library. */
bool personality_is_in_library(const struct thread *thread);
/* Addresses are the user's and ranges in order. */
bool personality_is_valid(const struct personality *personality) must_check;
/* A call number that is not native came by the slow path: enter `reflect`. False if there is none. */
bool personality_reflect(struct thread *thread) must_check;
/* An exception the kernel did not resolve: enter `fault`, or the copy range's resume.
 * False if there is no entry, or the exception was in the library: the process must end. */
bool personality_fault(struct thread *thread, const struct trap_fault *fault) must_check;
