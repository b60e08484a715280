"""A filter of system calls for the sandbox: what neither Python nor a learner's code needs.

Refused are the calls by which code could get at other processes or at parts of Linux in which flaws
are found again and again: namespaces, mounts, ptrace, keyrings, bpf, perf, userfaultfd, io_uring,
modules, clocks. The filter is a small program for Linux (classic BPF) that bubblewrap installs.
"""

import errno
import platform
import struct

# Numbers of the system calls that are refused: on x86-64, and on 64-bit ARM.
REFUSED = {
    "acct": (163, 89),
    "add_key": (248, 217),
    "adjtimex": (159, 171),
    "bpf": (321, 280),
    "chroot": (161, 51),
    "clock_adjtime": (305, 266),
    "clock_settime": (227, 112),
    "delete_module": (176, 106),
    "fanotify_init": (300, 262),
    "finit_module": (313, 273),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fsopen": (430, 430),
    "fspick": (433, 433),
    "init_module": (175, 105),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "io_uring_setup": (425, 425),
    "kcmp": (312, 272),
    "kexec_file_load": (320, 294),
    "kexec_load": (246, 104),
    "keyctl": (250, 219),
    "lookup_dcookie": (212, 18),
    "migrate_pages": (256, 238),
    "mount": (165, 40),
    "mount_setattr": (442, 442),
    "move_mount": (429, 429),
    "move_pages": (279, 239),
    "name_to_handle_at": (303, 264),
    "open_by_handle_at": (304, 265),
    "open_tree": (428, 428),
    "perf_event_open": (298, 241),
    "personality": (135, 92),
    "pidfd_getfd": (438, 438),
    "pivot_root": (155, 41),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "ptrace": (101, 117),
    "quotactl": (179, 60),
    "quotactl_fd": (443, 443),
    "reboot": (169, 142),
    "request_key": (249, 218),
    "setns": (308, 268),
    "settimeofday": (164, 170),
    "swapoff": (168, 225),
    "swapon": (167, 224),
    "syslog": (103, 116),
    "umount2": (166, 39),
    "unshare": (272, 97),
    "userfaultfd": (323, 282),
    "vhangup": (153, 58),
    "vmsplice": (278, 75),
}
CLONE = (56, 220)
CLONE3 = (435, 435)
# What Linux calls the machines (AUDIT_ARCH_…), in the order of the numbers above.
MACHINES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
# clone() with one of these makes a namespace; without them it makes a process or thread.
NEW_NAMESPACE = 0x7E020000

_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER, _MACHINE, _FIRST_ARGUMENT = 0, 4, 16  # offsets in what the filter sees of a call
_ALLOW, _FAIL = 0x7FFF0000, 0x00050000
_OTHER_ABI = 0x40000000  # calls of x86-64 in their 32-bit form


def program(machine: str = platform.machine()) -> bytes | None:
    """The filter for a kind of machine; None for one whose numbers are not known here."""
    if machine not in MACHINES:
        return None
    column, known = MACHINES[machine]
    refuse = (_RETURN, 0, 0, _FAIL | errno.EPERM)
    missing = (_RETURN, 0, 0, _FAIL | errno.ENOSYS)
    steps = [(_LOAD, 0, 0, _MACHINE), (_EQUAL, 1, 0, known), missing]
    steps += [(_LOAD, 0, 0, _NUMBER), (_AT_LEAST, 0, 1, _OTHER_ABI), missing]
    for numbers in REFUSED.values():
        steps += [(_EQUAL, 0, 1, numbers[column]), refuse]
    # Its flags lie in memory, which a filter cannot read. Who is told that there is no clone3
    # takes clone.
    steps += [(_EQUAL, 0, 1, CLONE3[column]), missing]
    steps += [(_EQUAL, 0, 3, CLONE[column]), (_LOAD, 0, 0, _FIRST_ARGUMENT)]
    steps += [(_ANY_BIT, 0, 1, NEW_NAMESPACE), refuse, (_RETURN, 0, 0, _ALLOW)]
    return b"".join(struct.pack("=HBBI", *step) for step in steps)
