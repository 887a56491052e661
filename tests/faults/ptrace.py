"""ptrace and seccomp through ctypes: enough to stop a process at chosen system calls.

Linux on x86_64 and aarch64 only; whoever imports it looks first (`tests.faults.able`).
"""

from __future__ import annotations

import ctypes
import os
import platform
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

EVENT_SECCOMP: Final = 7
WALL: Final = 0x40000000
SYSCALL_STOP: Final = 0x80  # beside SIGTRAP, with TRACESYSGOOD

_CONT, _SYSCALL, _GETREGS, _SETREGS = 7, 24, 12, 13
_GETREGSET, _SETREGSET, _SEIZE, _GET_SYSCALL_INFO = 0x4204, 0x4205, 0x4206, 0x420E
_NT_PRSTATUS, _NT_ARM_SYSTEM_CALL = 1, 0x404
_OPTIONS: Final = (
    1  # TRACESYSGOOD
    | 1 << 1  # TRACEFORK
    | 1 << 2  # TRACEVFORK
    | 1 << 3  # TRACECLONE
    | 1 << EVENT_SECCOMP
    | 1 << 20  # EXITKILL
)
_NO_NEW_PRIVS, _SET_SECCOMP, _FILTER = 38, 22, 2
_LOAD_WORD, _JUMP_EQUAL, _RETURN = 0x20, 0x15, 0x06
_ALLOW, _TRACE = 0x7FFF0000, 0x7FF00000
_INFO_BYTES = 88
_REGS_BYTES = 512

_X86: Final = platform.machine() == "x86_64"
_X86_ARGUMENTS: Final = (14, 13, 12, 7, 9, 8)  # rdi rsi rdx r10 r8 r9
_X86_RAX, _X86_ORIG_RAX = 10, 15

_libc = ctypes.CDLL(None, use_errno=True)
_ptrace = _libc.ptrace
_ptrace.argtypes = (ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p)
_ptrace.restype = ctypes.c_long


class _Filter(ctypes.Structure):
    _fields_ = (
        ("code", ctypes.c_ushort),
        ("jt", ctypes.c_ubyte),
        ("jf", ctypes.c_ubyte),
        ("k", ctypes.c_uint),
    )


class _Program(ctypes.Structure):
    _fields_ = (("len", ctypes.c_ushort), ("filter", ctypes.POINTER(_Filter)))


class _Iovec(ctypes.Structure):
    _fields_ = (("base", ctypes.c_void_p), ("len", ctypes.c_size_t))


@dataclass(frozen=True, slots=True)
class Entered:
    """A system call that is about to be carried out."""

    number: int
    arguments: tuple[int, ...]


def stop_at(calls: Iterable[int]) -> None:
    """From now on this process, and all that come of it, stop at these calls for their tracer."""
    wanted = list(calls)
    steps = [_Filter(_LOAD_WORD, 0, 0, 0)]
    for at, number in enumerate(wanted):
        steps.append(_Filter(_JUMP_EQUAL, len(wanted) - at, 0, number))
    steps += [_Filter(_RETURN, 0, 0, _ALLOW), _Filter(_RETURN, 0, 0, _TRACE)]
    kept = (_Filter * len(steps))(*steps)
    program = _Program(len(steps), kept)
    _checked(_libc.prctl(_NO_NEW_PRIVS, 1, 0, 0, 0))
    _checked(_libc.prctl(_SET_SECCOMP, _FILTER, ctypes.byref(program), 0, 0))


def seize(pid: int) -> None:
    """Become the tracer of a process; it dies with us.

    Raises:
        OSError: the system does not allow it.
    """
    _checked(_ptrace(_SEIZE, pid, None, _OPTIONS))


def go_on(tid: int, signal: int = 0, *, to_the_exit: bool = False) -> None:
    """Let a stopped thread run, to the exit of its call if asked. One that has died is no error."""
    _ptrace(_SYSCALL if to_the_exit else _CONT, tid, None, signal)


def entered(tid: int) -> Entered:
    """The call that a thread stands before."""
    info = ctypes.create_string_buffer(_INFO_BYTES)
    _checked(_ptrace(_GET_SYSCALL_INFO, tid, _INFO_BYTES, ctypes.addressof(info)))
    number, *arguments = struct.unpack_from("<7Q", info.raw, 24)
    return Entered(number, tuple(arguments))


def answer(tid: int, value: int) -> None:
    """The call that a thread stands before is not carried out, and returns this value."""
    if _X86:
        registers = _get(tid)
        registers[_X86_ORIG_RAX] = -1
        registers[_X86_RAX] = value
        _set(tid, registers)
    else:
        number = ctypes.c_int(-1)
        part = _Iovec(ctypes.addressof(number), ctypes.sizeof(number))
        _checked(_ptrace(_SETREGSET, tid, _NT_ARM_SYSTEM_CALL, ctypes.addressof(part)))
        result(tid, value)


def result(tid: int, value: int) -> None:
    """The call that a thread has just left returns this value."""
    registers = _get(tid)
    registers[_X86_RAX if _X86 else 0] = value
    _set(tid, registers)


def argue(tid: int, at: int, value: int) -> None:
    """The call that a thread stands before gets another argument."""
    registers = _get(tid)
    registers[_X86_ARGUMENTS[at] if _X86 else at] = value
    _set(tid, registers)


def _get(tid: int) -> ctypes.Array[ctypes.c_longlong]:
    registers = (ctypes.c_longlong * (_REGS_BYTES // 8))()
    if _X86:
        _checked(_ptrace(_GETREGS, tid, None, ctypes.addressof(registers)))
    else:
        part = _Iovec(ctypes.addressof(registers), 34 * 8)
        _checked(_ptrace(_GETREGSET, tid, _NT_PRSTATUS, ctypes.addressof(part)))
    return registers


def _set(tid: int, registers: ctypes.Array[ctypes.c_longlong]) -> None:
    if _X86:
        _checked(_ptrace(_SETREGS, tid, None, ctypes.addressof(registers)))
    else:
        part = _Iovec(ctypes.addressof(registers), 34 * 8)
        _checked(_ptrace(_SETREGSET, tid, _NT_PRSTATUS, ctypes.addressof(part)))


def _checked(answered: int) -> None:
    if answered < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
