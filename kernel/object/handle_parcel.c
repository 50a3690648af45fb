/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* Handles on their way from one table to another. */
#include <kernel/handle_parcel.h>

#include <kernel/process.h>
#include <kernel/thread.h>

static bool is_move(const struct message_handle *name)
{
    return (name->flags & MESSAGE_HANDLE_MOVE) != 0;
}

/* One of the sender's handles, without a reference yet. */
static enum status resolve(struct thread *self, const struct message_handle *name,
                           struct handle_view *view)
{
    if ((name->flags & ~(uint32_t)MESSAGE_HANDLE_MOVE) != 0)
        return STATUS_INVALID;
    enum status status = handle_resolve(&self->process->handles, name->handle, OBJECT_ANY,
                                        is_move(name) ? RIGHT_MOVE : RIGHT_COPY, view);
    view->flags = 0;
    if (status == STATUS_OK && (name->rights & RIGHT_SAME) == 0)
        view->rights &= name->rights;
    return status;
}

/* Whether one of the handles before `name` is the same, and either is moved. */
static bool is_named_twice(const struct message_handle *names, const struct message_handle *name)
{
    for (const struct message_handle *other = names; other != name; other++) {
        if (other->handle == name->handle && (is_move(other) || is_move(name)))
            return true;
    }
    return false;
}

/* The frame can change at any time: each name is read once. */
enum status parcel_pack(struct thread *self, uint64_t count, struct parcel *parcel)
{
    const volatile struct frame *frame = self->frame;
    struct message_handle names[MESSAGE_HANDLES];
    if (count > MESSAGE_HANDLES)
        return STATUS_INVALID;
    for (uint32_t i = 0; i < count; i++) {
        names[i] = frame->handles[i];
        if (is_named_twice(names, &names[i]))
            return STATUS_INVALID;
        enum status status = resolve(self, &names[i], &parcel->handles[i]);
        if (status != STATUS_OK)
            return status;
        parcel->moved[i] = is_move(&names[i]) ? names[i].handle : HANDLE_NONE;
    }
    for (; parcel->count < count; parcel->count++)
        if (!handle_view_hold(&parcel->handles[parcel->count])) {
            parcel_drop(parcel);
            return STATUS_BAD_HANDLE;
        }
    return STATUS_OK;
}

void parcel_send(struct thread *self, const struct parcel *parcel)
{
    for (uint32_t i = 0; i < parcel->count; i++) {
        if (parcel->moved[i] != HANDLE_NONE)
            (void)handle_close(&self->process->handles, parcel->moved[i]);
    }
}

enum status parcel_unpack(struct thread *self, const struct parcel *parcel,
                          struct message_handle made[MESSAGE_HANDLES])
{
    for (uint32_t i = 0; i < parcel->count; i++) {
        const struct handle_view *view = &parcel->handles[i];
        made[i] = (struct message_handle){.rights = view->rights};
        enum status status = handle_insert(&self->process->handles, view, &made[i].handle);
        if (status != STATUS_OK) {
            parcel_repack(self, made, i);
            return status;
        }
    }
    return STATUS_OK;
}

void parcel_repack(struct thread *self, const struct message_handle *made, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        (void)handle_close(&self->process->handles, made[i].handle);
}

void parcel_drop(struct parcel *parcel)
{
    for (; parcel->count > 0; parcel->count--)
        handle_view_drop(&parcel->handles[parcel->count - 1]);
}
