"""The system calls that a fault can be put into: numbers, arguments, and which place they touch."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from enum import Enum
from typing import Final


class On(Enum):
    """What a call's first arguments say about the place that it touches."""

    PATH = "a path"
    PATH_AT = "a folder's descriptor and a path"
    FD = "a descriptor"
    FD_4 = "a descriptor, the fifth argument"
    NOTHING = "no place"


@dataclass(frozen=True, slots=True)
class Call:
    """One system call: its numbers (-1 where a machine has none) and its place."""

    name: str
    x86_64: int
    aarch64: int
    on: On


CALLS: Final = (
    Call("accept4", 288, 242, On.FD),
    Call("access", 21, -1, On.PATH),
    Call("bind", 49, 200, On.FD),
    Call("chmod", 90, -1, On.PATH),
    Call("clone", 56, 220, On.NOTHING),
    Call("clone3", 435, 435, On.NOTHING),
    Call("close", 3, 57, On.FD),
    Call("connect", 42, 203, On.FD),
    Call("epoll_create1", 291, 20, On.NOTHING),
    Call("epoll_ctl", 233, 21, On.FD),
    Call("epoll_pwait", 281, 22, On.FD),
    Call("epoll_wait", 232, -1, On.FD),
    Call("eventfd2", 290, 19, On.NOTHING),
    Call("faccessat", 269, 48, On.PATH_AT),
    Call("faccessat2", 439, 439, On.PATH_AT),
    Call("fallocate", 285, 47, On.FD),
    Call("fchmod", 91, 52, On.FD),
    Call("fchmodat", 268, 53, On.PATH_AT),
    Call("fchown", 93, 55, On.FD),
    Call("fcntl", 72, 25, On.FD),
    Call("fdatasync", 75, 83, On.FD),
    Call("flock", 73, 32, On.FD),
    Call("fork", 57, -1, On.NOTHING),
    Call("fstat", 5, 80, On.FD),
    Call("fstatfs", 138, 44, On.FD),
    Call("fsync", 74, 82, On.FD),
    Call("ftruncate", 77, 46, On.FD),
    Call("getdents64", 217, 61, On.FD),
    Call("getrandom", 318, 278, On.NOTHING),
    Call("getsockopt", 55, 209, On.FD),
    Call("ioctl", 16, 29, On.FD),
    Call("linkat", 265, 37, On.PATH_AT),
    Call("listen", 50, 201, On.FD),
    Call("lseek", 8, 62, On.FD),
    Call("lstat", 6, -1, On.PATH),
    Call("memfd_create", 319, 279, On.NOTHING),
    Call("mkdir", 83, -1, On.PATH),
    Call("mkdirat", 258, 34, On.PATH_AT),
    Call("mmap", 9, 222, On.FD_4),
    Call("newfstatat", 262, 79, On.PATH_AT),
    Call("open", 2, -1, On.PATH),
    Call("openat", 257, 56, On.PATH_AT),
    Call("pipe2", 293, 59, On.NOTHING),
    Call("pread64", 17, 67, On.FD),
    Call("pwrite64", 18, 68, On.FD),
    Call("read", 0, 63, On.FD),
    Call("readlink", 89, -1, On.PATH),
    Call("readlinkat", 267, 78, On.PATH_AT),
    Call("recvfrom", 45, 207, On.FD),
    Call("recvmsg", 47, 212, On.FD),
    Call("rename", 82, -1, On.PATH),
    Call("renameat", 264, 38, On.PATH_AT),
    Call("renameat2", 316, 276, On.PATH_AT),
    Call("rmdir", 84, -1, On.PATH),
    Call("sendmsg", 46, 211, On.FD),
    Call("sendto", 44, 206, On.FD),
    Call("setsockopt", 54, 208, On.FD),
    Call("shutdown", 48, 210, On.FD),
    Call("socket", 41, 198, On.NOTHING),
    Call("socketpair", 53, 199, On.NOTHING),
    Call("stat", 4, -1, On.PATH),
    Call("statfs", 137, 43, On.PATH),
    Call("statx", 332, 291, On.PATH_AT),
    Call("symlinkat", 266, 36, On.PATH),
    Call("truncate", 76, 45, On.PATH),
    Call("unlink", 87, -1, On.PATH),
    Call("unlinkat", 263, 35, On.PATH_AT),
    Call("vfork", 58, -1, On.NOTHING),
    Call("write", 1, 64, On.FD),
    Call("writev", 20, 66, On.FD),
)


def numbers() -> dict[int, Call]:
    """This machine's calls by number; none where the machine is another."""
    machine = platform.machine()
    if machine not in {"x86_64", "aarch64"}:
        return {}
    found = {(one.x86_64 if machine == "x86_64" else one.aarch64): one for one in CALLS}
    return {number: one for number, one in found.items() if number >= 0}
