allow(actor, action, repo: Repo) if
  actor.name = name and
  "write" in actor.roles;

allow(_, "read", [first, *others]) if first.kind = "animal";

allow(usr: User, "edit", repo: Repo) if repo.owner = user;
allow(_user: User, "move", repo: Repo) if repo.owner = user;
