allow(_: User, "read", _: Repo;
allow(user: User, "write", repo: Repo) if owns(user, repo;
allow(user: User, "list", repo: Repo if owns(user, repo);
allow(user: User, "fork", repo: Repo) if (owns(user, repo) or repo.is_public;
allow(_: User, "drop", _: Repo)) if true;
owns(_, _);
