"""A module beside the programs: what is in it is unpickled in the job, the workers, the scheduler and below tasks."""

from distributed import SchedulerPlugin


class Box:
    def __init__(self, size):
        self.size = size

    def __eq__(self, other):
        return isinstance(other, Box) and self.size == other.size

    def __hash__(self):
        return hash(self.size)

    def __reduce__(self):
        return Box, (self.size,)


class TooBig(Exception):
    def __init__(self, box, limit):
        super().__init__(box, limit)
        self.limit = limit


class Counts(SchedulerPlugin):
    """Counts the tasks that end well; the scheduler unpickles this class."""

    name = "counts"

    def __init__(self):
        self.done = 0

    def transition(self, key, start, finish, *args, **kwargs):
        self.done += finish == "memory"


def grow(box, by):
    return Box(box.size + by)


def double(x):
    return 2 * x
