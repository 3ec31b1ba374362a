allow(_: User, "read", repo: Repo) if repo.is_public
allow(_: User, "write", _: Repo);

allow(user: User, "list", org: Org) if
  user in org.members and
  org.is_open
resource Repo {}

allow(_: User, "delete", _: Repo);
