"""What a password has to be, and how it is kept. The tests' own quick hasher is put aside here."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.hashers import check_password, identify_hasher, make_password

from accounts.commands.users import create_user
from accounts.models import User
from portal.settings import AUTH_PASSWORD_VALIDATORS, PASSWORD_HASHERS
from web.errors import Invalid


def test_it_is_kept_as_argon2id_with_at_least_what_owasp_asks_for(settings: Any) -> None:
    settings.PASSWORD_HASHERS = PASSWORD_HASHERS

    stored = make_password("correct horse battery")

    parts = identify_hasher(stored).decode(stored)
    assert parts["variety"] == "argon2id"
    assert (parts["memory_cost"], parts["time_cost"]) >= (19 * 1024, 2)
    assert check_password("correct horse battery", stored)
    assert not check_password("correct horse batterz", stored)


@pytest.mark.django_db
def test_no_mixture_of_signs_is_asked_for() -> None:
    create_user(None, "ana", "only small letters and blanks")

    assert {rule["NAME"].rpartition(".")[2] for rule in AUTH_PASSWORD_VALIDATORS} == {
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "UserAttributeSimilarityValidator",
    }


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("password", "said"),
    [
        ("elevenchars", "too short"),
        ("password1234", "too common"),
        ("anastasia.petrova", "too similar"),
    ],
)
def test_what_is_short_common_or_ones_own_name_is_refused(password: str, said: str) -> None:
    with pytest.raises(Invalid) as refused:
        create_user(None, "anastasia.petrova", password)

    assert said in str(refused.value.errors)
    assert not User.objects.exists()
