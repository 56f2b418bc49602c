"""What the palette finds among clusters, and which live topics about them a person may follow."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from clusters.models import Cluster
from web.palette import Found, matches

if TYPE_CHECKING:
    from accounts.models import User

_MOST = 300


def find_clusters(user: User, words: str) -> Iterable[Found]:
    """Clusters whose name or title has the words; all of them for none."""
    for cluster in Cluster.objects.visible_to(user).order_by("name")[:_MOST]:
        if not words or matches(f"{cluster.name} {cluster.title}", words):
            yield Found(cluster.name, cluster.get_absolute_url(), "server", cluster.title or cluster.api_url)


def may_follow(user: User, topic: str) -> bool:
    """Whether a person may listen to `cluster:<name>`; the topic `clusters` is for everybody."""
    name = topic.partition(":")[2]
    return not name or Cluster.objects.visible_to(user).filter(name=name).exists()
