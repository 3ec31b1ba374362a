allow(user: User, "read", repo: Repo) user = repo.owner;
allow(user: User, "write", repo: Repo)
  user = repo.owner;
allow(user: User, "list", repo: Repo) not user in repo.banned;
