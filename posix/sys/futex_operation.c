/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* FUTEX_WAKE_OP's little language (futex(2)). */
#include <posix/futex.h>

struct futex_operation futex_decode_operation(uint32_t value)
{
    struct futex_operation operation = {
        .operation = value >> 28 & 7,
        .comparison = value >> 24 & 15,
        .operand = (uint32_t)((int32_t)(value << 8) >> 20),
        .compared = (uint32_t)((int32_t)(value << 20) >> 20),
    };

    if ((value >> 31) != 0)
        operation.operand = 1u << (operation.operand & 31);
    return operation;
}

uint32_t futex_operation_result(const struct futex_operation *operation, uint32_t old)
{
    switch (operation->operation) {
    case 0:
        return operation->operand;
    case 1:
        return old + operation->operand;
    case 2:
        return old | operation->operand;
    case 3:
        return old & ~operation->operand;
    default:
        return old ^ operation->operand;
    }
}

int futex_operation_matches(const struct futex_operation *operation, uint32_t old)
{
    int32_t left = (int32_t)old, right = (int32_t)operation->compared;

    switch (operation->comparison) {
    case 0:
        return left == right;
    case 1:
        return left != right;
    case 2:
        return left < right;
    case 3:
        return left <= right;
    case 4:
        return left > right;
    default:
        return left >= right;
    }
}
