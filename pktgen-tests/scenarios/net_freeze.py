# SPDX-License-Identifier: Apache-2.0
"""Stops one thread of a program, wherever it is, and lets it go on: by ptrace, as a debugger does."""
import ctypes
import os

import netns

_libc = ctypes.CDLL(None, use_errno=True)
_libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
SEIZE, INTERRUPT, DETACH = 0x4206, 0x4207, 17
WALL = 0x40000000


def _ptrace(request, thread):
    if _libc.ptrace(request, thread, None, None):
        error = ctypes.get_errno()
        raise OSError(error, "ptrace: " + os.strerror(error))


def threads(pid, name):
    """Those whose name ends so."""
    found = []
    for thread in os.listdir("/proc/%d/task" % pid):
        with open("/proc/%d/task/%s/comm" % (pid, thread)) as f:
            if f.read().strip().endswith(name):
                found.append(int(thread))
    return found


class Frozen:
    """The only thread of this name. Within `with`, or until thaw(); from one thread of ours."""

    def __init__(self, pid, name):
        found = threads(pid, name)
        if len(found) != 1:
            raise OSError("%d threads are named %s" % (len(found), name))
        self.thread = found[0]
        try:
            _ptrace(SEIZE, self.thread)
        except PermissionError as error:
            raise netns.Missing("no thread may be stopped here: %s" % error)
        _ptrace(INTERRUPT, self.thread)
        os.waitpid(self.thread, WALL)

    def thaw(self):
        if self.thread:
            _ptrace(DETACH, self.thread)
        self.thread = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.thaw()
