/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

#include <posix/request.h>

#include <posix/task.h>
#include <posix/wait.h>
#include <trellis/native.h>

#define RETRY_NS UINT64_C(2000000)
#define RETRIES 2000

int request_error(int64_t result)
{
    static const uint8_t errors[] = {
        [STATUS_OK] = 0,
        [STATUS_BAD_HANDLE] = LINUX_EBADF,
        [STATUS_WRONG_TYPE] = LINUX_EINVAL,
        [STATUS_NO_RIGHT] = LINUX_EACCES,
        [STATUS_REVOKED] = LINUX_EIO,
        [STATUS_BAD_ADDRESS] = LINUX_EFAULT,
        [STATUS_INVALID] = LINUX_EINVAL,
        [STATUS_OUT_OF_RANGE] = LINUX_EINVAL,
        [STATUS_NO_MEMORY] = LINUX_ENOMEM,
        [STATUS_LIMIT] = LINUX_ENFILE,
        [STATUS_WOULD_BLOCK] = LINUX_EAGAIN,
        [STATUS_TIMED_OUT] = LINUX_ETIMEDOUT,
        [STATUS_INTERRUPTED] = LINUX_EINTR,
        [STATUS_CLOSED] = LINUX_EPIPE,
        [STATUS_DEAD] = LINUX_ESRCH,
        [STATUS_BUSY] = LINUX_EBUSY,
        [STATUS_NOT_FOUND] = LINUX_ENOENT,
        [STATUS_EXISTS] = LINUX_EEXIST,
        [STATUS_UNSUPPORTED] = LINUX_ENOSYS,
        [STATUS_BAD_CALL] = LINUX_ENOSYS,
        [STATUS_BAD_STATE] = LINUX_EINVAL,
        [STATUS_SERVER_DIED] = LINUX_EIO,
    };
    enum status status = status_of_result(result);
    return status < sizeof(errors) ? -(int)errors[status] : -LINUX_EIO;
}

/* What of a message a failed attempt may have changed. */
struct attempt {
    struct message message;
    struct message_handle handles[MESSAGE_HANDLES];
};

/*
 * The mark of interruption ends a call that no server has taken yet. It is set
 * again behind the request, for the wait or the way out that follows.
 */
int request(struct task *task, handle_t session, struct message *message)
{
    struct frame *frame = task->frame;
    bool marked = false;
    int64_t result = 0;
    struct attempt first = {.message = *message};

    for (unsigned i = 0; i < MESSAGE_HANDLES; i++)
        first.handles[i] = frame->handles[i];
    for (unsigned retry = 0; retry < RETRIES; retry++) {
        result = ipc_call(session, message);
        enum status status = status_of_result(result);
        if (status == STATUS_INTERRUPTED) {
            (void)__atomic_exchange_n(&frame->interrupted, 0, __ATOMIC_SEQ_CST);
            marked = true;
        } else if (status == STATUS_SERVER_DIED) {
            uint32_t never = 0;
            (void)native_address_wait((uint64_t)&never, 0, 1, 0, wait_deadline(RETRY_NS));
        } else {
            break;
        }
        *message = first.message;
        for (unsigned i = 0; i < MESSAGE_HANDLES; i++)
            frame->handles[i] = first.handles[i];
    }
    if (marked)
        (void)__atomic_exchange_n(&frame->interrupted, 1, __ATOMIC_SEQ_CST);
    return result < 0 ? request_error(result) : -(int)message_label(message->information);
}

int request_process(struct task *task, struct message *message)
{
    return request(task, library.process, message);
}

void request_close_handle(handle_t handle)
{
    if (handle != HANDLE_NONE)
        (void)native_handle_close(handle);
}
