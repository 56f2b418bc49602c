"""A machine's own disk: a file that looks large and takes what is written to it, mounted as a file system of its own.

How full this computer's disk is is then no business of a machine: its kubelet would remove images and Pods, and the
checks before an install would find too little room.
"""

import os
import shutil
from pathlib import Path

from sandbox.hosts.commands import run

GIBIBYTES = 64


def lay_out(folder: Path, contents: Path, name: str) -> None:
    """Have the disk of a machine mounted at `folder`, with `contents` on it if it is new. Idempotent.

    Without loop devices, as in a container, it is a plain folder. Raises StartFailed.
    """
    image = folder.with_suffix(".img")
    if not image.exists() and not folder.exists():
        _make(image, folder, contents, name)
    elif image.exists() and not os.path.ismount(folder):
        _mount(image, folder, name)


def _make(image: Path, folder: Path, contents: Path, name: str) -> None:
    # Whatever is half made goes by another name, so that a run that was killed is started over.
    doing, partial = f"Making the disk of {name}", folder.with_name(f".{folder.name}")
    shutil.rmtree(partial, ignore_errors=True)
    run("cp", "--archive", contents, partial, doing=doing)
    if Path("/dev/loop-control").exists() and shutil.which("mkfs.ext4"):
        file = image.with_name(f".{image.name}")
        file.unlink(missing_ok=True)
        with file.open("wb") as empty:
            empty.truncate(GIBIBYTES << 30)
        # No journal: a machine's power is cut by ending its processes, and the kernel keeps what they had written.
        words = ("mkfs.ext4", "-q", "-F", "-m", "0", "-O", "^has_journal", "-E", "lazy_itable_init=1,nodiscard")
        run(*words, "-d", partial, file, doing=doing)
        shutil.rmtree(partial)
        file.rename(image)
        _mount(image, folder, name)
    else:
        partial.rename(folder)


def _mount(image: Path, folder: Path, name: str) -> None:
    folder.mkdir(exist_ok=True)
    run("mount", "-o", "loop,discard", image, folder, doing=f"Mounting the disk of {name}")
