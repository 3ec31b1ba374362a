allow(user: User, "read", repo: Repo) If user = repo.owner;
allow(user: User, "write", repo: Repo) if user = repo.owner AND repo.is_public;
allow(user: User, "list", repo: Repo) if NOT user in repo.banned;
Type allow(actor, action, resource);
