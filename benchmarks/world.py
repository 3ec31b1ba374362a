"""The classes that all workloads are about. Objects are equal only to themselves."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(eq=False)
class Organization:
    name: str


@dataclass(eq=False)
class Repository:
    name: str
    organization: Organization


@dataclass(eq=False)
class Role:
    name: str
    resource: Organization | Repository


@dataclass(eq=False)
class User:
    name: str
    roles: list[Role] = field(default_factory=list)
    department: str = ""
    clearance: int = 0
    #: The hour of the request.
    hour: int = 12


@dataclass(eq=False)
class Document:
    name: str
    owner: User
    department: str
    classification: int


@dataclass(eq=False)
class Grant:
    user: User
    role: str


@dataclass(eq=False)
class Folder:
    name: str
    parent: Folder | None = None
    grants: list[Grant] = field(default_factory=list)
