"""A team is told a week before a token of its robot ends, once for each end; and Home says it to who looks after it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Team, Token, User
from notifications.ending_tokens import warn_of_ending_tokens
from notifications.models import Notice
from tests.factories.accounts import new_robot, new_team, token_of
from tests.notifications.conftest import new_channel

pytestmark = pytest.mark.django_db


def ending(user: User, **left: float) -> Token:
    token_of(user, name="pipeline", expires_at=timezone.now() + timedelta(**left))
    return Token.objects.filter(user=user).latest("created_at")


def test_the_channels_of_the_team_are_told_once_for_each_end(payments: Team, valkey: object) -> None:
    new_channel(payments, url="http://127.0.0.1:9/x", events=["token.expire"])
    new_channel(new_team("others"), url="http://127.0.0.1:9/x", events=["token.expire"])
    token = ending(new_robot(payments), days=6)
    assert [warn_of_ending_tokens(), warn_of_ending_tokens()] == [1, 1]
    notice = Notice.objects.get()
    assert "pipeline" in notice.body["title"]
    assert notice.body["path"] == f"/settings/tokens/{token.pk}/"
    Token.objects.update(expires_at=timezone.now() + timedelta(days=5))
    warn_of_ending_tokens()
    assert Notice.objects.count() == 2


def test_what_lasts_ended_or_is_a_persons_is_not_told(payments: Team, developer: User, valkey: object) -> None:
    new_channel(payments, url="http://127.0.0.1:9/x", events=["token.expire"])
    robot = new_robot(payments)
    ending(robot, days=8)
    ending(robot, days=-1)
    ending(developer, days=1)
    revoked = ending(robot, days=1)
    Token.objects.filter(pk=revoked.pk).update(revoked_at=timezone.now())
    assert warn_of_ending_tokens() == 0


def test_home_says_it_to_owner_and_maintainers(
    web_client: Callable[[User], Client], payments: Team, developer: User, maintainer: User, stranger: User
) -> None:
    ending(new_robot(payments), days=2)
    own = ending(developer, days=3)
    assert f"/settings/tokens/{own.pk}/" in web_client(developer).get("/").content.decode()
    assert "ci@payments" not in web_client(developer).get("/").content.decode()
    assert "ci@payments" in web_client(maintainer).get("/").content.decode()
    assert "Tokens that end soon" not in web_client(stranger).get("/").content.decode()
