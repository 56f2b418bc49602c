"""What can go wrong with people and teams."""

from __future__ import annotations

from web.errors import Conflict


class NameTaken(Conflict):
    """Another one has this name already, in whatever case."""

    code = "name_taken"


class RoleInUse(Conflict):
    """People hold the role: the problem lists where."""

    code = "role_in_use"


class LastAdmin(Conflict):
    """Nobody would be left who can administer the portal."""

    code = "last_admin"


class AlreadyLinked(Conflict):
    """What a provider knows somebody as leads to one account, and this one leads to another already."""

    code = "already_linked"


class LastFactor(Conflict):
    """The portal wants a second factor, and nothing would be left of it."""

    code = "last_factor"


class NotSignedInHere(Conflict):
    """The person has no password of this portal, so that a second factor here would protect nothing."""

    code = "not_signed_in_here"


class LinkSpent(Conflict):
    """The link was used, or is too old."""

    code = "link_spent"
