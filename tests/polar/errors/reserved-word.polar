allow(user: User, "read", repo: Repo) if
  user in repo.members and new in repo.members;
