/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* Names of errors and signals, for traces. */
#include <posix/trace.h>

#include <base/errno.h>
#include <posix/linux/signal.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

const char *trace_error_name(int error)
{
    static const char *const names[] = {
        [LINUX_EPERM] = "EPERM",
        [LINUX_ENOENT] = "ENOENT",
        [LINUX_ESRCH] = "ESRCH",
        [LINUX_EINTR] = "EINTR",
        [LINUX_EIO] = "EIO",
        [LINUX_ENXIO] = "ENXIO",
        [LINUX_E2BIG] = "E2BIG",
        [LINUX_ENOEXEC] = "ENOEXEC",
        [LINUX_EBADF] = "EBADF",
        [LINUX_ECHILD] = "ECHILD",
        [LINUX_EAGAIN] = "EAGAIN",
        [LINUX_ENOMEM] = "ENOMEM",
        [LINUX_EACCES] = "EACCES",
        [LINUX_EFAULT] = "EFAULT",
        [LINUX_ENOTBLK] = "ENOTBLK",
        [LINUX_EBUSY] = "EBUSY",
        [LINUX_EEXIST] = "EEXIST",
        [LINUX_EXDEV] = "EXDEV",
        [LINUX_ENODEV] = "ENODEV",
        [LINUX_ENOTDIR] = "ENOTDIR",
        [LINUX_EISDIR] = "EISDIR",
        [LINUX_EINVAL] = "EINVAL",
        [LINUX_ENFILE] = "ENFILE",
        [LINUX_EMFILE] = "EMFILE",
        [LINUX_ENOTTY] = "ENOTTY",
        [LINUX_ETXTBSY] = "ETXTBSY",
        [LINUX_EFBIG] = "EFBIG",
        [LINUX_ENOSPC] = "ENOSPC",
        [LINUX_ESPIPE] = "ESPIPE",
        [LINUX_EROFS] = "EROFS",
        [LINUX_EMLINK] = "EMLINK",
        [LINUX_EPIPE] = "EPIPE",
        [LINUX_EDOM] = "EDOM",
        [LINUX_ERANGE] = "ERANGE",
        [LINUX_EDEADLK] = "EDEADLK",
        [LINUX_ENAMETOOLONG] = "ENAMETOOLONG",
        [LINUX_ENOLCK] = "ENOLCK",
        [LINUX_ENOSYS] = "ENOSYS",
        [LINUX_ENOTEMPTY] = "ENOTEMPTY",
        [LINUX_ELOOP] = "ELOOP",
        [LINUX_ENOMSG] = "ENOMSG",
        [LINUX_EIDRM] = "EIDRM",
        [LINUX_ENOSTR] = "ENOSTR",
        [LINUX_ENODATA] = "ENODATA",
        [LINUX_ETIME] = "ETIME",
        [LINUX_ENOSR] = "ENOSR",
        [LINUX_ENOLINK] = "ENOLINK",
        [LINUX_EPROTO] = "EPROTO",
        [LINUX_EBADMSG] = "EBADMSG",
        [LINUX_EOVERFLOW] = "EOVERFLOW",
        [LINUX_EILSEQ] = "EILSEQ",
        [LINUX_EUSERS] = "EUSERS",
        [LINUX_ENOTSOCK] = "ENOTSOCK",
        [LINUX_EDESTADDRREQ] = "EDESTADDRREQ",
        [LINUX_EMSGSIZE] = "EMSGSIZE",
        [LINUX_EPROTOTYPE] = "EPROTOTYPE",
        [LINUX_ENOPROTOOPT] = "ENOPROTOOPT",
        [LINUX_EPROTONOSUPPORT] = "EPROTONOSUPPORT",
        [LINUX_ESOCKTNOSUPPORT] = "ESOCKTNOSUPPORT",
        [LINUX_EOPNOTSUPP] = "EOPNOTSUPP",
        [LINUX_EPFNOSUPPORT] = "EPFNOSUPPORT",
        [LINUX_EAFNOSUPPORT] = "EAFNOSUPPORT",
        [LINUX_EADDRINUSE] = "EADDRINUSE",
        [LINUX_EADDRNOTAVAIL] = "EADDRNOTAVAIL",
        [LINUX_ENETDOWN] = "ENETDOWN",
        [LINUX_ENETUNREACH] = "ENETUNREACH",
        [LINUX_ENETRESET] = "ENETRESET",
        [LINUX_ECONNABORTED] = "ECONNABORTED",
        [LINUX_ECONNRESET] = "ECONNRESET",
        [LINUX_ENOBUFS] = "ENOBUFS",
        [LINUX_EISCONN] = "EISCONN",
        [LINUX_ENOTCONN] = "ENOTCONN",
        [LINUX_ESHUTDOWN] = "ESHUTDOWN",
        [LINUX_ETIMEDOUT] = "ETIMEDOUT",
        [LINUX_ECONNREFUSED] = "ECONNREFUSED",
        [LINUX_EHOSTDOWN] = "EHOSTDOWN",
        [LINUX_EHOSTUNREACH] = "EHOSTUNREACH",
        [LINUX_EALREADY] = "EALREADY",
        [LINUX_EINPROGRESS] = "EINPROGRESS",
        [LINUX_ESTALE] = "ESTALE",
        [LINUX_EDQUOT] = "EDQUOT",
        [LINUX_ENOMEDIUM] = "ENOMEDIUM",
        [LINUX_ECANCELED] = "ECANCELED",
        [LINUX_EOWNERDEAD] = "EOWNERDEAD",
        [LINUX_ENOTRECOVERABLE] = "ENOTRECOVERABLE",
        [LINUX_ERRNO_MAX] = "ERRNO_MAX",
    };
    if (error < 0 || (unsigned)error >= COUNT(names) || names[error] == 0)
        return "E?";
    return names[error];
}

