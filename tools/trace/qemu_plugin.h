/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * What trace.c uses of QEMU's interface for TCG plugins, version 1 (QEMU's
 * documentation, "QEMU TCG Plugins"), for which Debian packages no header.
 */
#pragma once

#include <stdint.h>

struct qemu_plugin_tb;
struct qemu_plugin_insn;

enum qemu_plugin_registers {
    QEMU_PLUGIN_NO_REGISTERS,
};

#define QEMU_PLUGIN_INTERFACE 1
#define QEMU_PLUGIN_EXPORT __attribute__((visibility("default")))

/* What a plugin exports. `information` is of no use here. */
QEMU_PLUGIN_EXPORT extern const int qemu_plugin_version;
QEMU_PLUGIN_EXPORT int qemu_plugin_install(uint64_t id, const void *information, int count,
                                           char **arguments);

/* What QEMU exports. */
void qemu_plugin_register_vcpu_tb_trans_cb(uint64_t id,
                                           void (*callback)(uint64_t id,
                                                            struct qemu_plugin_tb *block));
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *instruction,
                                            void (*callback)(unsigned cpu, void *data),
                                            enum qemu_plugin_registers registers, void *data);
void qemu_plugin_register_atexit_cb(uint64_t id, void (*callback)(uint64_t id, void *data),
                                    void *data);
uint64_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *block);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *block,
                                                 uint64_t index);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *instruction);
