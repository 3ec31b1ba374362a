allow(user: User, "read", repo: Repo) if user = repo.owner else repo.is_public;
allow(user: User, "write", repo: Repo) if repo.is_public ? user = repo.owner : user.is_admin;
if user.is_admin allow(user, "list", _: Repo);