const char *trace_signal_name(int number)
{
    static const char *const names[] = {
        [LINUX_SIGHUP] = "SIGHUP",   [LINUX_SIGINT] = "SIGINT",
        [LINUX_SIGQUIT] = "SIGQUIT", [LINUX_SIGILL] = "SIGILL",
        [LINUX_SIGTRAP] = "SIGTRAP", [LINUX_SIGABRT] = "SIGABRT",
        [LINUX_SIGBUS] = "SIGBUS",   [LINUX_SIGFPE] = "SIGFPE",
        [LINUX_SIGKILL] = "SIGKILL", [LINUX_SIGUSR1] = "SIGUSR1",
        [LINUX_SIGSEGV] = "SIGSEGV", [LINUX_SIGUSR2] = "SIGUSR2",
        [LINUX_SIGPIPE] = "SIGPIPE", [LINUX_SIGALRM] = "SIGALRM",
        [LINUX_SIGTERM] = "SIGTERM", [LINUX_SIGSTKFLT] = "SIGSTKFLT",
        [LINUX_SIGCHLD] = "SIGCHLD", [LINUX_SIGCONT] = "SIGCONT",
        [LINUX_SIGSTOP] = "SIGSTOP", [LINUX_SIGTSTP] = "SIGTSTP",
        [LINUX_SIGTTIN] = "SIGTTIN", [LINUX_SIGTTOU] = "SIGTTOU",
        [LINUX_SIGURG] = "SIGURG",   [LINUX_SIGXCPU] = "SIGXCPU",
        [LINUX_SIGXFSZ] = "SIGXFSZ", [LINUX_SIGVTALRM] = "SIGVTALRM",
        [LINUX_SIGPROF] = "SIGPROF", [LINUX_SIGWINCH] = "SIGWINCH",
        [LINUX_SIGIO] = "SIGIO",     [LINUX_SIGPWR] = "SIGPWR",
        [LINUX_SIGSYS] = "SIGSYS",
    };
    if (number >= LINUX_SIGRTMIN)
        return "SIGRT";
    if (number < 0 || (unsigned)number >= COUNT(names) || names[number] == 0)
        return "0";
    return names[number];
}
