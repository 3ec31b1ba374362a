allow(user: User, "read", repo: Repo) if user.name in ("ann", "bob") and repo.is_public;
allow(user: User, "list", repo: Repo) if user.name in ("ann",) and repo.is_public;
allow(user: User, "write", repo: Repo) if [user.name, repo.name] = ("ann", "tools");
allow(user: User, "fork", repo: Repo) if user.name in {"ann", "bob"} and repo.is_public;
allow(user: User, "push", repo: Repo) if user in {repo.owner, repo.parent.owner};
allow(user: User, "pull", repo: Repo) if (user = repo.owner, repo.is_public);
allow(user: User, "star", repo: Repo) if repo.find((1, 2)) = user;
