/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/*
 * What is in a message, from one thread to another.
 *
 * Handles come first, because they alone can fail: they are resolved, put into
 * the receiver's table, and taken back if one of them does not fit. Text and
 * words then move from one pinned frame or register area to another.
 */
#include <kernel/ipc.h>

#include <kernel/handle_parcel.h>
#include <kernel/string.h>
#include <trellis/message.h>

#define MESSAGE_BITS (MESSAGE_TEXT_SHIFT + 13)

bool message_is_valid(uint64_t information)
{
    return message_handle_count(information) <= MESSAGE_HANDLES &&
           message_text_length(information) <= MESSAGE_TEXT_SIZE &&
           information >> MESSAGE_BITS == 0;
}

static __attribute__((noinline)) enum status deliver_handles(struct thread *from, struct thread *to,
                                                             unsigned count)
{
    struct message_handle made[MESSAGE_HANDLES];
    struct parcel parcel = {0};
    enum status status = parcel_pack(from, count, &parcel);
    if (status != STATUS_OK)
        return status;
    status = parcel_unpack(to, &parcel, made);
    if (status == STATUS_OK) {
        parcel_send(from, &parcel);
        memcpy(to->frame->handles, made, count * sizeof(made[0]));
    }
    parcel_drop(&parcel);
    return status;
}

enum status message_deliver(struct thread *from, struct thread *to)
{
    uint64_t information = arch_message_information(from);
    unsigned handles = message_handle_count(information);
    unsigned text = message_text_length(information);
    if (handles > 0) {
        enum status status = deliver_handles(from, to, handles);
        if (status != STATUS_OK)
            return status;
    }
    if (text > 0)
        memcpy(frame_text(to->frame), frame_text(from->frame), text);
    arch_message_copy(from, to);
    return STATUS_OK;
}

void message_discard(struct thread *from)
{
    struct parcel parcel = {0};
    unsigned handles = message_handle_count(arch_message_information(from));
    if (handles == 0 || parcel_pack(from, handles, &parcel) != STATUS_OK)
        return;
    parcel_send(from, &parcel);
    parcel_drop(&parcel);
}
