/* SPDX-License-Identifier: MIT */
/* Copyright The Trellis authors */

/* Names of errors and signals, for traces. */
#include "trace_format.h"

#include <base/errno.h>
#include <posix/linux/signal.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

void trace_add_error(struct trace_line *line, int error)
{
    static const struct {
        const char *name, *text;
    } errors[] = {
        [LINUX_EPERM] = {"EPERM", "Operation not permitted"},
        [LINUX_ENOENT] = {"ENOENT", "No such file or directory"},
        [LINUX_ESRCH] = {"ESRCH", "No such process"},
        [LINUX_EINTR] = {"EINTR", "Interrupted system call"},
        [LINUX_EIO] = {"EIO", "Input/output error"},
        [LINUX_ENXIO] = {"ENXIO", "No such device or address"},
        [LINUX_E2BIG] = {"E2BIG", "Argument list too long"},
        [LINUX_ENOEXEC] = {"ENOEXEC", "Exec format error"},
        [LINUX_EBADF] = {"EBADF", "Bad file descriptor"},
        [LINUX_ECHILD] = {"ECHILD", "No child processes"},
        [LINUX_EAGAIN] = {"EAGAIN", "Resource temporarily unavailable"},
        [LINUX_ENOMEM] = {"ENOMEM", "Cannot allocate memory"},
        [LINUX_EACCES] = {"EACCES", "Permission denied"},
        [LINUX_EFAULT] = {"EFAULT", "Bad address"},
        [LINUX_ENOTBLK] = {"ENOTBLK", "Block device required"},
        [LINUX_EBUSY] = {"EBUSY", "Device or resource busy"},
        [LINUX_EEXIST] = {"EEXIST", "File exists"},
        [LINUX_EXDEV] = {"EXDEV", "Invalid cross-device link"},
        [LINUX_ENODEV] = {"ENODEV", "No such device"},
        [LINUX_ENOTDIR] = {"ENOTDIR", "Not a directory"},
        [LINUX_EISDIR] = {"EISDIR", "Is a directory"},
        [LINUX_EINVAL] = {"EINVAL", "Invalid argument"},
        [LINUX_ENFILE] = {"ENFILE", "Too many open files in system"},
        [LINUX_EMFILE] = {"EMFILE", "Too many open files"},
        [LINUX_ENOTTY] = {"ENOTTY", "Inappropriate ioctl for device"},
        [LINUX_ETXTBSY] = {"ETXTBSY", "Text file busy"},
        [LINUX_EFBIG] = {"EFBIG", "File too large"},
        [LINUX_ENOSPC] = {"ENOSPC", "No space left on device"},
        [LINUX_ESPIPE] = {"ESPIPE", "Illegal seek"},
        [LINUX_EROFS] = {"EROFS", "Read-only file system"},
        [LINUX_EMLINK] = {"EMLINK", "Too many links"},
        [LINUX_EPIPE] = {"EPIPE", "Broken pipe"},
        [LINUX_EDOM] = {"EDOM", "Numerical argument out of domain"},
        [LINUX_ERANGE] = {"ERANGE", "Numerical result out of range"},
        [LINUX_EDEADLK] = {"EDEADLK", "Resource deadlock avoided"},
        [LINUX_ENAMETOOLONG] = {"ENAMETOOLONG", "File name too long"},
        [LINUX_ENOLCK] = {"ENOLCK", "No locks available"},
        [LINUX_ENOSYS] = {"ENOSYS", "Function not implemented"},
        [LINUX_ENOTEMPTY] = {"ENOTEMPTY", "Directory not empty"},
        [LINUX_ELOOP] = {"ELOOP", "Too many levels of symbolic links"},
        [LINUX_ENOMSG] = {"ENOMSG", "No message of desired type"},
        [LINUX_EIDRM] = {"EIDRM", "Identifier removed"},
        [LINUX_ENOSTR] = {"ENOSTR", "Device not a stream"},
        [LINUX_ENODATA] = {"ENODATA", "No data available"},
        [LINUX_ETIME] = {"ETIME", "Timer expired"},
        [LINUX_ENOSR] = {"ENOSR", "Out of streams resources"},
        [LINUX_ENOLINK] = {"ENOLINK", "Link has been severed"},
        [LINUX_EPROTO] = {"EPROTO", "Protocol error"},
        [LINUX_EBADMSG] = {"EBADMSG", "Bad message"},
        [LINUX_EOVERFLOW] = {"EOVERFLOW", "Value too large for defined data type"},
        [LINUX_EILSEQ] = {"EILSEQ", "Invalid or incomplete multibyte or wide character"},
        [LINUX_EUSERS] = {"EUSERS", "Too many users"},
        [LINUX_ENOTSOCK] = {"ENOTSOCK", "Socket operation on non-socket"},
        [LINUX_EDESTADDRREQ] = {"EDESTADDRREQ", "Destination address required"},
        [LINUX_EMSGSIZE] = {"EMSGSIZE", "Message too long"},
        [LINUX_EPROTOTYPE] = {"EPROTOTYPE", "Protocol wrong type for socket"},
        [LINUX_ENOPROTOOPT] = {"ENOPROTOOPT", "Protocol not available"},
        [LINUX_EPROTONOSUPPORT] = {"EPROTONOSUPPORT", "Protocol not supported"},
        [LINUX_ESOCKTNOSUPPORT] = {"ESOCKTNOSUPPORT", "Socket type not supported"},
        [LINUX_EOPNOTSUPP] = {"EOPNOTSUPP", "Operation not supported"},
        [LINUX_EPFNOSUPPORT] = {"EPFNOSUPPORT", "Protocol family not supported"},
        [LINUX_EAFNOSUPPORT] = {"EAFNOSUPPORT", "Address family not supported by protocol"},
        [LINUX_EADDRINUSE] = {"EADDRINUSE", "Address already in use"},
        [LINUX_EADDRNOTAVAIL] = {"EADDRNOTAVAIL", "Cannot assign requested address"},
        [LINUX_ENETDOWN] = {"ENETDOWN", "Network is down"},
        [LINUX_ENETUNREACH] = {"ENETUNREACH", "Network is unreachable"},
        [LINUX_ENETRESET] = {"ENETRESET", "Network dropped connection on reset"},
        [LINUX_ECONNABORTED] = {"ECONNABORTED", "Software caused connection abort"},
        [LINUX_ECONNRESET] = {"ECONNRESET", "Connection reset by peer"},
        [LINUX_ENOBUFS] = {"ENOBUFS", "No buffer space available"},
        [LINUX_EISCONN] = {"EISCONN", "Transport endpoint is already connected"},
        [LINUX_ENOTCONN] = {"ENOTCONN", "Transport endpoint is not connected"},
        [LINUX_ESHUTDOWN] = {"ESHUTDOWN", "Cannot send after transport endpoint shutdown"},
        [LINUX_ETIMEDOUT] = {"ETIMEDOUT", "Connection timed out"},
        [LINUX_ECONNREFUSED] = {"ECONNREFUSED", "Connection refused"},
        [LINUX_EHOSTDOWN] = {"EHOSTDOWN", "Host is down"},
        [LINUX_EHOSTUNREACH] = {"EHOSTUNREACH", "No route to host"},
        [LINUX_EALREADY] = {"EALREADY", "Operation already in progress"},
        [LINUX_EINPROGRESS] = {"EINPROGRESS", "Operation now in progress"},
        [LINUX_ESTALE] = {"ESTALE", "Stale file handle"},
        [LINUX_EDQUOT] = {"EDQUOT", "Disk quota exceeded"},
        [LINUX_ENOMEDIUM] = {"ENOMEDIUM", "No medium found"},
        [LINUX_ECANCELED] = {"ECANCELED", "Operation canceled"},
        [LINUX_EOWNERDEAD] = {"EOWNERDEAD", "Owner died"},
        [LINUX_ENOTRECOVERABLE] = {"ENOTRECOVERABLE", "State not recoverable"},
    };

    if (error < 0 || (unsigned)error >= COUNT(errors) || errors[error].name == NULL)
        trace_add(line, "-1 E%d", error);
    else
        trace_add(line, "-1 %s (%s)", errors[error].name, errors[error].text);
}

