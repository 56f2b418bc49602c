"""The pod template that a release asks for: the one that runs, with other images, variables and resources."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from django.utils.translation import gettext as _

from deployments.engine.json import Json
from deployments.errors import ReleaseInvalid
from services.images import parse_image

CONFIG_FIELDS = ("env", "resources")


def changed_template(template: Json, images: Mapping[str, str], config: Mapping[str, Any]) -> Json:
    """A copy of the template with the images and the configuration of its containers changed.

    `config` is {container: {env: {NAME: value or null to remove}, resources: {...}}}. Raises ReleaseInvalid with every
    problem: a bad image reference, an unknown container, a value of the wrong kind.
    """
    errors = [*_image_errors(images), *_config_errors(config)]
    names = [container["name"] for container in _containers(template)]
    for name, pointer in [*((name, "/images") for name in images), *((name, "/config") for name in config)]:
        if name not in names:
            detail = _("There is no container “%(name)s”. The workload has: %(names)s.") % {
                "name": name[:80],
                "names": ", ".join(names) or "-",
            }
            errors.append({"pointer": f"{pointer}/{name[:80]}", "code": "unknown_container", "detail": detail})
    if errors:
        raise ReleaseInvalid(errors[0]["detail"], errors=errors)
    changed = deepcopy(template)
    for container in _containers(changed):
        name = container["name"]
        if name in images:
            container["image"] = images[name]
        if name in config:
            _configure(container, config[name])
    return changed


def _containers(template: Json) -> list[Json]:
    found: list[Json] = (template.get("spec") or {}).get("containers") or []
    return found


def _image_errors(images: Mapping[str, str]) -> list[dict[str, str]]:
    errors = []
    for name, image in images.items():
        try:
            parse_image(image)
        except ValueError as error:
            pointer = "/image" if len(images) == 1 else f"/images/{name[:80]}"
            errors.append({"pointer": pointer, "code": "invalid_image", "detail": str(error)})
    return errors


def _config_errors(config: Mapping[str, Any]) -> list[dict[str, str]]:
    errors = []
    for name, wish in config.items():
        pointer = f"/config/{str(name)[:80]}"
        if not isinstance(wish, Mapping) or set(wish) - set(CONFIG_FIELDS):
            detail = _("A container takes env and resources here.")
            errors.append({"pointer": pointer, "code": "unknown_field", "detail": detail})
            continue
        env = wish.get("env", {})
        if not isinstance(env, Mapping) or not all(value is None or isinstance(value, str) for value in env.values()):
            detail = _("env is an object of texts; null removes a variable.")
            errors.append({"pointer": f"{pointer}/env", "code": "invalid", "detail": detail})
        if not isinstance(wish.get("resources", {}), Mapping):
            detail = _("resources is an object with requests and limits.")
            errors.append({"pointer": f"{pointer}/resources", "code": "invalid", "detail": detail})
    return errors


def _configure(container: Json, wish: Mapping[str, Any]) -> None:
    if "resources" in wish:
        container["resources"] = deepcopy(dict(wish["resources"]))
    asked = dict(wish.get("env") or {})
    if not asked:
        return
    env = [
        {"name": one["name"], "value": asked.pop(one["name"])} if asked.get(one["name"]) is not None else one
        for one in container.get("env") or []
        if not (one["name"] in asked and asked[one["name"]] is None)
    ]
    container["env"] = [*env, *({"name": name, "value": value} for name, value in asked.items() if value is not None)]
