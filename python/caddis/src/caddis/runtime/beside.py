"""The job's end of `claims`: which modules lie beside its script, told to the scheduler before user code begins.

What `CADDIS_MODULES` names is told as well, behind them.

Only on a cluster that was not made for the job: that one's scheduler and workers were started without the script's
folder. The connection is the claim. It is held open for as long as the job's process lives, and the kernel closes it
whatever ends that; so nobody has to remember to take the folder back.
"""

import hashlib
import json
import os
import re
import socket
import sys

#: Seconds for the scheduler and its workers to take the folder up.
PATIENCE = 15.0
#: A script in a home folder must not make us read the home folder.
MOST_FILES = 500
#: A folder of modules that the job brings beside those that lie beside its script; the faces set it.
MODULES = "CADDIS_MODULES"
IMPORTS = re.compile(rb"^[ \t]*(?:from[ \t]+([\w.]+)[ \t]+import\b|import[ \t]+([^#;\r\n]+))", re.MULTILINE)


def claim(role, job):
    """Have scheduler and workers import what the job brings; the claims, to be kept."""
    folders = dict.fromkeys([folder_of(role), os.environ.get(MODULES)])
    claims = [claim_folder(role, job, folder) for folder in folders if folder]
    return [held for held in claims if held]


def claim_folder(role, job, folder):
    """Have scheduler and workers import from one folder; the claim, to be kept, or None without one."""
    try:
        line = what(role, folder)
        held, answer = ask(role["beside"], {"job": job, **line}) if line else (None, {"warnings": []})
    except (OSError, ValueError) as error:
        warn(f"modules beside the script import in the script only: the cluster does not take `{folder}`: {error}")
        return None
    for warning in answer["warnings"]:
        warn(warning)
    return held


def what(role, folder):
    """What there is to claim; None where a script lies alone, or is not there at all."""
    script = os.path.realpath(role["script"]) if role.get("script") else None
    if not os.path.isdir(folder) or not holds_more(folder, script):
        return None
    names = modules(folder, script)
    wanted = used(folder, names, script, role.get("module"))
    return {"folder": folder, "used": sorted(wanted), "stamp": stamp(folder, names)}


def holds_more(folder, script):
    """Whether anything besides the script could be imported from a folder."""
    found = (entry for entry in os.scandir(folder) if entry.is_dir() or entry.name.endswith((".py", ".so")))
    return any(entry.name.split(".")[0].isidentifier() and os.path.realpath(entry.path) != script for entry in found)


def warn(text):
    """A line of ours among the script's."""
    sys.stderr.write(f"caddis: warning: {text}\n")


def folder_of(role):
    """The folder that leads the script's own module path, where one does."""
    if os.environ.get("PYTHONSAFEPATH"):
        return None
    if role.get("script"):
        return os.path.dirname(os.path.realpath(role["script"]))
    return os.path.realpath(os.getcwd())


def ask(path, line):
    """Say the claim over the scheduler's socket; (the connection, the answer)."""
    folder, name = os.path.split(path)
    fd = os.open(folder, os.O_PATH | os.O_DIRECTORY)
    held = socket.socket(socket.AF_UNIX)
    try:
        held.settimeout(PATIENCE)
        held.connect(f"/proc/self/fd/{fd}/{name}")
        held.sendall(json.dumps(line).encode() + b"\n")
        with held.makefile("rb") as answers:
            return held, json.loads(answers.readline())
    except BaseException:
        held.close()
        raise
    finally:
        os.close(fd)


def modules(folder, script=None):
    """What can be imported from a folder: the paths of its files by name. The script is `__main__`, not one of them."""
    names = sorted({entry.split(".")[0] for entry in os.listdir(folder)})
    found, files = {}, 0
    for name in filter(str.isidentifier, names):
        paths = [path for path in files_of(folder, name) if os.path.realpath(path) != script]
        if paths and files < MOST_FILES:
            found[name] = paths
            files += len(paths)
    return found


def files_of(folder, name):
    """The files of one module or package of a folder, as Python would find it; none where there is no such module."""
    package = os.path.join(folder, name)
    if os.path.isfile(os.path.join(package, "__init__.py")):
        return sources(package)
    return [path for path in [package + ".py"] if os.path.isfile(path)]


def sources(package, depth=8):
    """The modules of a package, and of the packages in it."""
    entries = sorted(os.scandir(package), key=lambda entry: entry.name)
    paths = [entry.path for entry in entries if entry.name.endswith(".py")]
    for entry in entries:
        if depth and entry.is_dir() and os.path.isfile(os.path.join(entry.path, "__init__.py")):
            paths += sources(entry.path, depth - 1)
    return paths


def used(folder, names, script, module):
    """The names that the script imports, and that they import in turn, as far as their text shows it."""
    first = module.split(".")[0] if module else None
    found = {first} & set(names)
    left = [script] if script else [path for name in found for path in names[name]]
    while left:
        for name in (imported_by(left.pop()) & set(names)) - found:
            found.add(name)
            left += names[name]
    return found


def imported_by(path):
    """The first parts of the names that a file's import statements hold."""
    try:
        with open(path, "rb") as file:
            text = file.read() if path.endswith(".py") else b""
    except OSError:
        return set()
    found = set()
    for origin, several in IMPORTS.findall(text):
        found.update(part.strip().split(b".")[0].split(b" ")[0] for part in [origin, *several.split(b",")])
    return {name.decode(errors="replace") for name in found if name}


def stamp(folder, names):
    """Changes when one of a folder's modules does."""
    state = hashlib.sha256()
    for path in (path for name in sorted(names) for path in names[name]):
        try:
            found = os.stat(path)
            state.update(f"{os.path.relpath(path, folder)} {found.st_mtime_ns} {found.st_size}\n".encode())
        except OSError:
            pass  # gone meanwhile; the next job sees that
    return state.hexdigest()


def content(folder, name):
    """A name's modules as they are on the disk; None where there is no such module."""
    text, paths = hashlib.sha256(), files_of(folder, name)
    for path in paths:
        with open(path, "rb") as file:
            text.update(f"{os.path.relpath(path, folder)}\n".encode() + file.read())
    return text.hexdigest() if paths else None