const char *trace_signal_name(int number)
{
    static const char *const names[LINUX_SIGRTMIN] = {
        [LINUX_SIGHUP] = "HUP",       [LINUX_SIGINT] = "INT",       [LINUX_SIGQUIT] = "QUIT",
        [LINUX_SIGILL] = "ILL",       [LINUX_SIGTRAP] = "TRAP",     [LINUX_SIGABRT] = "ABRT",
        [LINUX_SIGBUS] = "BUS",       [LINUX_SIGFPE] = "FPE",       [LINUX_SIGKILL] = "KILL",
        [LINUX_SIGUSR1] = "USR1",     [LINUX_SIGSEGV] = "SEGV",     [LINUX_SIGUSR2] = "USR2",
        [LINUX_SIGPIPE] = "PIPE",     [LINUX_SIGALRM] = "ALRM",     [LINUX_SIGTERM] = "TERM",
        [LINUX_SIGSTKFLT] = "STKFLT", [LINUX_SIGCHLD] = "CHLD",     [LINUX_SIGCONT] = "CONT",
        [LINUX_SIGSTOP] = "STOP",     [LINUX_SIGTSTP] = "TSTP",     [LINUX_SIGTTIN] = "TTIN",
        [LINUX_SIGTTOU] = "TTOU",     [LINUX_SIGURG] = "URG",       [LINUX_SIGXCPU] = "XCPU",
        [LINUX_SIGXFSZ] = "XFSZ",     [LINUX_SIGVTALRM] = "VTALRM", [LINUX_SIGPROF] = "PROF",
        [LINUX_SIGWINCH] = "WINCH",   [LINUX_SIGIO] = "IO",         [LINUX_SIGPWR] = "PWR",
        [LINUX_SIGSYS] = "SYS",
    };

    return number > 0 && number < LINUX_SIGRTMIN ? names[number] : NULL;
}

void trace_add_signal(struct trace_line *line, int number)
{
    const char *name = trace_signal_name(number);

    if (name != NULL)
        trace_add(line, "SIG%s", name);
    else if (number == LINUX_SIGRTMIN)
        trace_add(line, "SIGRTMIN");
    else if (number > LINUX_SIGRTMIN && number <= 64)
        trace_add(line, "SIGRT_%d", number - LINUX_SIGRTMIN);
    else
        trace_add(line, "%d", number);
}
