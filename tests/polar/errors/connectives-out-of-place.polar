allow(user: User, "read", repo: Repo) if
  and user = repo.owner
  and repo.is_public;
allow(user: User, "write", repo: Repo) if
  user = repo.owner or;
allow(user: User, "list", repo: Repo) if user = repo.owner and or repo.is_public;
allow(_: User, "fork", _: Repo) if;
allow(user: User, "push", repo: Repo) if if user = repo.owner;
allow(user: User, "pull", repo: Repo) if user = and repo.is_public;
