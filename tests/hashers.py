"""The portal's own password hash with the least work, so that tests of signing in take no seconds."""

from django.contrib.auth.hashers import Argon2PasswordHasher


class QuickArgon2(Argon2PasswordHasher):
    """Argon2 with one pass over little memory."""

    time_cost = 1
    memory_cost = 64
    parallelism = 1
