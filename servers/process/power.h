/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * The end of it all: the first program has ended, or somebody turns it off.
 */
#pragma once

#include <stdint.h>

#include <protocols/process.h>

/* The program the host asked for; its end is the machine's. */
void power_set_first_program(uint32_t pid);
uint32_t power_first_program(void);
/* It could not be started: Linux' error. */
void power_program_not_run(int error);

void power_process_ended(uint32_t pid, int32_t status);
/* Carried out by power_act, when the request has been answered. */
void power_request(enum process_power power);
/* Stop the machine if that has been asked for. */
void power_act(void);
