"""Yesterday's backup is restored by the commands of docs/operations.md while releases run on the cluster."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

from tests.conftest import until
from tests.production.conftest import IMAGE, Field
from tests.production.site import Site


def back_up(site: Site, file: Path) -> None:
    with file.open("wb") as out:
        subprocess.run([*site.pg("pg_dump"), "--format=custom", "slipway"], stdout=out, check=True)


def restore(site: Site, file: Path) -> None:
    subprocess.run([*site.pg("dropdb"), "--force", "slipway"], check=True)
    subprocess.run([*site.pg("createdb"), "slipway"], check=True)
    with file.open("rb") as kept:
        subprocess.run(
            [*site.pg("pg_restore"), "--dbname=slipway", "--exit-on-error", "--no-owner"], stdin=kept, check=True
        )


def test_running_releases_are_found_again_and_nothing_of_yesterday_is_done(
    field: Callable[..., Field], tmp_path: Path
) -> None:
    here = field(1, "keeps", "ended", "later")
    person, site = here.person, here.site
    keeps, ended, later = (f"{name}-{here.namespace[-6:]}" for name in ("keeps", "ended", "later"))
    # Pods that never get ready keep a release running for as long as this test wants.
    runs_on = person.deploy(keeps, f"{IMAGE}:1.1-unready")
    ends = person.deploy(ended, f"{IMAGE}:1.1-unready")
    for release_id in (runs_on, ends):
        until(lambda id=release_id: person.release(id)["phase"] == "Progressing", seconds=60)  # type: ignore[misc]

    back_up(site, tmp_path / "slipway.dump")
    person.ask("POST", f"/releases/{ends}/abort/", {"reason": "not needed"})
    until(lambda: person.has_ended(ends), seconds=60)
    lost = person.deploy(ended, f"{IMAGE}:1.2")
    until(lambda: person.has_ended(lost), seconds=60)
    person.deploy(later, f"{IMAGE}:1.1-unready")
    until(lambda: here.claims(later), seconds=60)
    epoch = int(here.live(keeps)["metadata"]["labels"]["slipway.dev/epoch"])
    writes = here.writes(ended)

    site.stop_all()
    restore(site, tmp_path / "slipway.dump")
    site.manage("migrate", "--no-input", "--verbosity", "0")
    # The backup is a day old in life; here its signs of life are seconds old.
    site.sql("DELETE FROM durable_heartbeat", database="slipway")
    assert site.manage("after_restore") == "2"
    site.start_all(1)

    until(lambda: "restore.find" in [event["kind"] for event in person.events(runs_on)], seconds=60)
    assert int(here.live(keeps)["metadata"]["labels"]["slipway.dev/epoch"]) > epoch
    until(lambda: person.has_ended(ends), seconds=60)
    assert person.release(ends)["reason"] == "Conflict"
    assert (here.image(ended), here.claims(ended), here.writes(ended)) == ("1.2", [], writes)
    # The release that the backup does not know held this one: its claim goes, what it wrote stays for a person to see.
    until(lambda: not here.claims(later), seconds=120)
    assert here.image(later) == "1.1-unready"
    person.ask("POST", f"/releases/{runs_on}/abort/", {})
    until(lambda: person.has_ended(runs_on), seconds=60)
    assert (person.release(runs_on)["status"], here.image(keeps), here.claims(keeps)) == ("aborted", "1.0", [])
