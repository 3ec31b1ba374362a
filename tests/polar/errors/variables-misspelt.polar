allow(user: User, "read", repo: Repo) if usr = repo.owner and user.is_admin;
allow(user: User, "write", repo: Repo) if repo.owner = user and repo.parent = nill;
allow(actor, action, repo: Repo) if repo.is_public and actor.is_admin;
