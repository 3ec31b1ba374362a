allow(_: User, "read", repo: Repo) if
  repo.open and not [repo] or repo.name;
