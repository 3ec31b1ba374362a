allow(user User, "read", repo: Repo) if repo.owner = user;
allow[user: User, "edit", repo: Repo] if repo.owner = user;
allow(user: User, "list", repo: Repo) if repo.owner = user allow(_: User, "join", _: Repo) if true;
resource Repo { permissions == ["read"]; }
