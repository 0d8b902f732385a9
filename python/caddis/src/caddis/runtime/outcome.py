"""What is known about an exception that ended a job: the facts that a diagnosis is made from."""

import linecache
import os
import sysconfig
import traceback

#: Bytes of text kept.
MESSAGE, TAIL = 2000, 8000


def describe(error):
    """The facts of an uncaught exception, as `outcome.json` holds them."""
    facts = {
        "type": type(error).__qualname__,
        "module": type(error).__module__,
        "message": text_of(error)[:MESSAGE],
        "last_frame": last_frame(error),
        "traceback_tail": "".join(traceback.format_exception(type(error), error, error.__traceback__))[-TAIL:],
    }
    if isinstance(error, ImportError):
        facts["missing_module"] = error.name
    if isinstance(error, SyntaxError):
        facts["syntax"] = {
            "file": error.filename,
            "line": error.lineno,
            "column": error.offset,
            "source": (error.text or "").rstrip("\n"),
        }
    return facts


def text_of(error):
    """`str(error)`, which is the user's code and may fail."""
    try:
        return str(error)
    except Exception as second:
        return f"<{type(second).__name__} while printing the exception>"


def last_frame(error):
    """Where in the user's own code it happened; where at all if none of the frames is theirs."""
    frames = list(traceback.walk_tb(error.__traceback__))
    if not frames:
        return None
    theirs = [pair for pair in frames if is_users(pair[0].f_code.co_filename)]
    frame, line = (theirs or frames)[-1]
    file = frame.f_code.co_filename
    return {
        "file": file,
        "line": line,
        "function": frame.f_code.co_name,
        "source": linecache.getline(file, line, frame.f_globals).strip(),
    }


def is_users(file):
    """Whether a file is neither Python's nor an installed package's."""
    return not file.startswith("<") and not os.path.realpath(file).startswith(_INSTALLED)


_INSTALLED = tuple(
    os.path.realpath(sysconfig.get_path(name)) + os.sep for name in ("stdlib", "platstdlib", "purelib", "platlib")
)
