"""What a submission may use."""

from dataclasses import dataclass

MEGABYTE = 2**20


@dataclass(frozen=True)
class Limits:
    """What a submission may use. Sizes are in bytes, times in seconds."""

    memory: int = 3 * 2**30  # a small torch training peaks at 0.7 GB
    disk: int = 128 * MEGABYTE  # of the home, in memory
    file_size: int = 64 * MEGABYTE
    processes: int = 64  # and threads
    open_files: int = 256
    message: int = 32 * MEGABYTE  # from the kernel
    output: int = 20_000  # characters kept of what a cell prints
    start: float = 60
    cell: float = 60
    probe: float = 30  # all questions of one check
    interrupt: float = 3  # between an interrupt and the end
    submission: float = 600
