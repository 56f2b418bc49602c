"""What can go wrong in the sandbox, each with what to do next."""


class SandboxError(Exception):
    """Something the person who started the sandbox must know.

    `what` failed, `why` it did (may be empty), and what to do `next`.
    """

    def __init__(self, what: str, *, why: str = "", next: str = "") -> None:
        self.what, self.why, self.next = what, why, next
        super().__init__(". ".join(part.rstrip(". ") for part in (what, why, next) if part) + ".")


class BuildFailed(SandboxError):
    """The programs could not be built."""


class StartFailed(SandboxError):
    """The cluster did not come up."""


class AlreadyRunning(SandboxError):
    """Another supervisor holds this home."""
