"""What each system call can answer on a machine that has trouble, by the manual pages."""

from __future__ import annotations

import errno as e
from typing import Final

_TABLE: Final = (e.EMFILE, e.ENFILE, e.ENOMEM)
_LOOKED_UP: Final = (e.EACCES, e.EIO, e.ESTALE, e.ENOMEM, e.ENAMETOOLONG)
_WRITTEN: Final = (e.ENOSPC, e.EDQUOT, e.EROFS, e.EIO)
_NAMED: Final = (*_WRITTEN, e.EACCES, e.EPERM, e.ESTALE)
_SYNCED: Final = (e.EIO, e.ENOSPC, e.EDQUOT, e.EINVAL, e.EROFS, e.EINTR)

ERRNOS: Final[dict[str, tuple[int, ...]]] = {
    "accept4": (*_TABLE, e.ECONNABORTED, e.EINTR, e.EPERM),
    "access": (e.EACCES,),  # of all others Python says no, too
    "bind": (e.EADDRINUSE, e.EACCES, e.EPERM, e.EOPNOTSUPP, e.EINVAL, e.EROFS, e.ENOSPC),
    "chmod": (e.EPERM, e.EROFS, e.EIO, e.EOPNOTSUPP),
    "clone": (e.EAGAIN, e.ENOMEM),
    "clone3": (e.EAGAIN, e.ENOMEM),
    "close": (e.EIO, e.ENOSPC, e.EDQUOT),
    "connect": (e.ECONNREFUSED, e.ETIMEDOUT, e.ENETUNREACH, e.EADDRNOTAVAIL, e.EACCES, e.EINTR),
    "epoll_create1": _TABLE,
    "epoll_ctl": (e.ENOMEM, e.ENOSPC),
    "epoll_pwait": (e.EINTR,),
    "epoll_wait": (e.EINTR,),
    "eventfd2": _TABLE,
    "faccessat": (e.EACCES,),
    "faccessat2": (e.EACCES,),
    "fallocate": (e.ENOSPC, e.EDQUOT, e.EOPNOTSUPP, e.EIO, e.EFBIG, e.EINTR),
    "fchmod": (e.EPERM, e.EROFS, e.EIO),
    "fchmodat": (e.EPERM, e.EROFS, e.EIO),
    "fchown": (e.EPERM, e.EROFS, e.EIO),
    "fcntl": (e.EAGAIN, e.ENOLCK, e.EINTR, e.EIO, e.EINVAL),
    "fdatasync": _SYNCED,
    "flock": (e.ENOLCK, e.EOPNOTSUPP, e.EINTR, e.EINVAL, e.EIO, e.EWOULDBLOCK),
    "fork": (e.EAGAIN, e.ENOMEM),
    "fstat": (e.EIO, e.ESTALE, e.ENOMEM),
    "fstatfs": (e.EIO, e.ENOSYS),
    "fsync": _SYNCED,
    "ftruncate": (e.EIO, e.ENOSPC, e.EFBIG, e.EPERM, e.EINTR),
    "getdents64": (e.EIO, e.ENOENT, e.ESTALE),
    "getrandom": (e.EINTR, e.ENOSYS),
    "getsockopt": (e.ENOBUFS, e.ENOPROTOOPT),
    "linkat": (*_NAMED, e.EMLINK),
    "listen": (e.EADDRINUSE, e.EOPNOTSUPP),
    "lstat": _LOOKED_UP,
    "memfd_create": _TABLE,
    "mkdir": (*_NAMED, e.ENAMETOOLONG),
    "mkdirat": (*_NAMED, e.ENAMETOOLONG),
    "mmap": (e.ENOMEM, e.ENODEV, e.EACCES),
    "newfstatat": _LOOKED_UP,
    "open": (*_LOOKED_UP, e.EMFILE, e.ENFILE, *_NAMED, e.EINTR, e.ENOENT),
    "openat": (*_LOOKED_UP, e.EMFILE, e.ENFILE, *_NAMED, e.EINTR, e.ENOENT),
    "pipe2": _TABLE,
    "pread64": (e.EIO, e.ESTALE, e.EINTR),
    "pwrite64": (*_WRITTEN, e.EFBIG, e.EINTR),
    "read": (e.EIO, e.ESTALE, e.EINTR),
    "readlink": (e.EACCES, e.EIO),
    "readlinkat": (e.EACCES, e.EIO),
    "recvfrom": (e.ECONNRESET, e.ETIMEDOUT, e.ENOMEM, e.EINTR),
    "recvmsg": (e.ECONNRESET, e.ETIMEDOUT, e.ENOMEM, e.EINTR),
    "rename": _NAMED,
    "renameat": _NAMED,
    "renameat2": _NAMED,
    "rmdir": _NAMED,
    "sendmsg": (e.ECONNRESET, e.EPIPE, e.ENOBUFS, e.ETIMEDOUT, e.EINTR),
    "sendto": (e.ECONNRESET, e.EPIPE, e.ENOBUFS, e.ETIMEDOUT, e.EINTR),
    "setsockopt": (e.ENOBUFS, e.ENOPROTOOPT, e.EINVAL, e.EPERM),
    "shutdown": (e.ENOTCONN,),
    "socket": (*_TABLE, e.ENOBUFS, e.EACCES, e.EAFNOSUPPORT, e.EPERM),
    "socketpair": _TABLE,
    "stat": _LOOKED_UP,
    "statfs": (e.EIO, e.ENOSYS, e.EACCES),
    "statx": _LOOKED_UP,
    "symlinkat": _NAMED,
    "truncate": (e.EIO, e.ENOSPC, e.EFBIG, e.EPERM),
    "unlink": _NAMED,
    "unlinkat": _NAMED,
    "vfork": (e.EAGAIN, e.ENOMEM),
    "write": (*_WRITTEN, e.EFBIG, e.EINTR),
    "writev": (*_WRITTEN, e.EINTR),
}

INVISIBLE: Final = frozenset({e.EINTR})
"""No trouble: whoever gets it asks again."""

SHORT_CALLS: Final = frozenset(
    {"read", "write", "pread64", "pwrite64", "sendto", "recvfrom", "getrandom"}
)
"""May do a part of what they should, by their manual pages."""
