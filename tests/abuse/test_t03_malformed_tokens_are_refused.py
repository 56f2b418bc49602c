"""T03: an Authorization header that proves nothing is a refusal, never a step down to anonymous or to a session."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Team, Token, User
from accounts.tokens import hashed
from tests.factories.accounts import new_robot, token_of

HEADERS = [
    "Bearer nothing",
    "Bearer ",
    "Bearer",
    "bearer slip_",
    "Bearer slip_" + "x" * 500,
    "Basic YWRhOmFkYQ==",
    "Token slip_abc",
    "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZGEifQ.",
    "Bearer slip_ä",
    "Bearer slip_\x00",
    "Bearer slip_' OR 1=1 --",
    "null",
]


@pytest.mark.parametrize("header", HEADERS)
def test_t03_malformed_tokens_are_refused(web_client: Callable[[User], Client], admin: User, header: str) -> None:
    for caller in (Client(), web_client(admin)):
        answer = caller.get("/api/v1/me/", headers={"Authorization": header})
        assert answer.status_code == 401
        assert answer["WWW-Authenticate"].startswith("Bearer")


def test_t03_expired_and_revoked_tokens_are_refused(developer: User) -> None:
    expired = token_of(developer, expires_at=timezone.now() - timedelta(seconds=1))
    revoked = token_of(developer)
    Token.objects.filter(expires_at=None).update(revoked_at=timezone.now())
    for raw in (expired, revoked):
        assert Client().get("/api/v1/me/", headers={"Authorization": f"Bearer {raw}"}).status_code == 401


def test_t03_part_of_a_token_or_its_hash_is_no_token(developer: User) -> None:
    raw = token_of(developer)
    stored = Token.objects.get()
    for part in (raw[:-1], raw.upper(), raw + "x", stored.prefix, stored.hash, f"slip_{stored.hash}"):
        assert Client().get("/api/v1/me/", headers={"Authorization": f"Bearer {part}"}).status_code == 401
    assert Client().get("/api/v1/me/", headers={"Authorization": f"Bearer {raw}"}).status_code == 200


def test_t03_what_a_ci_system_signed_is_no_token_here_until_it_was_swapped(developer: User) -> None:
    signed = "eyJhbGciOiJSUzI1NiIsImtpZCI6Im9uZSJ9.eyJzdWIiOiJyZXBvOmFjbWUvY2hlY2tvdXQifQ.c2lnbmF0dXJl"
    for header in (f"Bearer {signed}", f"Bearer slip_{signed}"):
        assert Client().get("/api/v1/me/", headers={"Authorization": header}).status_code == 401


def test_t03_a_rotated_secret_is_refused_once_its_time_is_over(developer: User) -> None:
    raw = token_of(developer)
    token = Token.objects.get()
    for left, status in ((60, 200), (0, 401), (-60, 401)):
        until = timezone.now() + timedelta(seconds=left)
        Token.objects.filter(pk=token.pk).update(hash="new", old_hash=hashed(raw), old_until=until)
        answer = Client().get("/api/v1/me/", headers={"Authorization": f"Bearer {raw}"})
        assert answer.status_code == status, left


def test_t03_a_token_of_a_robot_ends_with_the_robot(payments: Team) -> None:
    robot = new_robot(payments)
    raw = token_of(robot)
    User.objects.filter(pk=robot.pk).update(is_active=False)
    assert Client().get("/api/v1/me/", headers={"Authorization": f"Bearer {raw}"}).status_code == 401
