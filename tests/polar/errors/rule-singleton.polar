allow(actor, action, repo: Repo) if
  actor.name = name and
  "write" in actor.roles;

allow(_, "read", [first, *others]) if first.kind = "animal";
