allow(_: User, "read", _: Repo,);
allow(user: User, "write", repo: Repo) if owns(user, repo,);
allow(_: User, action, _: Repo) if action in [, "list"];
owns(user, repo) if user = repo.owner,;
owns(_, _);
