"""What a decision tells about an object that is not there."""

from __future__ import annotations

from flask_oso.observability.decision import MissingObject


class Post:
    """What is missing."""


def test_missing_object_has_its_key_and_nothing_else() -> None:
    """A receiver that looks into it fails no more than one that looks into a hidden one."""
    missing = MissingObject(Post, "7")

    assert (missing.id, missing.state, repr(missing)) == ("7", None, "<missing Post>")
    assert not hasattr(missing, "_private")
    assert isinstance(missing, Post)


def test_missing_object_has_the_name_of_its_class() -> None:
    """Logs are made of 'type(resource).__name__', also those that 'OSO_LOG_DESCRIBE' writes."""
    names = {type(MissingObject(Post, key)).__name__ for key in ("7", "8")}

    assert names == {"Post"}
    assert type(MissingObject(Post, "7")).__module__ == Post.__module__
