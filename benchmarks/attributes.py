"""W3: attributes. Owners, departments, clearances and the hour of the day decide."""

from __future__ import annotations

import typing as t

from .contenders import HAND, Question, Workload, polar_contenders
from .peers import casbin, cedar, entity
from .world import Document, User

POLICY = """
allow(user: User, "read", document: Document) if
  document.owner = user;

allow(user: User, "read", document: Document) if
  user.department = document.department and
  user.clearance >= document.classification;

allow(user: User, "edit", document: Document) if
  document.owner = user and
  user.hour >= 8 and
  user.hour < 18;
"""
_CEDAR = """
permit(principal, action == Action::"read", resource)
when { resource.owner == principal };

permit(principal, action == Action::"read", resource)
when {
  principal.department == resource.department &&
  principal.clearance >= resource.classification
};

permit(principal, action == Action::"edit", resource)
when { resource.owner == principal && principal.hour >= 8 && principal.hour < 18 };
"""
_CASBIN = (
    "r.act == p.act && (p.act == 'read' && (r.obj.owner == r.sub"
    " || r.sub.department == r.obj.department && r.sub.clearance >= r.obj.classification)"
    " || p.act == 'edit' && r.obj.owner == r.sub && r.sub.hour >= 8 && r.sub.hour < 18)"
)


def may(user: User, action: str, document: Document) -> bool:
    """Decide as the policy does, by hand."""
    if action == "read":
        return document.owner is user or (
            user.department == document.department and user.clearance >= document.classification
        )
    if action == "edit":
        return document.owner is user and 8 <= user.hour < 18
    return False


def attributes() -> Workload:
    """Ten checks; owners, colleagues, strangers, and an owner at night."""
    ana = User("ana", department="charts", clearance=3)
    ben = User("ben", department="charts", clearance=1)
    cyn = User("cyn", department="lamps", clearance=5, hour=22)
    reef = Document("reef", ana, "charts", 2)
    wick = Document("wick", cyn, "lamps", 4)
    questions: list[Question] = [
        (ana, "read", reef),
        (ana, "edit", reef),
        (ana, "read", wick),
        (ben, "read", reef),
        (ben, "edit", reef),
        (cyn, "read", wick),
        (cyn, "edit", wick),
        (cyn, "read", reef),
        (ben, "read", wick),
        (ana, "delete", reef),
    ]
    contenders = {
        HAND: may,
        **polar_contenders(POLICY, (User, Document)),
        **cedar(_CEDAR, questions, _entities),
        **casbin(_CASBIN, [("", "", "read"), ("", "", "edit")], by_name=False),
    }
    return Workload("W3", "attributes, 10 checks", 4, questions, contenders)


def _entities(user: User, action: str, document: Document) -> list[dict[str, t.Any]]:
    owner = {"__entity": {"type": "User", "id": document.owner.name}}
    of_user = {"department": user.department, "clearance": user.clearance, "hour": user.hour}
    of_document = {
        "owner": owner,
        "department": document.department,
        "classification": document.classification,
    }
    return [entity("User", user.name, of_user), entity("Document", document.name, of_document)]
